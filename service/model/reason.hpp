// Why a run, or a stack, stands where it stands: data that code compares. service/wording turns it
// into words.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "service/model/words.hpp"

namespace slipway {

enum class Cause {
    none,
    // A run of the branch does not apply by itself.
    observed,             // its stack is only observed
    forced_push,          // the push was not a fast-forward; name: the branch
    no_merged_pull,       // the push came without a merged pull request; name: the branch
    destroys_stack,       // all that the stack manages
    unseen_before,        // nobody saw how the apply before it ended
    off_branch,           // its commit is not on the branch any more; name: the branch
    pull_not_open,        // its pull request; it applies before the merge
    pull_has_other_head,  // likewise
    pull_has_other_base,  // likewise
    approval_error,
    approval_rejected,
    approvals_missing,  // because: why those of its pull request do not carry over
    not_on_pull,        // its plan was not on the pull request
    other_inputs,       // than the approved plan; text: what
    other_plan,         // than the approved one
    unseen_plan,        // nobody has seen it
    asked_on_pull,      // its stack is applied before the merge
    stack_confirms,     // its stack asks for a confirmation
    policy_warns,
    destroys_renamed,  // planned at a directory that git guessed, and destroys resources
    being_considered,  // its approvals are being looked at
    unconfirmed,       // it waits for a person, and that is all
    locked,            // its stack; name: by whom; text: the note; until_ms: it expires
    // A run failed.
    denied,  // name: the policy
    plan_policy_error,
    took_too_long,
    given_up,      // after several attempts
    not_prepared,  // text: the error
    // Nobody saw how an apply ended.
    end_unseen,
    end_unseen_rest,    // a plan shows that something is left
    end_not_found_out,  // text: why
    // A run was ended.
    ended_by,          // name: somebody; text: what they said
    resolved_applied,  // likewise: how an apply ended
    resolved_failed,
    pull_merged,
    pull_closed,
    superseded,  // name: the head, shortened
    // name: the stack; text: its state. No text: it left unchanged what `name` lists.
    upstream_ended,
    // An apply may not begin.
    began_elsewhere,  // by another worker
    began_before,
    run_unknown,
    run_moved_on,  // name: its state
    lease_lost,
    // A stack is not planned.
    from_fork,
    conflicts,  // name: the base branch
    push_policy_error,
    // An approval does not count.
    other_forge,          // name: the forge that it should be given on
    no_write_permission,  // on the repository
    folder_not_trusted,   // name: the space
    no_role,              // name: the space
};
BOOST_DESCRIBE_ENUM(Cause, none, observed, forced_push, no_merged_pull, destroys_stack,
                    unseen_before, off_branch, pull_not_open, pull_has_other_head,
                    pull_has_other_base, approval_error, approval_rejected, approvals_missing,
                    not_on_pull, other_inputs, other_plan, unseen_plan, asked_on_pull,
                    stack_confirms, policy_warns, destroys_renamed, being_considered, unconfirmed,
                    locked, denied, plan_policy_error, took_too_long, given_up, not_prepared,
                    end_unseen, end_unseen_rest, end_not_found_out, ended_by, resolved_applied,
                    resolved_failed, pull_merged, pull_closed, superseded, upstream_ended,
                    began_elsewhere, began_before, run_unknown, run_moved_on, lease_lost, from_fork,
                    conflicts, push_policy_error, other_forge, no_write_permission,
                    folder_not_trusted, no_role)

struct Reason {
    Cause cause = Cause::none;
    std::string name = {};        // of what it names: a branch, a policy, a stack, somebody
    std::string text = {};        // somebody else's words
    Cause because = Cause::none;  // of approvals_missing
    std::int64_t until_ms = 0;    // of locked

    bool empty() const { return cause == Cause::none; }
    bool operator==(const Reason&) const = default;
    static void fields(auto& self, auto&& f) {
        f("cause", self.cause);
        f("name", self.name);
        f("text", self.text);
        f("because", self.because);
        f("until_ms", self.until_ms);
    }
};

}  // namespace slipway
