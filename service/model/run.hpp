// A run: one execution for a stack. next() is its whole life as one pure function.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/model/apply_progress.hpp"
#include "service/model/decision.hpp"
#include "service/model/id.hpp"
#include "service/model/plan.hpp"
#include "service/model/plan_cost.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/reason.hpp"
#include "service/model/run_input.hpp"
#include "service/model/stack_outputs.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class RunKind {
    proposed,
    tracked,
    drift,  // compares the state with what is there, and applies nothing
};
BOOST_DESCRIBE_ENUM(RunKind, proposed, tracked, drift)

// Whether runs of this kind take turns in the lane of their stack.
constexpr bool takes_turns(RunKind kind) { return kind != RunKind::proposed; }

enum class RunState {
    queued,       // waits for its lane or a consumer
    preparing,    // the source is being materialised
    planning,     // a worker has it, or will in a moment
    unconfirmed,  // planned; waits for approvals or a confirmation. Tracked runs only
    confirmed,    // may apply; waits for a worker, which has everything looked at again before it
                  // begins
    applying,     // begun: from here only finished, failed or unknown
    finished,
    failed,
    canceled,   // before it began, or superseded
    discarded,  // while it waited
    stopped,    // while it planned
    skipped,    // an upstream did not finish
    unknown,    // an apply whose end nobody saw; holds its lane until somebody says
};
BOOST_DESCRIBE_ENUM(RunState, queued, preparing, planning, unconfirmed, confirmed, applying,
                    finished, failed, canceled, discarded, stopped, skipped, unknown)

enum class RunEvent {
    picked_up,          // a consumer took it
    handed_over,        // its specification is ready for a worker
    planned_no_change,  // nothing to do
    planned,            // a plan with changes (or a proposed run's plan of any kind)
    denied,             // a plan policy denies, or could not be evaluated
    failed,             // the tool or the preparation failed
    confirmed,          // may apply now
    reconsidered,       // looked at again before its start, it may not apply after all
    begun,              // the tool is about to start its apply
    applied,
    lost,              // the lease of an apply ran out
    resolved_applied,  // a person or the reconciler found out
    resolved_failed,
    canceled,  // somebody, or a newer run
    unneeded,  // it was only there for an upstream, which changed nothing that it reads
    upstream_broken,
    created,  // how every history begins; nothing that happens to a run that is there
};
BOOST_DESCRIBE_ENUM(RunEvent, picked_up, handed_over, planned_no_change, planned, denied, failed,
                    confirmed, reconsidered, begun, applied, lost, resolved_applied,
                    resolved_failed, canceled, unneeded, upstream_broken, created)

bool is_terminal(RunState);

// The state after `event`, or nullopt where the event has no meaning in that state: the caller
// refuses.
std::optional<RunState> next(RunKind, RunState, RunEvent);

// What policies and people had said when a run moved on.
struct ChangeVote {
    std::optional<Verdict> verdict;        // of the plan policies
    std::optional<Approval> approval;      // of the approval policies
    std::vector<std::string> approved_by;  // logins that counted, the first few
    std::vector<std::string> rejected_by;  // likewise
    BlobId input = {};                     // what the policies were asked; see decision.hpp

    bool operator==(const ChangeVote&) const = default;
    static void fields(auto& self, auto&& f) {
        f("verdict", self.verdict);
        f("approval", self.approval);
        f("approved_by", self.approved_by);
        f("rejected_by", self.rejected_by);
        f("input", self.input);
    }
};
ChangeVote vote_of(const ApprovalDecision& decision);

struct StateChange {
    RunState state = RunState::queued;
    std::int64_t at_ms = 0;
    std::string by;  // actor, worker or "slipway"
    std::string note;
    std::optional<RunEvent> event = {};  // nullopt: kept before events were
    std::optional<ChangeVote> vote = {};

