// A forge with pull requests, reviews, comments and checks, that people change and that tells of it
// by webhooks. Each call of the service is a step; it may be refused or time out before it is done,
// or after. What Slipway writes is kept as a forge keeps it.
#pragma once
#include <deque>
#include <map>

#include "handlers/forges/forge.hpp"
#include "tests/support/simulation/schedule.hpp"

namespace slipway::simulation {

class HostedForge final : public Forge {
  public:
    struct HostedPull {
        PullRequest pull;
        std::vector<ForgeReview> reviews;  // oldest first
        std::string comment;               // the one that is kept up to date
        std::vector<CommitSha> heads;      // all that it had
    };
    struct WrittenCheck {
        std::string id;
        Check check;
    };

    HostedForge(Schedule& schedule, std::string name) : schedule_(schedule) {
        config_.name = std::move(name);
    }

    GitRemote remote;
    std::map<int, HostedPull> pulls;
    std::map<std::string, Comment> comments;  // people's, by id
    std::map<std::string, Permission> permissions;
    std::vector<WrittenCheck> checks;            // in the order in which they were made
    std::map<std::string, std::string> replies;  // by key
    std::deque<Event> told;                      // webhooks; their number is their body
    std::vector<int> undelivered;
    int calls = 0;  // of the service, whatever became of them
    std::function<void(const std::string&)> on_trouble;

    void tell(Event event) {
        told.push_back(std::move(event));
        undelivered.push_back(static_cast<int>(told.size()) - 1);
    }
    // The newest of this name, as a branch protection reads it.
    const Check* check(const std::string& name, const CommitSha& commit) const {
        const Check* out = nullptr;
        for (const auto& one : checks)
            if (one.check.name == name && one.check.commit == commit) out = &one.check;
        return out;
    }

    const ForgeConfig& config() const override { return config_; }
    ForgeTraits traits() const override { return {}; }
    std::variant<Delivery, RefusedWebhook> verify(const Headers&, std::string) override {
        return RefusedWebhook{};
    }
    EventOrIgnored parse(const Delivery& delivery) const override {
        return told.at(static_cast<std::size_t>(std::stoi(delivery.body)));
    }

    Task<std::optional<PullRequest>> pull_request(PullRequestName name) override {
        co_await before("pull request");
        const auto at = pulls.find(name.number);
        co_return at == pulls.end() ? std::nullopt : std::optional(at->second.pull);
    }
    Task<std::optional<Comment>> comment(PullRequestName, std::string id) override {
        co_await before("comment");
        const auto at = comments.find(id);
        co_return at == comments.end() ? std::nullopt : std::optional(at->second);
    }
    Task<std::vector<ForgeReview>> reviews(PullRequestName name) override {
        co_await before("reviews");
        co_return pulls.at(name.number).reviews;
    }
    Task<Permission> permission(RepositoryName, Actor who) override {
        co_await before("permission of " + who.login);
        co_return permissions[who.login];
    }
    Task<bool> is_team_member(std::string, Actor) override { co_return false; }
    Task<std::vector<int>> pulls_of_commit(RepositoryName, CommitSha commit, std::string) override {
        co_await before("pulls of commit");
        std::vector<int> out;
        for (const auto& [number, one] : pulls)
            if (one.pull.state == PullState::merged &&
                (one.pull.merge_commit == commit || one.pull.head == commit))
                out.push_back(number);
        co_return out;
    }
    Task<std::vector<PullRequest>> open_pulls(RepositoryName) override {
        co_await before("open pulls");
        std::vector<PullRequest> out;
        for (const auto& [number, one] : pulls)
            if (one.pull.state == PullState::open) out.push_back(one.pull);
        co_return out;
    }
    Task<std::vector<int>> pulls_with_head(RepositoryName, CommitSha head) override {
        co_await before("pulls with head");
        std::vector<int> out;
        for (const auto& [number, one] : pulls)
            if (one.pull.state == PullState::open && one.pull.head == head) out.push_back(number);
        co_return out;
    }
    Task<std::string> default_branch(RepositoryName) override { co_return "main"; }
    Task<GitRemote> git_remote(RepositoryName) override {
        co_await before("remote");
        co_return remote;
    }
    std::string ref_of_pull(int number) const override {
        return "refs/pull/" + std::to_string(number) + "/head";
    }

    Task<std::string> put_check(RepositoryName, std::string known_id, Check check) override {
        co_await before("check " + check.name + " " + std::string(word(check.status)) + ": " +
                        check.title);
        auto at = std::find_if(checks.begin(), checks.end(), [&](const WrittenCheck& one) {
            return known_id.empty()
                       ? one.check.name == check.name && one.check.commit == check.commit &&
                             one.check.external_id == check.external_id
                       : one.id == known_id;
        });
        if (at == checks.end())
            at = checks.insert(checks.end(), {"check-" + std::to_string(++ids_), {}});
        if (at->check.commit != check.commit && !at->check.commit.empty() && on_trouble)
            on_trouble("a check of one commit was written over by that of another");
        at->check = std::move(check);
        auto id = at->id;
        after();
        co_return id;
    }
    Task<std::string> put_comment(PullRequestName name, std::string, std::string,
                                  std::string body) override {
        co_await before("the comment of " + std::to_string(name.number));
        pulls.at(name.number).comment = std::move(body);
        after();
        co_return "comment-of-" + std::to_string(name.number);
    }
    Task<std::string> add_comment(PullRequestName, std::string key, std::string body) override {
        co_await before("reply " + key);
        replies.try_emplace(key, std::move(body));
        after();
        co_return key;
    }
    Task<void> acknowledge(PullRequestName, std::string) override {
        co_await before("acknowledge");
    }

  private:
    Task<void> before(std::string what) {
        co_await schedule_.step(std::move(what));
        ++calls;
        if (!schedule_.fault_in(70)) co_return;
        static const char* const refusals[] = {"403", "502", "it did not answer in time"};
        fail(refusals[schedule_.below(3)]);
    }
    void after() {
        if (schedule_.fault_in(60)) fail("it did not answer in time, but did it");
    }
    [[noreturn]] void fail(const char* why) {
        schedule_.note(std::string("  the forge: ") + why);
        throw Failure(std::string("the forge: ") + why);
    }

    Schedule& schedule_;
    ForgeConfig config_;
    int ids_ = 0;
};

}  // namespace slipway::simulation
