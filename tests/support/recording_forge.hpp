// A forge in memory, with plain fields: tests set what it can do and says, and look at what was
// written. Every call is counted; one that is to fail is named in `failing`. All handlers' tests
// run on it, so it shows that they need nothing of a particular forge.
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "handlers/forges/forge.hpp"

namespace slipway {

class RecordingForge : public Forge {
  public:
    // --- what it can do, and says
    ForgeConfig configuration;
    std::map<int, PullRequest> pulls;
    std::map<std::string, Comment> comments;  // by id
    std::vector<ForgeReview> given_reviews;
    std::map<std::string, Permission> permissions;              // by login
    std::map<std::string, std::set<std::string>> team_members;  // logins by team
    std::map<std::string, std::vector<int>> pulls_by_commit, pulls_by_head;
    std::string branch = "main";
    Event event = PullRequestChanged{};  // what any delivery means
    GitRemote remote;
    ForgeTraits can;
    std::string failing;          // the method that throws Failure(later), once
    int calls_until_failing = 0;  // after so many good ones
    bool fails_for_good = false;  // it is a Failure(never)
    std::chrono::milliseconds rest_waits{0};

    // --- what was asked and written
    std::vector<std::string> calls;       // names of methods, in order
    std::map<std::string, Check> checks;  // by the id that it was given
    std::vector<std::pair<std::string, Check>> check_writes;
    std::map<std::string, std::string> own_comments;  // by id, sticky ones
    std::vector<std::string> comment_writes;
    std::vector<std::pair<std::string, std::string>> added_comments;  // key, body
    std::vector<std::string> acknowledged;
    std::vector<std::pair<std::string, Deployment>> deployments;  // known id, what was to be shown

    const Check* check(const std::string& name) const {
        const Check* out = nullptr;
        for (const auto& [id, one] : checks)
            if (one.name == name) out = &one;
        return out;
    }
    int count(std::string_view method) const {
        return static_cast<int>(std::count(calls.begin(), calls.end(), method));
    }

    const ForgeConfig& config() const override { return configuration; }
    ForgeTraits traits() const override { return can; }
    // Genuine is what names its delivery and is signed "genuine".
    std::variant<Delivery, RefusedWebhook> verify(const Headers& headers,
                                                  std::string body) override {
        const auto id = headers.find("delivery"), signature = headers.find("signature");
        if (id == headers.end()) return RefusedWebhook{400, "the delivery has no name"};
        if (signature == headers.end() || signature->second != "genuine")
            return RefusedWebhook{401, "the signature does not fit"};
        return Delivery{configuration.name, id->second, "any", std::move(body), 0};
    }
    EventOrIgnored parse(const Delivery&) const override { return event; }
    Task<std::optional<PullRequest>> pull_request(PullRequestName name) override {
        called("pull_request");
        co_return pulls.contains(name.number) ? std::optional(pulls[name.number]) : std::nullopt;
    }
    Task<std::optional<Comment>> comment(PullRequestName, std::string id) override {
        called("comment");
        co_return comments.contains(id) ? std::optional(comments[id]) : std::nullopt;
    }
    Task<std::vector<ForgeReview>> reviews(PullRequestName) override {
        called("reviews");
        co_return given_reviews;
    }
    Task<Permission> permission(RepositoryName, Actor who) override {
        called("permission");
        co_return permissions[who.login];
    }
    Task<bool> is_team_member(std::string team, Actor who) override {
        called("is_team_member");
        co_return team_members[team].contains(who.login);
    }
    Task<std::vector<int>> pulls_of_commit(RepositoryName, CommitSha commit, std::string) override {
        called("pulls_of_commit");
        co_return pulls_by_commit[commit.value];
    }
    Task<std::vector<int>> pulls_with_head(RepositoryName, CommitSha head) override {
        called("pulls_with_head");
        co_return pulls_by_head[head.value];
    }
    Task<std::string> default_branch(RepositoryName) override {
        called("default_branch");
        co_return branch;
    }
    Task<GitRemote> git_remote(RepositoryName) override {
        called("git_remote");
        co_return remote;
    }
    std::string ref_of_pull(int number) const override {
        return "refs/pull/" + std::to_string(number) + "/head";
    }

    Task<std::string> put_check(RepositoryName, std::string known_id, Check check) override {
        called("put_check");
        auto id = known_id.empty() ? "check-" + std::to_string(++ids_) : known_id;
        check_writes.emplace_back(id, check);
        checks[id] = std::move(check);
        co_return id;
    }
    Task<std::string> put_deployment(RepositoryName, std::string known_id,
                                     Deployment deployment) override {
        called("put_deployment");
        deployments.emplace_back(known_id, std::move(deployment));
        co_return known_id.empty() ? "deployment-" + std::to_string(++ids_) : known_id;
    }
    Task<std::string> put_comment(PullRequestName, std::string known_id, std::string marker,
                                  std::string body) override {
        called("put_comment");
        auto id = known_id;
        if (!own_comments.contains(id)) {  // somebody deleted it, or there was none
            id = "comment-" + std::to_string(++ids_);
            for (const auto& [own, text] : own_comments)
                if (text.starts_with(marker)) id = own;
        }
        comment_writes.push_back(body);
        own_comments[id] = std::move(body);
        co_return id;
    }
    Task<std::string> add_comment(PullRequestName, std::string key, std::string body) override {
        called("add_comment");
        for (const auto& [known, text] : added_comments)
            if (known == key) co_return known;
        added_comments.emplace_back(key, std::move(body));
        co_return key;
    }
    Task<void> acknowledge(PullRequestName, std::string comment_id) override {
        called("acknowledge");
        co_return acknowledged.push_back(std::move(comment_id));
    }
    Task<std::chrono::milliseconds> wait_for_rest(RepositoryName, WriteKind) override {
        co_return rest_waits;
    }

  private:
    void called(const char* method) {
        calls.emplace_back(method);
        if (failing != method || calls_until_failing-- > 0) return;
        failing.clear();
        throw Failure("the forge is away", fails_for_good ? Retry::never : Retry::later);
    }
    int ids_ = 0;
};

}  // namespace slipway
