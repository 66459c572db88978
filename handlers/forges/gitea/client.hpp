// Gitea and Forgejo behind the front door of handlers/forges: one adapter, for their APIs are one.
// Reads are always afresh; writes find what an earlier, interrupted write left behind instead of
// writing it twice.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "handlers/forges/rest/client.hpp"
#include "handlers/forges/rest/comments.hpp"
#include "service/base/signature.hpp"

namespace slipway::gitea {

// Everything with one token. It belongs to an administrator of the repositories or an owner of
// their organisation, for nobody else is told what another user may do.
class Api final : public rest::Client {
  public:
    Api(std::string forge, const GiteaConfig& config, HttpClient& http, rest::Clocks clocks,
        rest::Spacing spacing);
    Task<std::string> own_login();

  private:
    Task<std::string> account(std::string subject) override;
    Task<Secret> authorization(std::string account) override;
    bool renews(const Secret& authorization) override;

    Secret authorization_;
    std::string own_login_;
};

class GiteaForge final : public rest::CommentingForge {
  public:
    GiteaForge(ForgeConfig config, HttpClient& http, const Clock& clock, const Clock& steady,
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
    Task<std::vector<SetupFinding>> set_up(SetupRequest setup) override;

  private:
    const GiteaConfig& settings() const { return std::get<GiteaConfig>(config_.own); }
    Task<SetupFinding> set_up_webhook(SetupRequest setup);
    Task<std::vector<SetupFinding>> look_at_protection(SetupRequest setup, std::string branch);
    Task<std::optional<std::string>> find_comment(PullRequestName pull,
                                                  std::string beginning) override;
    Task<std::string> create_comment(PullRequestName pull, std::string body) override;
    Task<bool> edit_comment(PullRequestName pull, std::string id, std::string body) override;

    ForgeConfig config_;
    const Clock& clock_;
    SignatureCheck signatures_;
    Api api_;
    std::map<std::string, std::string> present_paths_;  // of renamed repositories
};

}  // namespace slipway::gitea