    static void fields(auto& self, auto&& f) {
        f("state", self.state);
        f("at_ms", self.at_ms);
        f("by", self.by);
        f("note", self.note);
        f("event", self.event);
        f("vote", self.vote);
    }
};

// A history keeps its first change and the newest ones: a run may be confirmed and sent back any
// number of times.
inline constexpr std::size_t history_limit = 100;
inline constexpr std::size_t change_note_limit = 1'000;  // bytes

// What was asked for. It is decided when the run is made and stays as it is.
struct RunRequest {
    StackId stack;
    RunKind kind = RunKind::proposed;
    RepositoryName repository;
    std::optional<int> pull;  // the pull request it belongs to, or (tracked) came from
    CommitSha head;  // proposed: the pull request's head; tracked: the commit on the branch
    CommitSha base;  // proposed: the base it was merged with; tracked: the commit before
    TreeId tree;     // what is planned: the merge result's, or the commit's tree
    // Plans to destroy all that the stack manages: its directory is gone (planned from the base),
    // or a person asked for it (asked).
    bool destroy = false;
    bool asked = false;  // a person asked for it: no push and no pull request
    int attempt = 1;
    Actor triggered_by;
    Stack settings;  // as they were when the run was made
    PushDecision push;
    std::vector<RunId> waits_for;   // upstream runs of the same push or pull request
    std::vector<RunId> dependents;  // and those that wait for this one
    // The proposed run whose approvals may carry over (rule W5): of a tracked run the pull
    // request's, of a proposed one that was planned again by itself the one before.
    RunId approved_run;
    bool only_for_upstream = false;  // tracked: nothing of its own changed
    bool before_merge = false;       // tracked: of the pull request's merge result, asked for on it
    RunId retry_of;                  // the run that this one was asked for again
    std::string renamed_from;  // the directory that the settings still name in place of this one

    static void fields(auto& self, auto&& f) {
        f("stack", self.stack);
        f("kind", self.kind);
        f("repository", self.repository);
        f("pull", self.pull);
        f("head", self.head);
        f("base", self.base);
        f("tree", self.tree);
        f("destroy", self.destroy);
        f("asked", self.asked);
        f("attempt", self.attempt);
        f("triggered_by", self.triggered_by);
        f("settings", self.settings);
        f("push", self.push);
        f("waits_for", self.waits_for);
        f("dependents", self.dependents);
        f("approved_run", self.approved_run);
        f("only_for_upstream", self.only_for_upstream);
        f("before_merge", self.before_merge);
        f("retry_of", self.retry_of);
        f("renamed_from", self.renamed_from);
    }
};

// What a worker gets to plan, and to apply.
struct PreparedSource {
    BlobId archive;  // of all that the stack reads, sealed
    std::vector<RunInput> inputs;
    // Addresses that may run: the tracked branch's, and what was allowed.
    std::vector<std::string> allowed_providers;
    std::vector<GivenOutput> outputs;  // of its upstreams

    static void fields(auto& self, auto&& f) {
        f("archive", self.archive);
        f("inputs", self.inputs);
        f("allowed_providers", self.allowed_providers);
        f("outputs", self.outputs);
    }
};

// What planning found.
struct PlanOutcome {
    std::string digest;    // of the plan file's bytes: what is approved and applied
    BlobId file;           // sealed; what an apply runs
    BlobId document;       // a Plan as JSON
    BlobId tool_document;  // the tool's own plan document, redacted
    PlanCounts counts;
    bool changes = false;          // resources or outputs
    int resources = -1;            // that the state holds; -1: not known
    std::vector<RunInput> inputs;  // the source's, and what the worker brought
    std::string inputs_digest;
    std::string change_digest;
    PlanDecision decision;         // of the plan policies, when they were last asked
    std::optional<PlanCost> cost;  // absent: nothing costs
    std::int64_t at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("digest", self.digest);
        f("file", self.file);
        f("document", self.document);
        f("tool_document", self.tool_document);
        f("counts", self.counts);
        f("changes", self.changes);
        f("resources", self.resources);
        f("inputs", self.inputs);
        f("inputs_digest", self.inputs_digest);
        f("change_digest", self.change_digest);
        f("decision", self.decision);
        f("cost", self.cost);
        f("at_ms", self.at_ms);
    }
};

