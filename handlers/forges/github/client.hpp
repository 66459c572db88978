// GitHub behind the front door of handlers/forges. Reads are always afresh; writes find what an
// earlier, interrupted write left behind instead of writing it twice.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "handlers/forges/github/answers.hpp"
#include "handlers/forges/github/api.hpp"
#include "handlers/forges/github/check_text.hpp"
#include "handlers/forges/github/dialect.hpp"
#include "handlers/forges/rest/comments.hpp"
#include "service/base/signature.hpp"

namespace slipway::github {

class GithubForge final : public rest::CommentingForge {
  public:
    // `steady` is never set back; `clock` shows the time of day.
    GithubForge(ForgeConfig config, HttpClient& http, const Clock& clock, const Clock& steady,
                rest::Spacing spacing);

    const ForgeConfig& config() const override { return config_; }
    ForgeTraits traits() const override;
    std::variant<Delivery, RefusedWebhook> verify(const Headers& headers,
                                                  std::string body) override;
    EventOrIgnored parse(const Delivery& delivery) const override;

    Task<std::optional<PullRequest>> pull_request(PullRequestName name) override;
    Task<std::optional<Comment>> comment(PullRequestName pull, std::string id) override;
    Task<std::vector<ForgeReview>> reviews(PullRequestName pull) override;
    Task<Permission> permission(RepositoryName repository, Actor who) override;
    Task<bool> is_team_member(std::string team, Actor who) override;
    Task<std::vector<int>> pulls_of_commit(RepositoryName repository, CommitSha commit,
                                           std::string branch) override;
    Task<std::vector<PullRequest>> open_pulls(RepositoryName repository) override;
    Task<std::string> repository_id(RepositoryName repository) override;
    std::string repository_id_in(const Delivery& delivery) const override;
    void is_called_now(const RepositoryName& known, const std::string& path) override;
    Task<std::vector<int>> pulls_with_head(RepositoryName repository, CommitSha head) override;
    Task<std::string> default_branch(RepositoryName repository) override;
    Task<GitRemote> git_remote(RepositoryName repository) override;
    std::string ref_of_pull(int number) const override;

    Task<std::string> put_check(RepositoryName repository, std::string known_id,
                                Check check) override;
    Task<void> acknowledge(PullRequestName pull, std::string comment_id) override;
    Task<std::string> put_deployment(RepositoryName repository, std::string known_id,
                                     Deployment deployment) override;
    Task<std::vector<SetupFinding>> set_up(SetupRequest setup) override;
    Task<std::chrono::milliseconds> wait_for_rest(RepositoryName repository,
                                                  WriteKind kind) override;

  private:
    Task<std::vector<SetupFinding>> look_at_app(SetupRequest setup);
    Task<SetupFinding> set_up_webhook(SetupRequest setup);
    Task<SetupFinding> look_at_rules(SetupRequest setup);

    // What stands at a commit, remembered for the seconds in which one report writes many checks.
    struct Listing {
        std::int64_t at_ms = 0;
        Json::Array runs;
    };
    Task<CheckId> find_check(RepositoryName repository, Check check);
    Task<std::string> find_deployment(RepositoryName repository, Deployment deployment);
    Task<std::string> put_status(RepositoryName repository, std::string known_id, Check check);
    Task<std::optional<std::string>> find_comment(PullRequestName pull,
                                                  std::string beginning) override;
    Task<std::string> create_comment(PullRequestName pull, std::string body) override;
    Task<bool> edit_comment(PullRequestName pull, std::string id, std::string body) override;
    Task<Json::Array> pulls_at(RepositoryName repository, CommitSha commit);
    Task<Own> own();

    const GithubConfig& settings() const { return std::get<GithubConfig>(config_.own); }

    ForgeConfig config_;
    const Clock& clock_;
    const Clock& steady_;
    std::optional<SignatureCheck> signatures_;
    Api api_;
    std::map<std::string, std::string> present_paths_;  // of renamed repositories
    std::map<std::string, Listing> listings_;           // "acme/infra@sha"
    rest::CommentMemory comments_;
};

}  // namespace slipway::github
