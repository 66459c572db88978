// What anybody may send in GitHub's name: the first line is the event, the rest the body. Whatever
// becomes an event names a repository and commits that are fit for URLs and git; everything else
// has a reason.
#include "handlers/forges/github/webhook.hpp"
#include "handlers/forges/github/webhook_head.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;
using namespace slipway::github;

namespace {

struct Fit {
    void repository(const RepositoryName& name) {
        must(rest::is_repository_path(name.path), "a repository's path is fit for a URL");
    }
    void commit(const CommitSha& sha) {
        must(sha.empty() || rest::is_commit(sha.value), "a commit is forty digits");
    }
    void pull(const PullRequestName& name) {
        repository(name.repository);
        must(name.number > 0, "a pull request has a number");
    }
    void branch(const std::string& name) { must(!name.empty(), "a branch has a name"); }

    void operator()(const PullRequestChanged& e) { pull(e.pull); }
    void operator()(const CommentCreated& e) {
        pull(e.pull);
        must(e.comment_id.find_first_not_of("0123456789") == e.comment_id.npos, "an id is digits");
    }
    void operator()(const ReviewChanged& e) { pull(e.pull); }
    void operator()(const BranchPushed& e) {
        repository(e.repository);
        branch(e.branch);
        commit(e.before);
        commit(e.after);
        must(!e.before.empty() || !e.after.empty(), "a push names a commit");
    }
    void operator()(const CheckRerequested& e) {
        repository(e.repository);
        must(rest::is_commit(e.head.value), "a check stands at a commit");
    }
    void operator()(const ChecksLost&) { must(false, "there are no pipelines"); }
    void operator()(const InstallationChanged& e) {
        must(!e.installation_id.empty(), "an installation has an id");
    }
    void operator()(const RepositoryRenamed& e) {
        repository(e.from);
        repository(e.to);
    }
    void operator()(const MergeGroupRequested& e) {
        repository(e.repository);
        branch(e.base_branch);
        must(rest::is_commit(e.head.value) && rest::is_commit(e.base.value), "a group has commits");
    }
};

}  // namespace

void fuzz_one(std::string_view bytes) {
    const auto end = bytes.find('\n');
    Delivery delivery;
    delivery.forge = "github.com";
    delivery.event = std::string(bytes.substr(0, end));
    delivery.body = end == bytes.npos ? std::string() : std::string(bytes.substr(end + 1));
    if (auto payload = rest::form_field(delivery.body, "payload"))
        must(payload->size() <= delivery.body.size(), "decoding does not lengthen");
    auto parsed = parse_payload(delivery, "4711");
    if (const auto* event = std::get_if<Event>(&parsed))
        std::visit(Fit{}, *event);
    else
        must(!std::get<Ignored>(parsed).reason.empty(), "what is ignored has a reason");
}
