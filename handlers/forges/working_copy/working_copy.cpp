// The forge of `slipway preview`: a working copy posed as one open pull request. Reads answer from
// it, writes are kept for printing; there is nobody to review, comment or merge.
#include "handlers/forges/forge.hpp"

namespace slipway {

namespace {

class WorkingCopyForge : public Forge {
  public:
    explicit WorkingCopyForge(std::shared_ptr<WorkingCopy> copy) : copy_(std::move(copy)) {}

    const ForgeConfig& config() const override { return copy_->config; }
    ForgeTraits traits() const override {
        ForgeTraits out;
        out.is_owners_folder = true;
        return out;
    }
    std::variant<Delivery, RefusedWebhook> verify(const Headers&, std::string) override {
        return RefusedWebhook{404, "a working copy receives no webhooks"};
    }
    EventOrIgnored parse(const Delivery&) const override {
        PullRequestChanged opened;
        opened.pull = copy_->pull.name;
        opened.sender = copy_->pull.author;
        return Event(opened);
    }
    Task<std::optional<PullRequest>> pull_request(PullRequestName) override {
        co_return copy_->pull;
    }
    Task<std::optional<Comment>> comment(PullRequestName, std::string) override {
        co_return std::nullopt;
    }
    Task<std::vector<ForgeReview>> reviews(PullRequestName) override {
        co_return std::vector<ForgeReview>();
    }
    Task<Permission> permission(RepositoryName, Actor) override { co_return Permission::none; }
    Task<bool> is_team_member(std::string, Actor) override { co_return false; }
    Task<std::vector<int>> pulls_of_commit(RepositoryName, CommitSha, std::string) override {
        co_return std::vector<int>();
    }
    Task<std::vector<int>> pulls_with_head(RepositoryName, CommitSha) override {
        co_return std::vector<int>();
    }
    Task<std::string> default_branch(RepositoryName) override { co_return copy_->pull.base_branch; }
    Task<GitRemote> git_remote(RepositoryName) override {
        GitRemote remote;
        remote.url = copy_->path.string();
        remote.local = true;
        co_return remote;
    }
    std::string ref_of_pull(int number) const override {
        return "refs/pull/" + std::to_string(number) + "/head";
    }
    Task<std::string> put_check(RepositoryName, std::string, Check check) override {
        const auto name = check.name;
        if (copy_->on_check) copy_->on_check(check);
        copy_->checks[name] = std::move(check);
        co_return name;
    }
    Task<std::string> put_comment(PullRequestName, std::string, std::string,
                                  std::string body) override {
        copy_->comment = std::move(body);
        co_return "1";
    }
    Task<std::string> add_comment(PullRequestName, std::string, std::string) override {
        co_return "2";
    }
    Task<void> acknowledge(PullRequestName, std::string) override { co_return; }

  private:
    std::shared_ptr<WorkingCopy> copy_;
};

}  // namespace

std::unique_ptr<Forge> make_working_copy_forge(std::shared_ptr<WorkingCopy> copy) {
    return std::make_unique<WorkingCopyForge>(std::move(copy));
}

}  // namespace slipway
