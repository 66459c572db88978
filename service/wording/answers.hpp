// What people are answered to a request: sentences of Markdown, one function for each situation.
// Nothing makes them inert later: all foreign text in them is the name of something that exists
// and whose characters were checked when it was read.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "service/model/request.hpp"
#include "service/model/run.hpp"
#include "service/model/stack_lock.hpp"

namespace slipway::answers {

std::string quoted(const StackId& stack);         // `payments`
std::string quoted(const std::vector<StackId>&);  // `net`, `payments`
std::string state_said(const Run& run);           // "waits for a confirmation"
std::string name_of(const Run& run);              // "run 3f9c… of #14"

// --- which runs are meant, and who may
std::string no_such_run(const RunId& run);
std::string not_looked_at_yet();
std::string newest_commit_not_planned();
std::string no_stack_concerned();
// `meant`: the stack that was meant, where one is near; "": none is. `others`: the request names
// more than the one that fits nothing.
std::string no_such_stack(const std::vector<StackId>& concerned, const std::string& meant,
                          bool others);
std::string of_no_pull_request();
// With an organisation tree `space` is named, too; without one `nullptr`.
std::string lacks_rights(Verb verb, Role needed, const SpaceId* space, const Actor& actor);

// --- approve, reject
std::string over(const StackId& stack, RunState state, bool approves);
std::string no_plan_yet(const StackId& stack);
std::string another_plan(const StackId& stack, std::string_view digest, bool approves);
std::string not_shown_long_enough(const StackId& stack, std::string_view digest);
std::string voted(const StackId& stack, std::string_view digest, bool approves);
std::string approved_though_denied();
std::string approval_not_counted(const Reason& why);
std::string approved_own_change();

// --- apply
std::string must_be_named(const StackId& stack, int resources, std::string_view command_word);
std::string only_observed(const StackId& stack);
// `missing`: what the policies ask for, as they say it.
std::string approval_stands_against(const StackId& stack, const ApprovalDecision& approval);
std::string confirmed(const StackId& stack);
std::string applies_before_merge(const StackId& stack);
std::string no_plan_to_apply(const StackId& stack, std::string_view command_word);
std::string approvals_missing(const StackId& stack);
std::string denied(const StackId& stack);
std::string nothing_to_apply_before_merge(const StackId& stack);
std::string applied_after_merge(const StackId& stack);
std::string waits_for_no_confirmation(const StackId& stack, const Run* run);

// --- cancel, resolve
// The first time, and what to type then; once it is done; and to whoever asks for it once more.
std::string asks_before_interrupt(const Run& run, std::string_view again);
std::string interrupts(const Run& run);
std::string interrupted_already(const Run& run);
std::string nothing_to_cancel(const StackId& stack);
std::string plan_dropped(const StackId& stack);
std::string nothing_held();
std::string cancelled(const StackId& stack, RunState state);
std::string nothing_unknown(const StackId& stack, const Run* run);
std::string say_how_it_ended(const StackId& stack);
std::string resolved(const StackId& stack, Resolution how);

// --- drift, destroy; `ahead`: what goes first in the stack's lane, null: nothing
std::string name_one_stack();
std::string looks(const Run& run, const Run* ahead);
std::string looks_already(const Run& run);
std::string plans_destroy(const Run& run, const Run* ahead);
std::string name_the_stack_to_destroy();
std::string type_its_name_again(const StackId& stack);
// `dependents`: in the order in which they can be destroyed.
std::string destroy_these_first(const StackId& stack, const std::vector<StackId>& dependents);
std::string destroys_already(const Run& run);

// --- plan, retry
std::string planning_again();
std::string only_open_is_planned();
std::string nothing_failed();
std::string nothing_to_retry(const StackId& stack, const Run* run);
std::string another_run_under_way(const Run& run, const Run& other);
std::string asked_for_already(const Run& run, const Run& other);
std::string upstream_not_finished(const Run& run, const Run& upstream);
std::string retrying(const std::vector<StackId>& asked, const std::vector<StackId>& follow,
                     std::string_view branch);
// Why the branch's tip does not allow it, and the answer to a comment with that.
std::string not_to_be_destroyed(const StackId& stack);
std::string not_described(const StackId& stack);
std::string directory_gone(const StackId& stack);
std::string moved_to_another_space(const StackId& stack);
std::string branch_gone();
std::string stacks_unreadable(const std::string& finding);
std::string not_retried(std::string_view why);

// --- allow
std::string not_a_provider(std::string_view source);
std::string allowed_for_stack(const StackId& stack, const std::vector<std::string>& sources);
std::string allowed_here(const std::vector<std::string>& sources);
std::string allow_needs_a_plan();
std::string commit_allowed(const CommitSha& commit);
std::string commit_needs_no_word();
std::string another_commit(const CommitSha& head);
std::string plan_again_by_retry(std::string_view command_word);

// `tools`: those that the stacks are planned with, by their titles.
std::string note_goes_nowhere(const std::vector<std::string>& tools);
// Locks. Their notes are foreign, so no answer repeats one. `space`: null where there is no tree,
// so that the repository's administrators stand in for those of the space.
std::string locked(const std::vector<StackId>& stacks, std::int64_t expires_at_ms,
                   std::string_view unlock);
std::string applies_go_on(const std::vector<StackId>& stacks);
std::string locked_by_another(const StackLock& lock, const SpaceId* space);
std::string held_by_another(const StackLock& lock, const SpaceId* space);
std::string not_applied_while_locked(const StackLock& lock, std::string_view unlock);
std::string unlocked(const std::vector<StackId>& stacks);
std::string not_locked(const std::vector<StackId>& stacks);
std::string several_of_key(const std::vector<StackId>& stacks);
std::string no_known_stack(std::string_view pattern);
// Of a call, to the fields `stacks` and `for`.
std::string name_stacks(std::size_t limit);
std::string how_long_a_lock();

}  // namespace slipway::answers
