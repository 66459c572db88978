// What we remember of a pull request: pull/<repository>/<number>.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/model/check.hpp"
#include "service/model/config_finding.hpp"
#include "service/model/decision.hpp"
#include "service/model/deployment.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/run.hpp"

namespace slipway {

// An approval given by a command, kept by us; those given as forge reviews are read afresh.
struct KeptReview {
    Actor author;
    bool approves = true;
    std::string stack;        // "": all concerned stacks at that time
    std::string plan_digest;  // what it was given for
    CommitSha commit;
    std::string comment_id;  // "": through the API
    std::string note;
    Role granted = Role::none;  // see Request
    std::int64_t at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("author", self.author);
        f("granted", self.granted);
        f("approves", self.approves);
        f("stack", self.stack);
        f("plan_digest", self.plan_digest);
        f("commit", self.commit);
        f("comment_id", self.comment_id);
        f("note", self.note);
        f("at_ms", self.at_ms);
    }
};

// Who asked for something in a comment and was told that it takes another role: once is enough.
struct ToldNo {
    Actor actor;
    Role needed = Role::none;
    SpaceId space;

    bool operator==(const ToldNo&) const = default;
    static void fields(auto& self, auto&& f) {
        f("actor", self.actor);
        f("needed", self.needed);
        f("space", self.space);
    }
};
inline constexpr std::size_t told_no_limit = 50;  // of one pull request; after that each is told

// The directory of a stack is gone from what would be planned, or its description is.
struct GoneDirectory {
    std::string directory;
    bool there = false;      // it still exists: only the description is gone
    int resources = -1;      // that its state or last plan shows; -1: not known
    std::string looks_like;  // a directory that git takes for the renamed one; "": none
    bool described = true;   // false: the stack's description is gone
    OnDelete on_delete = OnDelete::forbid;

    static void fields(auto& self, auto&& f) {
        f("directory", self.directory);
        f("there", self.there);
        f("resources", self.resources);
        f("looks_like", self.looks_like);
        f("described", self.described);
        f("on_delete", self.on_delete);
    }
};

// One stack that the pull request concerns, at its present head.
struct PullStack {
    Stack settings;
    PushDecision push;
    RunId proposed;      // "": none, not_planned says why
    RunId tracked;       // after the merge, or before it where its apply was asked for then
    RunId before_merge;  // after the merge: the one of before it
    Reason not_planned;
    bool is_new = false;
    bool outdated = false;  // its settings or policies are others now: it is planned again soon
    std::optional<GoneDirectory> gone;
    std::string
        renamed_from;  // planned at settings.directory, which git takes for this one renamed
    ApprovalDecision approval;

    static void fields(auto& self, auto&& f) {
        f("settings", self.settings);
        f("push", self.push);
        f("proposed", self.proposed);
        f("tracked", self.tracked);
        f("before_merge", self.before_merge);
        f("not_planned", self.not_planned);
        f("is_new", self.is_new);
        f("outdated", self.outdated);
        f("gone", self.gone);
        f("renamed_from", self.renamed_from);
        f("approval", self.approval);
    }
};

struct PullRecord {
    PullRequest pull;                 // as last read
    std::int64_t read_at_ms = 0;      // when
    CommitSha base;                   // the base commit that was merged with
    bool discovering_stacks = false;  // seen, but which stacks it concerns is still being found out
    std::vector<PullStack> stacks;    // concerned ones; while looking those of an earlier head
    std::vector<std::string> conflicts;
    std::vector<ConfigFinding> configuration;
    int attempt = 1;  // rises with a new head, `plan`, a re-requested check …
    std::vector<KeptReview> kept_reviews;
    // Everybody's newest review, read once for each look; a review that is given or dismissed has
    // them read again. For what is shown: an apply begins only on a fresh reading.
    bool reviews_read = false;
    std::vector<ForgeReview> reviews;
    std::vector<std::string> allowed_providers;  // sources that an administrator allowed here
    CommitSha allowed_commit;                    // of a fork: the one commit that somebody let run
    std::vector<ToldNo> told_no;

    static void fields(auto& self, auto&& f) {
        f("pull", self.pull);
        f("read_at_ms", self.read_at_ms);
        f("base", self.base);
        f("discovering_stacks", self.discovering_stacks);
        f("stacks", self.stacks);
        f("conflicts", self.conflicts);
        f("configuration", self.configuration);
        f("attempt", self.attempt);
        f("kept_reviews", self.kept_reviews);
        f("reviews_read", self.reviews_read);
        f("reviews", self.reviews);
        f("allowed_providers", self.allowed_providers);
        f("allowed_commit", self.allowed_commit);
        f("told_no", self.told_no);
    }
};

// The summary check as it was last written: what a merge waits for.
struct PostedSummary {
    CommitSha commit;
    CheckStatus status = CheckStatus::waiting;
    Conclusion conclusion = Conclusion::passed;  // where it is done
    std::string title;

    static void fields(auto& self, auto&& f) {
        f("commit", self.commit);
        f("status", self.status);
        f("conclusion", self.conclusion);
        f("title", self.title);
    }
};

// What the report has written, kept apart because only the report job writes it:
// posted/<repository>/<number>.
struct PostedRecord {
    std::map<std::string, std::string> check_ids;  // check name + "@" + commit -> the forge's id
    std::map<std::string, std::string>
        check_digests;  // likewise -> digest of what stands there: no second write
    std::optional<PostedSummary> summary;
    std::string comment_id;
    std::string comment_digest;
    CommitSha posted_head;    // whose plans the comment shows
    CommitSha previous_head;  // and the one before
    // stack -> change addresses, of the plans shown for the two heads
    std::map<std::string, std::vector<std::string>> posted_addresses;
    std::map<std::string, std::vector<std::string>> previous_addresses;
    std::map<std::string, std::int64_t>
        posted_at_ms;       // plan digest -> when it was first shown (rule W3)
    std::string mentioned;  // what a mention was last made for, so that it is made once
    std::map<std::string, PostedDeployment> deployments;  // by the run that is shown of a stack
    // How much was asked of the forge for one round of plans (a head and an attempt), and when
    // last: progress is shown as often as that leaves room for.
    std::string round;
    int calls = 0;
    int progress_shown = 0;
    std::int64_t written_at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("check_ids", self.check_ids);
        f("check_digests", self.check_digests);
        f("summary", self.summary);
        f("comment_id", self.comment_id);
        f("comment_digest", self.comment_digest);
        f("posted_head", self.posted_head);
        f("previous_head", self.previous_head);
        f("posted_addresses", self.posted_addresses);
        f("previous_addresses", self.previous_addresses);
        f("posted_at_ms", self.posted_at_ms);
        f("mentioned", self.mentioned);
        f("deployments", self.deployments);
        f("round", self.round);
        f("calls", self.calls);
        f("progress_shown", self.progress_shown);
        f("written_at_ms", self.written_at_ms);
    }
};

}  // namespace slipway
