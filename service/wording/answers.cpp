#include "service/wording/answers.hpp"

#include <algorithm>

#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/reasons.hpp"

namespace slipway::answers {

namespace {

std::string plan_name(std::string_view digest) { return std::string(shortened(digest, 4)); }

// "; " is not needed: ": its run is failed", or nothing where there is no run.
std::string its_run(const Run* run) {
    return run ? ": its run is " + std::string(word(run->state)) : "";
}

std::string joined(const std::vector<std::string>& sources) {
    std::string out;
    for (const auto& source : sources) out += (out.empty() ? "`" : ", `") + source + "`";
    return out;
}

}  // namespace

std::string state_said(const Run& run) {
    switch (run.state) {
        case RunState::unconfirmed:
            return "waits for a confirmation";
        case RunState::confirmed:
        case RunState::applying:
            return "is being applied";
        case RunState::unknown:
            return "has an apply whose end nobody saw";
        default:
            return "is " + std::string(word(run.state));
    }
}

std::string name_of(const Run& run) {
    return "run " + run.id.value + (run.pull ? " of #" + std::to_string(*run.pull) : "");
}

std::string quoted(const StackId& stack) { return "`" + stack.value + "`"; }

std::string quoted(const std::vector<StackId>& stacks) {
    std::string out;
    for (const auto& stack : stacks) out += (out.empty() ? "" : ", ") + quoted(stack);
    return out;
}

std::string no_such_run(const RunId& run) { return "There is no run " + run.value + "."; }

std::string not_looked_at_yet() {
    return "This pull request was not looked at yet; `plan` does that.";
}

std::string newest_commit_not_planned() {
    return "The newest commit is not planned yet, and what was planned before is of another one. "
           "Ask again when the comment shows its plan.";
}

std::string no_stack_concerned() { return "This pull request concerns no stack."; }

std::string no_such_stack(const std::vector<StackId>& concerned, const std::string& meant,
                          bool others) {
    std::string out = others ? "One of these names fits no stack of this pull request, so nothing "
                               "was done"
                             : "No stack of this pull request is called like that";
    if (!meant.empty()) return out + "; did you mean `" + meant + "`?";
    return out + "; it concerns " + quoted(concerned) + ".";
}

std::string of_no_pull_request() { return "This run belongs to no pull request."; }

std::string lacks_rights(Verb verb, Role needed, const SpaceId* space, const Actor& actor) {
    const char* permission = needed == Role::reader            ? "read"
                             : needed == Role::admin && !space ? "admin"
                                                               : "write";
    return "`" + std::string(word(verb)) + "` needs " + permission +
           " permission on the repository" +
           (space ? " and the role " + std::string(word(needed)) + " in the space `" +
                        (space->empty() ? "root" : space->value) + "`"
                  : "") +
           "; " + actor.login + " does not have it.";
}

std::string over(const StackId& stack, RunState state, bool approves) {
    return "The run of " + quoted(stack) + " is " + std::string(word(state)) +
           ": there is nothing to " + (approves ? "approve" : "reject") + " any more.";
}

std::string no_plan_yet(const StackId& stack) {
    return quoted(stack) +
           " has no plan yet; an approval given before there is one counts for nothing.";
}

std::string another_plan(const StackId& stack, std::string_view digest, bool approves) {
    return "The plan of " + quoted(stack) + " is now " + plan_name(digest) +
           ", not the one that was named" + (approves ? "; look at it and approve that one." : ".");
}

std::string not_shown_long_enough(const StackId& stack, std::string_view digest) {
    return "The plan of " + quoted(stack) +
           " had been shown for less than ten seconds; approve it by its name, `" + stack.value +
           "@" + plan_name(digest) + "`, or say it again.";
}

std::string voted(const StackId& stack, std::string_view digest, bool approves) {
    return std::string(approves ? "Approved" : "Rejected") + " plan " + plan_name(digest) + " of " +
           quoted(stack) + ".";
}

std::string approved_though_denied() {
    return "It is denied all the same: an approval does not lift that.";
}

std::string approval_not_counted(const Reason& why) {
    return "It does not count: " + reason_text(why) + ".";
}

std::string approved_own_change() {
    return "It is your own change, which counts only where the approval policy says so.";
}

std::string must_be_named(const StackId& stack, int resources, std::string_view command_word) {
    return "Confirming " + quoted(stack) + " destroys " +
           number_of(static_cast<std::size_t>(std::max(0, resources)), "resource") +
           ", so it must be named: `" + std::string(command_word) + " apply " + stack.value + "`.";
}

std::string only_observed(const StackId& stack) {
    return quoted(stack) + " is only observed; nothing is applied.";
}

std::string approval_stands_against(const StackId& stack, const ApprovalDecision& approval) {
    if (approval.approval == Approval::error)
        return "An approval policy of " + quoted(stack) +
               " could not be evaluated, so nothing is applied.";
    if (approval.approval == Approval::rejected)
        return "An approval policy rejects " + quoted(stack) + ".";
    std::string missing;
    for (const auto& one : approval.missing) missing += (missing.empty() ? ": " : ", ") + one.text;
    if (!missing.empty() && std::all_of(approval.missing.begin(), approval.missing.end(),
                                        [](const auto& one) { return one.count == 0; }))
        return quoted(stack) + " may not be applied yet" + missing + ".";
    return "Approvals of " + quoted(stack) + " are missing" + missing + ".";
}

std::string confirmed(const StackId& stack) {
    return quoted(stack) +
           " is confirmed: it is applied when a worker has looked at everything again.";
}

std::string applies_before_merge(const StackId& stack) {
    return quoted(stack) + " is planned once more and applied if the plan is the one shown here.";
}

std::string no_plan_to_apply(const StackId& stack, std::string_view command_word) {
    return quoted(stack) + " has no plan to apply; `" + std::string(command_word) +
           " plan` makes one.";
}

std::string approvals_missing(const StackId& stack) {
    return "Approvals of " + quoted(stack) + " are missing.";
}

std::string denied(const StackId& stack) {
    return quoted(stack) + " is denied, so nothing of it is applied.";
}

std::string nothing_to_apply_before_merge(const StackId& stack) {
    return quoted(stack) + " has no finished plan with changes to apply.";
}

std::string applied_after_merge(const StackId& stack) {
    return quoted(stack) + " is applied after the merge; merge the pull request first.";
}

std::string waits_for_no_confirmation(const StackId& stack, const Run* run) {
    return quoted(stack) + " does not wait for a confirmation" + its_run(run) + ".";
}

std::string nothing_to_cancel(const StackId& stack) {
    return quoted(stack) + " has nothing to cancel.";
}

std::string plan_dropped(const StackId& stack) {
    return "The plan of " + quoted(stack) +
           " is dropped: nothing of it can be applied before it is planned again.";
}

std::string nothing_held() { return "This pull request holds no lock and no plan."; }

std::string cancelled(const StackId& stack, RunState state) {
    return quoted(stack) + " is " + std::string(word(state)) + ".";
}

std::string nothing_unknown(const StackId& stack, const Run* run) {
    return quoted(stack) + " has no apply whose end is unknown" + its_run(run) + ".";
}

std::string say_how_it_ended(const StackId& stack) {
    return "Say how the apply of " + quoted(stack) + " ended: `applied` or `failed`.";
}

std::string resolved(const StackId& stack, Resolution how) {
    return "The apply of " + quoted(stack) + " counts as " + std::string(word(how)) +
           "; a new plan shows what is left.";
}

std::string planning_again() { return "Planning again."; }

std::string only_open_is_planned() {
    return "Only an open pull request can be planned again; after the merge, `retry` plans again "
           "what failed.";
}

std::string nothing_failed() { return "Nothing here failed."; }

std::string nothing_to_retry(const StackId& stack, const Run* run) {
    return quoted(stack) + " has nothing to begin again" +
           (run ? ": its run " + state_said(*run) : "") + ".";
}

std::string another_run_under_way(const Run& run, const Run& other) {
    return quoted(run.stack) + " has another run under way: " + name_of(other) + " " +
           state_said(other) + ". Let it come to its end, or cancel it; then ask again.";
}

std::string asked_for_already(const Run& run, const Run& other) {
    return quoted(run.stack) + " was asked for again already: " + name_of(other) + " " +
           state_said(other) + ".";
}

std::string upstream_not_finished(const Run& run, const Run& upstream) {
    return quoted(run.stack) + " depends on " + quoted(upstream.stack) + ", whose run is " +
           std::string(word(upstream.state)) + ". Retry that; " + quoted(run.stack) + " follows.";
}

std::string retrying(const std::vector<StackId>& asked, const std::vector<StackId>& follow,
                     std::string_view branch) {
    return "Planning " + quoted(asked) + " again from the tip of " + std::string(branch) +
           (follow.empty() ? "." : "; what was skipped for it follows: " + quoted(follow) + ".");
}

std::string not_to_be_destroyed(const StackId& stack) {
    return "the settings of " + quoted(stack) + " do not say `delete: destroy` any more";
}

std::string not_described(const StackId& stack) {
    return quoted(stack) + " is not described any more";
}

std::string directory_gone(const StackId& stack) {
    return "the directory of " + quoted(stack) + " does not exist on the branch any more";
}

std::string moved_to_another_space(const StackId& stack) {
    return quoted(stack) + " is in another space by now; ask again";
}

std::string branch_gone() { return "the branch does not exist any more"; }

std::string stacks_unreadable(const std::string& finding) {
    return "the stacks cannot be read: " + finding;
}

std::string not_retried(std::string_view why) {
    return "Nothing is planned again: " + std::string(why) + ".";
}

std::string not_a_provider(std::string_view source) {
    return "`" + std::string(source) + "` is not the source of a provider.";
}

std::string allowed_for_stack(const StackId& stack, const std::vector<std::string>& sources) {
    return "Allowed for the stack " + quoted(stack) + ": " + joined(sources) + ".";
}

std::string allowed_here(const std::vector<std::string>& sources) {
    return "Allowed on this pull request: " + joined(sources) + ".";
}

std::string allow_needs_a_plan() {
    return "Providers are allowed on a pull request that was planned, by their sources.";
}

std::string commit_allowed(const CommitSha& commit) {
    return "Allowed: commit `" + std::string(shortened(commit.value)) + "`, and no later one.";
}

std::string commit_needs_no_word() {
    return "Only a commit of an open pull request from a fork has to be allowed.";
}

std::string another_commit(const CommitSha& head) {
    return "The pull request is now at `" + std::string(shortened(head.value)) +
           "`, not at the commit that was named; look at that one first.";
}

std::string plan_again_by_retry(std::string_view command_word) {
    return "To plan again: `" + std::string(command_word) + " retry`.";
}

std::string note_goes_nowhere(const std::vector<std::string>& tools) {
    return "What follows `-- ` is a note; it was not passed to " +
           (tools.empty() ? std::string("the tool") : list_of(tools)) + ".";
}

std::string several_of_key(const std::vector<StackId>& stacks) {
    return "Several stacks are called like that: " + quoted(stacks) + ". Write the whole name.";
}

std::string no_known_stack(std::string_view pattern) {
    return "No stack is called " + code_span(pattern) + ", or has had a run.";
}

std::string name_stacks(std::size_t limit) {
    return "`stacks` is a list of 1 to " + std::to_string(limit) + " names or patterns";
}

std::string how_long_a_lock() { return "`for` is a time such as 30m, 4h or 2d, 30 days at most"; }

}  // namespace slipway::answers
