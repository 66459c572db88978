// GitLab behind the front door of handlers/forges. Projects are called by their number, which
// survives a new name: GitLab forwards reads of an old path and refuses writes. Reads are always
// afresh; writes find what an earlier, interrupted write left behind instead of writing it twice.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "handlers/forges/gitlab/access.hpp"
#include "handlers/forges/gitlab/dialect.hpp"
#include "handlers/forges/gitlab/status.hpp"
#include "handlers/forges/gitlab/webhook_head.hpp"
#include "handlers/forges/rest/comments.hpp"

namespace slipway::gitlab {

struct Project {
    std::string id;
    std::string path;  // as it is called now
    std::string default_branch;
};

class GitlabForge final : public rest::CommentingForge {
  public:
    // `steady` is never set back; `clock` shows the time of day.
    GitlabForge(ForgeConfig config, HttpClient& http, const Clock& clock, const Clock& steady,
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
    // "acme/dba": a group. Its own members count, not those whom it inherits: of a group that lies
    // in the company's everybody would be a member.
    Task<bool> is_team_member(std::string team, Actor who) override;
    Task<std::vector<int>> pulls_of_commit(RepositoryName repository, CommitSha commit,
                                           std::string branch) override;
    Task<std::vector<PullRequest>> open_pulls(RepositoryName repository) override;
    Task<std::string> repository_id(RepositoryName repository) override;
    std::string repository_id_in(const Delivery& delivery) const override;
    void forget_places(const RepositoryName& repository, const CommitSha& commit) override;
    Task<std::vector<int>> pulls_with_head(RepositoryName repository, CommitSha head) override;
    Task<std::string> default_branch(RepositoryName repository) override;
    Task<GitRemote> git_remote(RepositoryName repository) override;
    std::string ref_of_pull(int number) const override;

    Task<std::string> put_check(RepositoryName repository, std::string known_id,
                                Check check) override;
    Task<void> acknowledge(PullRequestName pull, std::string comment_id) override;
    Task<std::vector<SetupFinding>> set_up(SetupRequest setup) override;
    Task<std::chrono::milliseconds> wait_for_rest(RepositoryName repository,
                                                  WriteKind kind) override;

  private:
    Task<SetupFinding> set_up_webhook(SetupRequest setup, std::string project_id);
    template <class T>
    struct Kept {
        T value;
        std::int64_t at_ms = 0;
    };
    enum class Look { kept, again };
    // Of the project that is called so now, or was until it moved. nullopt: there is none.
    Task<std::optional<Project>> find_project(std::string path, Look look);
    Task<Project> project(std::string path);
    // The merge request's answer; null: there is none. Reads the project again where the answer
    // shows that another one has its name now.
    Task<Json> merge_request(PullRequestName name);
    // {id}; "": nobody is called so. Whoever uses it checks that the answer is about that name.
    Task<std::string> user_id(std::string login);
    Task<Json> member(std::string members_path, Actor who);
    Task<Json::Array> pulls_at(std::string project_id, CommitSha commit);
    Task<std::string> notes_path(PullRequestName pull);

    Task<std::vector<StatusPlace>> places_of(std::string project_id, CommitSha commit);
    // Where it went: the pipeline's id.
    Task<std::string> put_status(std::string project_id, CommitSha commit, Json status,
                                 StatusPlace place);
    Task<std::optional<std::string>> find_comment(PullRequestName pull,
                                                  std::string beginning) override;
    Task<std::string> create_comment(PullRequestName pull, std::string body) override;
    Task<bool> edit_comment(PullRequestName pull, std::string id, std::string body) override;

    const GitlabConfig& settings() const { return std::get<GitlabConfig>(config_.own); }

    ForgeConfig config_;
    const Clock& clock_;
    const Clock& steady_;
    Locks locks_;
    Api api_;
    Api notes_;  // what creates notes, which GitLab counts for itself
    std::map<std::string, Kept<Project>> projects_;   // by path
    std::map<std::string, Kept<std::string>> users_;  // username -> id
    // Where the statuses of a commit go ("project id@sha"), for the seconds in which one report
    // writes many.
    std::map<std::string, Kept<std::vector<StatusPlace>>> places_;
    rest::CommentMemory comments_;
};

}  // namespace slipway::gitlab
