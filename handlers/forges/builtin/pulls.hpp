// Pull requests kept in the repository itself, so that the forge needs no other store and survives
// a clone.
//
//   refs/pull/<n>/head    the head commit
//   refs/pull/<n>/meta    a branch of documents:
//     pull.json             title, author, state, base branch, topic, labels, merge commit
//     comments/<id>.json    author, body, ours, edited, key, reactions, created_at_ms
//     reviews/<id>.json     a ForgeReview
//     checks/<name>@<commit>.json   a Check; "/" in names is written "%2F"
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handlers/forges/forge.hpp"
#include "service/git/written.hpp"

namespace slipway {

struct BuiltinPull {
    int number = 0;
    std::string title, topic;
    Actor author;
    PullState state = PullState::open;
    bool draft = false;
    std::string base_branch;
    CommitSha head, merge_commit;
    std::vector<std::string> labels;
    std::int64_t created_at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("number", self.number);
        f("title", self.title);
        f("topic", self.topic);
        f("author", self.author);
        f("state", self.state);
        f("draft", self.draft);
        f("base_branch", self.base_branch);
        f("head", self.head);
        f("merge_commit", self.merge_commit);
        f("labels", self.labels);
        f("created_at_ms", self.created_at_ms);
    }
};

struct BuiltinComment {
    std::string id;
    Actor author;
    bool ours = false, edited = false;
    std::string key;  // of a comment written once
    std::string body;
    std::vector<std::string> reactions;
    std::int64_t created_at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("id", self.id);
        f("author", self.author);
        f("ours", self.ours);
        f("edited", self.edited);
        f("key", self.key);
        f("body", self.body);
        f("reactions", self.reactions);
        f("created_at_ms", self.created_at_ms);
    }
};

// Everything of one pull request; lists are oldest first.
struct BuiltinPullDocuments {
    BuiltinPull pull;
    std::vector<BuiltinComment> comments;
    std::vector<ForgeReview> reviews;
    std::vector<Check> checks;
};

enum class MergeMethod { merge, squash };

// One bare repository of the folder. Blocking. Every write is one commit on the pull request's meta
// ref.
class BuiltinPulls {
  public:
    explicit BuiltinPulls(std::filesystem::path repository);

    std::vector<int> numbers() const;  // rising
    std::optional<BuiltinPull> find(int number) const;
    std::optional<BuiltinPullDocuments> read(int number) const;
    // Opens the pull request of that topic, or moves the open one's head.
    struct Opened {
        BuiltinPull pull;
        bool is_new = false;
    };
    Opened open(const std::string& base_branch, const std::string& topic, const CommitSha& head,
                const std::string& title, const Actor& author, std::int64_t now_ms);
    BuiltinPull edit(int number, const std::function<void(BuiltinPull&)>& change,
                     const Signature& who);
    BuiltinComment comment(int number, BuiltinComment comment);  // gives it an id where it has none
    ForgeReview review(int number, ForgeReview review);
    void put_check(int number, const Check& check, std::int64_t now_ms);
    // Into the base branch. Error: conflicts, or it moved on.
    Result<CommitSha> merge(int number, MergeMethod method, const Actor& who, std::int64_t now_ms);
    // Open pull requests onto `branch` whose head it now holds are merged.
    std::vector<BuiltinPull> note_merged(const std::string& branch, const CommitSha& tip,
                                         const Actor& who, std::int64_t now_ms);
    WrittenRepository& git() { return *git_; }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
    std::unique_ptr<WrittenRepository> git_;
};

}  // namespace slipway