// Who said that the plan may be applied: a person, or "slipway" where nobody has to.
struct Confirmation {
    std::string by;
    std::optional<ApprovalDecision> approval;  // the one that let it go on

    static void fields(auto& self, auto&& f) {
        f("by", self.by);
        f("approval", self.approval);
    }
};

// What applying did.
struct ApplyOutcome {
    BlobId outputs;      // a JSON object of those that are not sensitive
    int resources = -1;  // that the state holds now; -1: not known

    static void fields(auto& self, auto&& f) {
        f("outputs", self.outputs);
        f("resources", self.resources);
    }
};

// The record of a run as it is kept: what was asked for, how far it came, and of each phase what
// came of it, which is there as a whole or not at all.
struct Run : RunRequest {
    RunId id;  // see run_id(): derived, so that reacting twice makes one run
    RunState state = RunState::queued;
    std::vector<StateChange> history;   // see history_limit
    int history_omitted = 0;            // changes after the first that it does not keep
    Reason reason;                      // why it is failed, canceled, waiting
    bool awaits_consideration = false;  // planned, and its approvals are not looked at yet
    Reason must_confirm;                // why it never applies by itself
    std::optional<PreparedSource> prepared;
    std::optional<PlanOutcome> plan;
    std::optional<Confirmation> confirmation;
    std::optional<ApplyOutcome> applied;
    std::optional<Interrupt> interrupt;
    std::optional<ApplyProgress> progress;  // of an apply that failed

    // Of the newest phase, however it ended.
    std::string error;  // the tool's own, masked, first lines
    std::string tool_version;
    std::string sandbox;    // the level it had: "bubblewrap" or "none"
    std::string last_seen;  // unknown: the last line of its log, masked
    // Sources that the tracked branch does not use and nobody allowed: nothing ran.
    std::vector<std::string> unknown_providers;

    std::int64_t created_at_ms = 0;
    std::int64_t finished_at_ms = 0;

    static void fields(auto& self, auto&& f) {
        RunRequest::fields(self, f);
        f("id", self.id);
        f("state", self.state);
        f("history", self.history);
        f("history_omitted", self.history_omitted);
        f("reason", self.reason);
        f("awaits_consideration", self.awaits_consideration);
        f("must_confirm", self.must_confirm);
        f("prepared", self.prepared);
        f("plan", self.plan);
        f("confirmation", self.confirmation);
        f("applied", self.applied);
        f("interrupt", self.interrupt);
        f("progress", self.progress);
        f("error", self.error);
        f("tool_version", self.tool_version);
        f("sandbox", self.sandbox);
        f("last_seen", self.last_seen);
        f("unknown_providers", self.unknown_providers);
        f("created_at_ms", self.created_at_ms);
        f("finished_at_ms", self.finished_at_ms);
    }
};

// Its plan; one of nothing where there is none.
const PlanOutcome& plan_of(const Run& run);

// That the state holds, after the apply or as the plan found it; -1: not known.
int resources_in_state(const Run& run);

// What people and policies call its kind: `destroy` for a tracked run that destroys all.
std::string_view kind_word(const Run& run);

// Whether its apply was asked to end early, and somebody said so twice.
bool is_interrupted(const Run& run);

// Who confirmed it; empty: nobody did.
std::string confirmed_by(const Run& run);

// `run` moved on by `event`, with its history and what it knows of votes; false where the event
// means nothing in its state.
bool advance(Run& run, RunEvent event, std::int64_t now_ms, std::string by, std::string note = "");

}  // namespace slipway
