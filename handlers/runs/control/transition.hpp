// Moving a run on: what every step of control shares. Private to this folder.
#pragma once
#include "handlers/runs/control/plan_cost.hpp"
#include "handlers/runs/lifecycle.hpp"
#include "policies/kept_input.hpp"
#include "service/model/stack_lock.hpp"

namespace slipway {

// Pull requests whose runs wait in the lane behind this one: what they wait for has changed.
Task<std::vector<PullRequestName>> pulls_behind(ControlContext& context, Run run);
void leave_reports(Commit& commit, const std::vector<PullRequestName>& pulls);

// The mirror of the run's repository, with this branch as it is now.
Task<std::shared_ptr<Repository>> fetch_branch(ControlContext& context, const Run& run,
                                               std::string branch);

// The apply of a run that waits, as `allowed` lets it: state confirmed, and its work for a worker.
void start_apply(const ControlContext& context, Commit& commit, StoredRun& run,
                 ApprovalDecision allowed, std::string by, std::string note);

// Looks at what waits for the lock when that expires. Whoever waits leaves it, too: then the job
// that the lock left may be lost.
Job lock_expiry(const StackLock& lock);

// The plan policies' answer on a run that has a plan, as they are now.
Task<PlanDecision> decide_plan(ControlContext& context, const Run& run, Plan plan,
                               PlanEvidence evidence);
Reason denial(const PlanDecision& decision);

// Rule W5: the confirmed run is looked at again (approvals, policies, head, cancellation), and
// either begins, its lease marked and its state `applying` in one commit, or goes back to wait,
// fails, or was cancelled: then the work of `lease` is over.
Task<BeginAnswer> begin_apply(ControlContext& context, RunId id, Lease lease,
                              std::string plan_digest);

// The last line of the run's log with something in it, masked as the log is.
Task<std::string> last_line(Queue& queue, RunId run);
// An apply whose end nobody saw: state unknown, what was last seen of it, and a worker that is to
// find out.
void lose(const ControlContext& context, Commit& commit, Run& run, std::string why,
          std::string last_seen);

// A new tracked run of the stack, at its branch's tip, that waits for a confirmation: what an apply
// left undone.
Task<Run> make_follow_up(ControlContext& context, Run run);

// The document of a run's plan, with the places where its resources are declared.
Task<BlobId> store_plan(ControlContext& context, RunId run, Plan plan);

// The work of one phase, signed.
Job perform_job(const ControlContext& context, const Run& run, Phase phase);

// Why an approval of somebody cannot count in the space; empty: it may. On the built-in forge
// whoever may write the folder may speak as anybody, so the space must say that it trusts the
// folder (rule S6).
Task<Reason> why_not_counted(ControlContext& context, RepositoryName repository, Actor actor,
                             SpaceId space);
// The role of somebody in a space: what the tree says, and what the forge says of its teams'
// members.
Task<Role> role_in(ControlContext& context, Actor who, SpaceId space);

// The newest vote of each person that is more than a comment.
std::vector<ForgeReview> newest_by_author(const std::vector<ForgeReview>& reviews);

// The approval policies' answer on a run, from the reviews that are bound to it. For a tracked run
// those of its pull request count where inputs and changes are the approved ones (rules R4, W5).
struct Considered {
    ApprovalDecision approval;
    std::shared_ptr<KeptInput> asked;  // what the policies were asked; keep_asked() stores it
    bool carried_over = false;         // from the merged pull request's proposed run
    Reason not_carried;                // why not
    Stored<StackLock> lock;            // of its stack
    Reason locked;                     // while that holds
};
// What an undecided policy waits for that no approval changes ("frozen until …"), where that is all
// it waits for; else empty.
Reason why_held(const ApprovalDecision& approval);
// Why this waiting run does not apply by itself; empty: it does.
Reason why_not_automatic(const Run& run, const Considered& considered);

// When to look again, by what the policies wait for; 0: they name no time.
std::int64_t look_again_at(const ApprovalDecision& approval);
// Considers the pull request then. Whoever waits leaves it.
void leave_look_at(Commit& commit, const PullRequestName& pull, const ApprovalDecision& approval,
                   std::int64_t now_ms);

// What policies were asked, kept sealed; "": it is too large to be kept.
Task<BlobId> keep_input(ControlContext& context, KeptInput asked);
// That of an approval, with its decision.
Task<void> keep_asked(ControlContext& context, Considered& considered);

Task<Considered> consider_run(ControlContext& context, const Run& run, const PullRecord* pull,
                              const PostedRecord* posted, const std::vector<ForgeReview>& reviews);

}  // namespace slipway
