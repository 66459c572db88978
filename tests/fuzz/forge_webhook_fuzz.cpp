// What anybody may send in the name of Gitea, Forgejo or GitLab: the first line is the event, the
// rest the body. Whatever becomes an event names a repository and a pull request that are fit for
// URLs; everything else has a reason.
#include <algorithm>

#include "handlers/forges/gitea/webhook.hpp"
#include "handlers/forges/gitlab/webhook.hpp"
#include "handlers/forges/gitlab/webhook_head.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;

namespace {

bool is_fit(const RepositoryName& name) { return gitlab::is_project_path(name.path); }

struct Fit {
    void operator()(const PullRequestChanged& e) { pull(e.pull); }
    void operator()(const CommentCreated& e) { pull(e.pull); }
    void operator()(const ReviewChanged& e) { pull(e.pull); }
    void operator()(const BranchPushed& e) {
        must(is_fit(e.repository), "a repository's path is fit for a URL");
        must(!e.branch.empty(), "a branch has a name");
        must(e.before.empty() || rest::is_commit(e.before.value), "a commit is forty digits");
        must(e.after.empty() || rest::is_commit(e.after.value), "a commit is forty digits");
    }
    void operator()(const RepositoryRenamed& e) {
        must(is_fit(e.from) && is_fit(e.to), "a repository's path is fit for a URL");
    }
    void operator()(const CheckRerequested&) { must(false, "there are no checks"); }
    void operator()(const ChecksLost& e) {
        must(is_fit(e.repository), "a repository's path is fit for a URL");
        must(rest::is_commit(e.head.value), "a commit is forty digits");
    }
    void operator()(const InstallationChanged&) { must(false, "there are no installations"); }
    void operator()(const MergeGroupRequested&) { must(false, "there are no merge groups"); }

    void pull(const PullRequestName& name) {
        must(is_fit(name.repository), "a repository's path is fit for a URL");
        must(name.number > 0, "a pull request has a number");
    }
};

void judge(const EventOrIgnored& parsed) {
    if (const auto* ignored = std::get_if<Ignored>(&parsed))
        must(!ignored->reason.empty(), "there is a reason");
    else
        std::visit(Fit{}, std::get<Event>(parsed));
}

}  // namespace

void fuzz_one(std::string_view bytes) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const Delivery delivery{"forge.test", "1", std::string(bytes.substr(0, end)),
                            std::string(bytes.substr(std::min(end + 1, bytes.size()))), 0};
    judge(gitea::parse_payload(delivery));
    judge(gitlab::parse_payload(delivery, "slipway"));
}
