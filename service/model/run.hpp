// A run: one execution for a stack. next() is its whole life as one pure function.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/model/decision.hpp"
#include "service/model/id.hpp"
#include "service/model/plan.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/reason.hpp"
#include "service/model/run_input.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class RunKind { proposed, tracked };
constexpr std::array<std::string_view, 2> words_of(RunKind) { return {"proposed", "tracked"}; }

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
constexpr std::array<std::string_view, 13> words_of(RunState) {
    return {"queued", "preparing", "planning",  "unconfirmed", "confirmed", "applying", "finished",
            "failed", "canceled",  "discarded", "stopped",     "skipped",   "unknown"};
}

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
    upstream_broken,
};

bool is_terminal(RunState);

// The state after `event`, or nullopt where the event has no meaning in that state: the caller
// refuses.
std::optional<RunState> next(RunKind, RunState, RunEvent);

struct StateChange {
    RunState state = RunState::queued;
    std::int64_t at_ms = 0;
    std::string by;  // actor, worker or "slipway"
    std::string note;

    static void fields(auto& self, auto&& f) {
        f("state", self.state);
        f("at_ms", self.at_ms);
        f("by", self.by);
        f("note", self.note);
    }
};

// The record of a run as it is kept.
struct Run {
    RunId id;  // see run_id(): derived, so that reacting twice makes one run
    StackId stack;
    RunKind kind = RunKind::proposed;
    RunState state = RunState::queued;
    std::vector<StateChange> history;
    Reason reason;                      // why it is failed, canceled, waiting
    bool awaits_consideration = false;  // planned, and its approvals are not looked at yet
    RepositoryName repository;
    std::optional<int> pull;  // the pull request it belongs to, or (tracked) came from
    CommitSha head;  // proposed: the pull request's head; tracked: the commit on the branch
    CommitSha base;  // proposed: the base it was merged with; tracked: the commit before
    TreeId tree;     // what is planned: the merge result's, or the commit's tree
    bool destroy =
        false;  // the stack is gone, and its settings want that: plan a destroy from the base
    int attempt = 1;
    Actor triggered_by;
    Stack settings;  // as they were when the run was made
    PushDecision push;
    std::vector<RunId> waits_for;   // tracked: upstream runs of the same push
    std::vector<RunId> dependents;  // and those that wait for this one
    RunId approved_run;  // tracked: the proposed run whose approvals may carry over (rule W5)
    bool before_merge = false;  // tracked: of the pull request's merge result, asked for on it
    std::vector<std::string>
        allowed_providers;  // addresses that may run: the tracked branch's, and what was allowed
    RunId retry_of;         // the run that this one was asked for again
    std::string
        renamed_from;     // the directory that the stack's settings still name in place of this one
    Reason must_confirm;  // why it never applies by itself

    // Of the plan, once there is one.
    PlanCounts counts;
    bool changes = false;  // resources or outputs
    int resources =
        -1;  // that the state holds: before its plan, and once applied after it; -1: not known
    BlobId plan_document;  // a Plan as JSON
    BlobId tool_document;  // the tool's own plan document, redacted
    BlobId plan_file;      // sealed; what an apply runs
    std::string plan_digest;
    std::string inputs_digest;
    std::vector<RunInput> inputs;  // what inputs_digest was made of
    std::string change_digest;
    std::vector<std::string>
        unknown_providers;  // sources that the tracked branch does not use and nobody allowed
    std::string tool_version;
    PlanDecision plan_decision;
    std::string sandbox;    // the level the run had: "bubblewrap" or "none"
    std::string last_seen;  // unknown: the last line of its log, masked
    std::string error;      // the tool's own error, masked, first lines

    std::string confirmed_by;
    std::optional<ApprovalDecision> approval;  // the one that let its apply begin
    std::int64_t created_at_ms = 0;
    std::int64_t planned_at_ms = 0;
    std::int64_t finished_at_ms = 0;
    std::int64_t log_bytes = 0;
    BlobId outputs;  // JSON object of non-sensitive outputs after an apply
    BlobId source;   // what was planned, sealed; the apply gets the same

    static void fields(auto& self, auto&& f) {
        f("id", self.id);
        f("stack", self.stack);
        f("kind", self.kind);
        f("state", self.state);
        f("history", self.history);
        f("reason", self.reason);
        f("awaits_consideration", self.awaits_consideration);
        f("repository", self.repository);
        f("pull", self.pull);
        f("head", self.head);
        f("base", self.base);
        f("tree", self.tree);
        f("destroy", self.destroy);
        f("attempt", self.attempt);
        f("triggered_by", self.triggered_by);
        f("settings", self.settings);
        f("push", self.push);
        f("waits_for", self.waits_for);
        f("dependents", self.dependents);
        f("approved_run", self.approved_run);
        f("before_merge", self.before_merge);
        f("allowed_providers", self.allowed_providers);
        f("retry_of", self.retry_of);
        f("renamed_from", self.renamed_from);
        f("must_confirm", self.must_confirm);
        f("counts", self.counts);
        f("changes", self.changes);
        f("resources", self.resources);
        f("plan_document", self.plan_document);
        f("tool_document", self.tool_document);
        f("plan_file", self.plan_file);
        f("plan_digest", self.plan_digest);
        f("inputs_digest", self.inputs_digest);
        f("inputs", self.inputs);
        f("change_digest", self.change_digest);
        f("unknown_providers", self.unknown_providers);
        f("tool_version", self.tool_version);
        f("plan_decision", self.plan_decision);
        f("sandbox", self.sandbox);
        f("last_seen", self.last_seen);
        f("error", self.error);
        f("confirmed_by", self.confirmed_by);
        f("approval", self.approval);
        f("created_at_ms", self.created_at_ms);
        f("planned_at_ms", self.planned_at_ms);
        f("finished_at_ms", self.finished_at_ms);
        f("log_bytes", self.log_bytes);
        f("outputs", self.outputs);
        f("source", self.source);
    }
};

// `run` moved on by `event`, with its history; false where the event means nothing in its state.
bool advance(Run& run, RunEvent event, std::int64_t now_ms, std::string by, std::string note = "");

}  // namespace slipway
