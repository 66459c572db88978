// A person's request, wherever it came from: a comment, the command line, the page. One shape and
// one matrix of rights (rule W2). The payload of a command job; the answer is kept under
// answer/<job id>.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "service/model/pull_request.hpp"
#include "service/model/stack.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class Verb {
    plan,
    apply,
    approve,
    reject,
    cancel,
    retry,
    resolve,
    allow,
    lock,
    unlock,
    explain,
    help,
    drift,  // these two by a call alone
    destroy
};
BOOST_DESCRIBE_ENUM(Verb, plan, apply, approve, reject, cancel, retry, resolve, allow, lock, unlock,
                    explain, help, drift, destroy)

// Whether the verb is one of comments, too.
constexpr bool is_for_comments(Verb verb) { return verb != Verb::drift && verb != Verb::destroy; }

struct CommandTarget {
    std::string pattern;  // name, a self-described stack's key, or glob; "label:x"; "space:path"
    std::string plan;     // digest prefix after @; "": none
    // Atlantis's way to name stacks, where there is no pattern: both hold, and neither is a
    // pattern.
    std::string directory = {};
    std::string workspace = {};
    bool operator==(const CommandTarget&) const = default;
    static void fields(auto& self, auto&& f) {
        f("pattern", self.pattern);
        f("plan", self.plan);
        f("directory", self.directory);
        f("workspace", self.workspace);
    }
};

bool target_matches(const CommandTarget& target, const Stack& stack);
// Whether the target is this very stack's name, and no pattern that means it among others.
bool names(const CommandTarget& target, const Stack& stack);

// How an apply ended whose end nobody saw.
enum class Resolution { applied, failed };
BOOST_DESCRIBE_ENUM(Resolution, applied, failed)

struct Request {
    Verb verb = Verb::help;
    Actor actor;
    Role granted = Role::none;  // by a token, or by the local socket (rule S2); else the forge and
                                // the space say
    std::optional<PullRequestName> pull;   // of a comment
    std::optional<RunId> run;              // of a call that names one run
    std::vector<CommandTarget> targets;    // none: all concerned
    std::optional<Resolution> resolution;  // of `resolve`
    std::vector<std::string> providers;    // of `allow`: their sources, or
    std::string commit;                    // a fork's commit, by its first digits
    bool only_failed = false;              // of `retry`
    std::int64_t lock_ms = 0;              // of `lock`: for how long; 0: as long as usual
    bool or_cancel = false;                // of `unlock`: drops plans where nothing is locked
    std::string confirm;                   // of `destroy`: the stack's name once more
    std::string note;
    std::string comment_id;  // to answer; "": a call
    std::int64_t given_at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("verb", self.verb);
        f("actor", self.actor);
        f("granted", self.granted);
        f("pull", self.pull);
        f("run", self.run);
        f("targets", self.targets);
        f("resolution", self.resolution);
        f("providers", self.providers);
        f("commit", self.commit);
        f("only_failed", self.only_failed);
        f("lock_ms", self.lock_ms);
        f("or_cancel", self.or_cancel);
        f("confirm", self.confirm);
        f("note", self.note);
        f("comment_id", self.comment_id);
        f("given_at_ms", self.given_at_ms);
    }
};

struct Answer {
    enum class Kind { done, refused, impossible };
    BOOST_DESCRIBE_NESTED_ENUM(Kind, done, refused, impossible)
    Kind kind = Kind::done;
    std::string text;    // Markdown, written as it is: see wording/answers.hpp
    bool counts = true;  // false: it is kept and changes nothing yet; the text says why
    RunId run;           // that was made for it; "": none
    static void fields(auto& self, auto&& f) {
        f("kind", self.kind);
        f("text", self.text);
        f("counts", self.counts);
        f("run", self.run);
    }
};

// The payload of a look job: new runs for these stacks of the pull request, or for all; or tracked
// runs that are asked for again.
struct LookRequest {
    PullRequestName pull;  // of a retry: number 0 where there is none
    std::vector<StackId> targets;
    bool stale = false;          // nobody asked: the stacks have moved on since they were planned
    std::vector<RunId> retried;  // upstreams first; of one repository and branch
    RunId asked;                 // a run that a person asked for, to begin at its branch's tip
    Actor actor;                 // who asked for it again
    std::string comment_id;      // to answer; "": a call
    static void fields(auto& self, auto&& f) {
        f("pull", self.pull);
        f("targets", self.targets);
        f("stale", self.stale);
        f("retried", self.retried);
        f("asked", self.asked);
        f("actor", self.actor);
        f("comment_id", self.comment_id);
    }
};

// The payload of a pass job: a merge queue's own commit.
struct MergeGroupCommit {
    RepositoryName repository;
    CommitSha head;
    static void fields(auto& self, auto&& f) {
        f("repository", self.repository);
        f("head", self.head);
    }
};

// The payload of a reply job: a comment of its own, or just the eyes on one.
struct CommentReply {
    PullRequestName pull;
    std::string comment_id;
    std::string text;                // without any of the two: acknowledge only
    std::vector<StackId> explained;  // whose decisions are shown
    static void fields(auto& self, auto&& f) {
        f("pull", self.pull);
        f("comment_id", self.comment_id);
        f("text", self.text);
        f("explained", self.explained);
    }
};

}  // namespace slipway
