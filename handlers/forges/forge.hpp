// What Slipway asks of a forge. One adapter a folder; no code outside it knows which forge it is,
// only what it can do (ForgeTraits).
//
// Reading is always afresh. Calls throw Failure with the forge's own hint (Retry-After, rate
// limit), or Failure(never) where asking again cannot help; "not there" is nullopt.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "service/base/clock.hpp"
#include "service/base/config.hpp"
#include "service/base/json.hpp"
#include "service/base/task.hpp"
#include "service/git/mirror.hpp"
#include "service/model/check.hpp"
#include "service/model/decision.hpp"
#include "service/model/deployment.hpp"
#include "service/model/event.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/setup.hpp"

namespace slipway {

struct Annotation {
    std::string path;
    int line = 1;
    bool failure = true;  // else a warning
    std::string title;
    std::string message;
    static void fields(auto& self, auto&& f) {
        f("path", self.path);
        f("line", self.line);
        f("failure", self.failure);
        f("title", self.title);
        f("message", self.message);
    }
};

// Texts are within the forge's TextLimits.
struct Check {
    std::string name;  // "slipway", "slipway/payments-prod"
    CommitSha commit;
    std::string external_id;  // run id; "" for the summary
    CheckStatus status = CheckStatus::waiting;
    Conclusion conclusion = Conclusion::passed;  // where done
    std::string title;                           // one line
    std::string summary;                         // markdown
    std::string text;                            // markdown
    std::string details_url;
    std::int64_t started_at_ms = 0;
    std::int64_t completed_at_ms = 0;
    std::vector<Annotation> annotations;

    static void fields(auto& self, auto&& f) {
        f("name", self.name);
        f("commit", self.commit);
        f("external_id", self.external_id);
        f("status", self.status);
        f("conclusion", self.conclusion);
        f("title", self.title);
        f("summary", self.summary);
        f("text", self.text);
        f("details_url", self.details_url);
        f("started_at_ms", self.started_at_ms);
        f("completed_at_ms", self.completed_at_ms);
        f("annotations", self.annotations);
    }
};

enum class WriteKind { creates, edits };

// What one forge can do and another cannot. Code outside the adapters asks for these, never for the
// kind of forge.
struct ForgeTraits {
    // False: checks are written as commit statuses, which have a title but no text.
    bool has_checks = true;
    // A webhook tells that a review was dismissed. Where none does, reviews are read again now and
    // then for what is shown; an apply begins on a fresh reading in any case.
    bool tells_dismissals = true;
    // Only those who may write its folder reach it; each may speak as anybody, and the owner of the
    // folder is the administrator of the service (rule S6).
    bool is_owners_folder = false;
    // It keeps deployments, and its configuration wants ours there.
    bool records_deployments = false;
    TextLimits limits;
};

struct RefusedWebhook {
    int status = 401;     // 400 missing headers, 401 signature, 415 content type
    std::string message;  // one sentence
};

// The head of a request as an adapter sees it: names in lower case.
using Headers = std::map<std::string, std::string, std::less<>>;

class Forge {
  public:
    virtual ~Forge() = default;
    virtual const ForgeConfig& config() const = 0;
    virtual ForgeTraits traits() const = 0;

    // --- webhooks. Pure and quick. verify() looks at the raw body first (rule W1).
    virtual std::variant<Delivery, RefusedWebhook> verify(const Headers& headers,
                                                          std::string body) = 0;
    virtual EventOrIgnored parse(const Delivery& delivery) const = 0;

