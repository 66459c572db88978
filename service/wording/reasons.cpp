#include "service/wording/reasons.hpp"

#include <utility>

#include "service/wording/locks.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

std::string with_note(std::string sentence, const Reason& reason) {
    return reason.text.empty() ? sentence : sentence + ": " + reason.text;
}

std::string in_space(const Reason& reason) {
    return "the space `" + (reason.name.empty() ? "root" : reason.name) + "`";
}

std::string approvals_missing(const Reason& reason) {
    const std::string missing = "approvals are missing";
    // A policy's own sentence, where it waits for nobody: "frozen until …".
    if (reason.because == Cause::none && !reason.text.empty()) return "it is held: " + reason.text;
    if (reason.because == Cause::none) return missing;
    Reason why = reason;
    why.cause = std::exchange(why.because, Cause::none);
    return missing + ", because " + reason_text(why);
}

std::string locked(const Reason& reason) {
    return with_note("it is locked by " + reason.name + " until " + lock_end_text(reason.until_ms),
                     reason);
}

// Why a run of the branch waits.
std::string of_waiting(const Reason& reason) {
    switch (reason.cause) {
        case Cause::observed:
            return "this stack is only observed";
        case Cause::forced_push:
            return "the push to " + reason.name + " was not a fast-forward";
        case Cause::no_merged_pull:
            return "the push to " + reason.name + " came without a merged pull request";
        case Cause::destroys_stack:
            return "it destroys all that the stack manages";
        case Cause::unseen_before:
            return "nobody saw how the apply before it ended";
        case Cause::off_branch:
            return "its commit is not on " + reason.name + " any more";
        case Cause::pull_not_open:
            return "its pull request is not open any more";
        case Cause::pull_has_other_head:
            return "its pull request has another head by now";
        case Cause::pull_has_other_base:
            return "its pull request goes to another branch by now";
        case Cause::asked_on_pull:
            return "applies of this stack are asked for on the pull request";
        case Cause::stack_confirms:
            return "its stack asks for a confirmation";
        case Cause::policy_warns:
            return "a plan policy warns";
        case Cause::destroys_renamed:
            return "it is planned where git takes its directory to be now, and destroys resources";
        case Cause::being_considered:
            return "its approvals are being checked";
        case Cause::unconfirmed:
            return "it waits for a confirmation";
        case Cause::locked:
            return locked(reason);
        default:
            return "";
    }
}

std::string of_approvals(const Reason& reason) {
    switch (reason.cause) {
        case Cause::approval_error:
            return "an approval policy could not be evaluated";
        case Cause::approval_rejected:
            return "an approval policy rejects it";
        case Cause::approvals_missing:
            return approvals_missing(reason);
        case Cause::not_on_pull:
            return "its plan was not on the pull request";
        case Cause::other_inputs:
            return reason.text + " since the plan that was approved";
        case Cause::other_plan:
            return "its plan is not the one that was approved";
        case Cause::unseen_plan:
            return "nobody has seen this plan";
        case Cause::other_forge:
            return "it was not given on " + reason.name;
        case Cause::no_write_permission:
            return "no write permission on the repository";
        case Cause::folder_not_trusted:
            return in_space(reason) +
                   " does not trust approvals of the built-in forge (`trust: folder`)";
        case Cause::no_role:
            return "no role writer in " + in_space(reason);
        default:
            return "";
    }
}

// Why a run ended, or how.
std::string of_end(const Reason& reason) {
    switch (reason.cause) {
        case Cause::denied:
            return "denied by " + reason.name;
        case Cause::plan_policy_error:
            return "a plan policy could not be evaluated";
        case Cause::took_too_long:
            return "it took longer than its limit";
        case Cause::given_up:
            return "it was given up after several attempts";
        case Cause::not_prepared:
            return reason.text;
        case Cause::end_unseen:
            return "nobody saw how the apply ended";
        case Cause::end_unseen_rest:
            return "nobody saw how the apply ended, and a plan shows that something is left";
        case Cause::end_not_found_out:
            return with_note("nobody saw how the apply ended, and it could not be found out",
                             reason);
        case Cause::ended_by:
            return with_note("by " + reason.name, reason);
        case Cause::resolved_applied:
            return with_note("applied, as " + reason.name + " says", reason);
        case Cause::resolved_failed:
            return with_note("failed, as " + reason.name + " says", reason);
        case Cause::pull_merged:
            return "the pull request was merged";
        case Cause::pull_closed:
            return "the pull request was closed";
        case Cause::superseded:
            return "superseded by " + reason.name;
        case Cause::upstream_ended:
            if (reason.text.empty()) return "nothing that it reads has changed: " + reason.name;
            return "it depends on " + reason.name + " " + reason.text;
        default:
            return "";
    }
}

// Why an apply does not begin, or a stack is not planned.
std::string of_refusal(const Reason& reason) {
    switch (reason.cause) {
        case Cause::began_elsewhere:
            return "this plan was already begun by another worker";
        case Cause::began_before:
            return "an apply of this plan began before";
        case Cause::run_unknown:
            return "its run is not known any more";
        case Cause::run_moved_on:
            return "its run is " + reason.name + " by now";
        case Cause::lease_lost:
            return "its worker's lease had gone";
        case Cause::from_fork:
            return "the pull request comes from a fork, and nobody has allowed its commit yet";
        case Cause::conflicts:
            return "the pull request conflicts with " + reason.name;
        case Cause::push_policy_error:
            return "a push policy could not be evaluated";
        default:
            return "";
    }
}

}  // namespace

std::string reason_text(const Reason& reason) {
    for (const auto& words : {of_waiting, of_approvals, of_end, of_refusal})
        if (auto text = words(reason); !text.empty()) return text;
    return "";
}

std::string not_planned_text(const Reason& reason) {
    return reason.cause == Cause::ended_by ? reason.name + " dropped its plan"
                                           : reason_text(reason);
}

namespace notes {

std::string found_out_late() { return "found out after its worker had gone"; }
std::string apply_failed(bool begun) {
    return begun ? "the apply failed" : "the apply could not begin";
}
std::string plan_failed() { return "the plan failed"; }

}  // namespace notes

std::string reason_text(const Run& run) {
    const auto text = reason_text(run.reason);
    if (run.reason.cause == Cause::destroys_stack && plan_of(run).counts.remove > 0)
        return text + ": " +
               number_of(static_cast<std::size_t>(plan_of(run).counts.remove), "resource");
    if (run.reason.cause != Cause::ended_by) return text;
    return (is_interrupted(run) ? "interrupted" : std::string(word(run.state))) + " " + text;
}

}  // namespace slipway
