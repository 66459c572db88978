// Moving a run on: what every step of control shares. Private to this folder.
#pragma once
#include "handlers/runs/control/control.hpp"

namespace slipway {

using StoredRun = Stored<Run>;

struct RunPhase {
    RunId run;
    Phase phase = Phase::plan;
    static void fields(auto& self, auto&& f) {
        f("run", self.run);
        f("phase", self.phase);
    }
    std::string text() const { return run.value + "/" + std::string(word(phase)); }
};

inline std::string result_key(const RunPhase& which) { return "result/" + which.text(); }
inline std::string lane_of(const Run& run) { return "stack/" + run.stack.value; }

// Adds the run's new state to the commit with all that always follows from it: the record, leaving
// the lane and releasing dependents when it is over, a report where it belongs to a pull request
// (later: somebody else leaves it).
enum class Reported { now, later };
void store_run(Commit& commit, const StoredRun& run, Reported reported = Reported::now);

// A report for each pull request whose runs wait in the lane behind this one: what they wait for
// has changed.
Task<void> report_those_behind(ControlContext& context, Commit& commit, const Run& run);

// The apply of a run that waits, as `allowed` lets it: state confirmed, and its work for a worker.
void start_apply(ControlContext& context, Commit& commit, StoredRun& run, ApprovalDecision allowed,
                 std::string by, std::string note);

// The plan policies' answer on a run that has a plan, as they are now.
Task<PlanDecision> decide_plan(ControlContext& context, const Run& run, Plan plan);
std::string denial(const PlanDecision& decision);  // "denied by policy x"

// Rule W5: the confirmed run is looked at again (approvals, policies, head, cancellation), and
// either begins, its lease marked and its state `applying` in one commit, or goes back to wait,
// fails, or was cancelled: then the work of `lease` is over.
Task<BeginAnswer> begin_apply(ControlContext& context, RunId id, Lease lease,
                              std::string plan_digest);

// An apply whose end nobody saw: state unknown, what was last seen of it, and a worker that is to
// find out.
Task<void> lose(ControlContext& context, Commit& commit, StoredRun& run, std::string why);

// A new tracked run of the stack, at its branch's tip, that waits for a confirmation: what an apply
// left undone.
Task<Run> make_follow_up(ControlContext& context, Run run);

// The document of a run's plan, with the places where its resources are declared.
Task<BlobId> store_plan(ControlContext& context, RunId run, Plan plan);

// The work of one phase, signed.
Job perform_job(ControlContext& context, const Run& run, Phase phase);

// The role of somebody in a space: what the tree says, and what the forge says of its teams'
// members. Why an approval of somebody cannot count in the space; "": it may. On the built-in forge
// whoever may write the folder may speak as anybody, so the space must say that it trusts the
// folder (rule S6).
Task<std::string> why_not_counted(ControlContext& context, RepositoryName repository, Actor actor,
                                  SpaceId space);
Task<Role> role_in(ControlContext& context, Actor who, SpaceId space);

// The approval policies' answer on a run, from the reviews that are bound to it. For a tracked run
// those of its pull request count where inputs and changes are the approved ones (rules R4, W5).
struct Considered {
    ApprovalDecision approval;
    bool carried_over = false;  // from the merged pull request's proposed run
    std::string not_carried;    // why not: "its plan is not the one that was approved"
};
// Why this waiting run does not apply by itself; "": it does.
std::string why_not_automatic(const Run& run, const Considered& considered);

Task<Considered> consider_run(ControlContext& context, const Run& run, const PullRecord* pull,
                              const PostedRecord* posted, const std::vector<ForgeReview>& reviews);

}  // namespace slipway