    // --- reads
    virtual Task<std::optional<PullRequest>> pull_request(PullRequestName name) = 0;
    virtual Task<std::optional<Comment>> comment(PullRequestName pull, std::string id) = 0;
    virtual Task<std::vector<ForgeReview>> reviews(PullRequestName pull) = 0;  // oldest first
    virtual Task<Permission> permission(RepositoryName repository, Actor who) = 0;
    // "acme/dba" on GitHub; false where unknown.
    virtual Task<bool> is_team_member(std::string team, Actor who) = 0;
    // Merged pull requests onto `branch` that brought this commit (rule W5); open ones are left
    // out.
    virtual Task<std::vector<int>> pulls_of_commit(RepositoryName repository, CommitSha commit,
                                                   std::string branch) = 0;
    // As they are listed: what a listing leaves out is empty.
    virtual Task<std::vector<PullRequest>> open_pulls(RepositoryName) {
        co_return std::vector<PullRequest>();
    }
    // The forge's own id of the repository, which outlives its name; "": it has none.
    virtual Task<std::string> repository_id(RepositoryName) { co_return ""; }
    // Likewise, of the repository that the delivery is about.
    virtual std::string repository_id_in(const Delivery&) const { return ""; }
    // The repository that we know under this name has this path now: git, which follows no
    // redirect with our credential, is sent there.
    virtual void is_called_now(const RepositoryName&, const std::string& /*path*/) {}
    // Where the checks of this commit are shown is to be looked up again.
    virtual void forget_places(const RepositoryName&, const CommitSha&) {}
    // Numbers of open pull requests whose head is this commit.
    virtual Task<std::vector<int>> pulls_with_head(RepositoryName repository, CommitSha head) = 0;
    virtual Task<std::string> default_branch(RepositoryName repository) = 0;
    // To fetch with: a token minted for reading this repository (rule R5). `ref_of_pull`: where the
    // head of a pull request can be fetched from, e.g. refs/pull/7/head.
    virtual Task<GitRemote> git_remote(RepositoryName repository) = 0;
    virtual std::string ref_of_pull(int number) const = 0;

    // --- writes. Idempotent across restarts: `known_id` is what an earlier call returned ("" =
    // none, then the adapter looks for an own check of that name, commit and external id / an own
    // comment that begins with the marker before making one). The returned id is stored.
    virtual Task<std::string> put_check(RepositoryName repository, std::string known_id,
                                        Check check) = 0;
    virtual Task<std::string> put_comment(PullRequestName pull, std::string known_id,
                                          std::string marker, std::string body) = 0;
    // A new comment of its own, once per `key` (kept as a hidden line): replies to commands,
    // mentions.
    virtual Task<std::string> add_comment(PullRequestName pull, std::string key,
                                          std::string body) = 0;
    virtual Task<void> acknowledge(PullRequestName pull, std::string comment_id) = 0;  // the eyes
    // Made, or its state written anew; asked only where the traits say so. As with checks: returned
    // is the id that the next call passes as `known_id`.
    virtual Task<std::string> put_deployment(RepositoryName, std::string known_id, Deployment) {
        co_return known_id;
    }
    // --- setting up: what is found, and with `change` made, of each part that the forge has.
    virtual Task<std::vector<SetupFinding>> set_up(SetupRequest) {
        co_return std::vector<SetupFinding>();
    }
    // How long what nobody waits for should wait before it is written, so that something is left of
    // the forge's limits for what decides; zero: it may be written now.
    virtual Task<std::chrono::milliseconds> wait_for_rest(RepositoryName, WriteKind) {
        co_return std::chrono::milliseconds(0);
    }
};

using Forges = std::map<std::string, std::unique_ptr<Forge>>;  // by instance name

class HttpClient;
std::unique_ptr<Forge> make_github_forge(ForgeConfig config, HttpClient& http, const Clock& clock);
std::unique_ptr<Forge> make_gitea_forge(ForgeConfig config, HttpClient& http, const Clock& clock);
std::unique_ptr<Forge> make_gitlab_forge(ForgeConfig config, HttpClient& http, const Clock& clock);
// `listen_url`: where its hooks send webhooks to, e.g. http://127.0.0.1:8080.
std::unique_ptr<Forge> make_builtin_forge(ForgeConfig config, Pool& pool, const Clock& clock);
// The working copy of `slipway preview`: one pull request, number 1, whose writes are kept in
// memory.
struct WorkingCopy;
std::unique_ptr<Forge> make_working_copy_forge(std::shared_ptr<WorkingCopy> copy);

struct WorkingCopy {
    ForgeConfig config;          // its name is the first part of the repository's
    std::filesystem::path path;  // a bare repository whose objects hold both commits
    PullRequest pull;
    std::map<std::string, Check> checks;  // what was written, by name
    std::string comment;
    std::function<void(const Check&)> on_check;
};

}  // namespace slipway
