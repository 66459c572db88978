// A pull request as read from its forge, and what people said on it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/model/id.hpp"
#include "service/model/repository.hpp"
#include "service/model/user.hpp"
#include "service/model/words.hpp"

namespace slipway {

struct PullRequestName {
    RepositoryName repository;
    int number = 0;

    auto operator<=>(const PullRequestName&) const = default;
    std::string text() const { return repository.text() + "#" + std::to_string(number); }
    static std::optional<PullRequestName> parse(std::string_view text) {
        const auto hash = text.rfind('#');
        if (hash == text.npos) return std::nullopt;
        auto repository = RepositoryName::parse(text.substr(0, hash));
        const std::string number(text.substr(hash + 1));
        if (!repository || number.empty() || number.size() > 9 ||
            number.find_first_not_of("0123456789") != number.npos)
            return std::nullopt;
        return PullRequestName{std::move(*repository), std::stoi(number)};
    }
    static void fields(auto& self, auto&& f) {
        f("repository", self.repository);
        f("number", self.number);
    }
};

enum class PullState { open, closed, merged };
BOOST_DESCRIBE_ENUM(PullState, open, closed, merged)

struct PullRequest {
    PullRequestName name;
    std::string title;
    Actor author;
    PullState state = PullState::open;
    bool draft = false;
    bool fork = false;  // the head lies in another repository, or that repository is gone
    std::string head_branch;
    CommitSha head;
    std::int64_t head_pushed_at_ms = 0;  // when it became the head; 0: the forge does not say
    std::string base_branch;
    CommitSha base;          // tip of the base branch as the forge last said; git decides
    CommitSha merge_commit;  // set once merged; a squash or the tip of rebased commits, too
    std::vector<std::string> labels;
    std::string url;
    std::string
        default_branch;  // of its repository, as of this reading alone: not kept. "": not said

    static void fields(auto& self, auto&& f) {
        f("name", self.name);
        f("title", self.title);
        f("author", self.author);
        f("state", self.state);
        f("draft", self.draft);
        f("fork", self.fork);
        f("head_branch", self.head_branch);
        f("head", self.head);
        f("head_pushed_at_ms", self.head_pushed_at_ms);
        f("base_branch", self.base_branch);
        f("base", self.base);
        f("merge_commit", self.merge_commit);
        f("labels", self.labels);
        f("url", self.url);
    }
};

enum class ReviewState { approved, changes_requested, commented, dismissed };
BOOST_DESCRIBE_ENUM(ReviewState, approved, changes_requested, commented, dismissed)

// A review as the forge holds it: bound to the commit it looked at (rule W3), which not every forge
// tells.
struct ForgeReview {
    std::string id;
    Actor author;
    ReviewState state = ReviewState::commented;
    std::optional<CommitSha> commit;
    std::int64_t submitted_at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("id", self.id);
        f("author", self.author);
        f("state", self.state);
        f("commit", self.commit);
        f("submitted_at_ms", self.submitted_at_ms);
    }
};

// Whether the review holds for `head` (rule W3). Where its commit is not told, an approval holds
// only if it was given after that head was pushed, and not at all where that is not known either; a
// refusal holds until it is taken back.
inline bool is_of(const ForgeReview& review, const CommitSha& head, const PullRequest& pull) {
    if (review.commit) return *review.commit == head;
    if (review.state == ReviewState::changes_requested) return true;
    return pull.head == head && pull.head_pushed_at_ms > 0 &&
           review.submitted_at_ms > pull.head_pushed_at_ms;
}

struct Comment {
    std::string id;
    PullRequestName pull;
    Actor author;
    bool ours = false;    // written by the credentials we write with
    bool edited = false;  // updated after it was created (rule W2)
    std::string body;
    std::int64_t created_at_ms = 0;
};

}  // namespace slipway
