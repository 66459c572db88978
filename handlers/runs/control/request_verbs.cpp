// What each verb of a request does to one target; who may ask is decided in requests.cpp.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"
#include "service/base/digest.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

const StackId& stack_of(const RunTarget& target) {
    return target.stack ? target.stack->settings.id : target.run.value.stack;
}

const Run* run_of(const RunTarget& target) {
    return target.run.version ? &target.run.value : nullptr;
}

// What is asked of this stack is not done; of others it may be.
void decline(CommandContext& command, const std::string& sentence) {
    if (command.targets.size() == 1)
        refuse(command, Answer::Kind::refused, sentence);
    else
        say(command, sentence);
}

// A destroy of all that a stack manages is confirmed by whoever says which stack, and by nobody in
// passing.
bool lacks_its_name(const ControlContext& context, CommandContext& command,
                    const RunTarget& target) {
    const auto& run = target.run.value;
    if (!run.destroy || target.named) return false;
    decline(command,
            answers::must_be_named(run.stack, plan_of(run).counts.remove, context.command_word));
    return true;
}

// Nothing of a locked stack is applied, whoever asks.
bool is_locked(const ControlContext& context, CommandContext& command, const RunTarget& target) {
    if (!holds(target.lock.value, context.clock.now_ms())) return false;
    decline(command, answers::not_applied_while_locked(
                         target.lock.value,
                         unlock_command(context, command.request, {target.settings().id})));
    return true;
}

void confirm(const ControlContext& context, CommandContext& command, RunTarget& target) {
    const auto& run = target.run.value;
    if (is_locked(context, command, target)) return;
    if (lacks_its_name(context, command, target)) return;
    if (run.settings.mode == Mode::observe)
        return refuse(command, Answer::Kind::refused, answers::only_observed(run.stack));
    if (!target.plan.empty() && !plan_of(run).digest.starts_with(target.plan))
        return refuse(command, Answer::Kind::refused,
                      answers::another_plan(run.stack, plan_of(run).digest, false));
    const auto& approval = target.considered.value().approval;
    if (approval.approval != Approval::approved)
        return refuse(command, Answer::Kind::refused,
                      answers::approval_stands_against(run.stack, approval));
    start_apply(context, command.commit, target.run, approval, command.request.actor.text(),
                command.request.note);
    leave_reports(command.commit, target.behind);
    say(command, answers::confirmed(run.stack));
}

// A tracked run of the merge result, which applies if its plan is the one shown here.
Run run_before_merge(const Run& shown, const Request& request, std::int64_t now_ms) {
    const auto asked =
        shown.id.value + "/" + request.comment_id + "/" + std::to_string(request.given_at_ms);
    Run run;
    static_cast<RunRequest&>(run) = shown;  // the same, but
    run.id = RunId("b" + sha256_hex(asked).substr(0, 19));
    run.kind = RunKind::tracked;
    run.before_merge = true;
    run.waits_for.clear();
    run.dependents.clear();
    run.approved_run = shown.id;
    run.confirmation = Confirmation{request.actor.text(), std::nullopt};
    begin_history(run, now_ms, request.actor.text());
    return run;
}

void apply_before_merge(const ControlContext& context, CommandContext& command, RunTarget& target) {
    auto run = run_before_merge(target.run.value, command.request, context.clock.now_ms());
    target.stack->tracked = run.id;
    command.pull_changed = true;
    say(command, answers::applies_before_merge(run.stack));
    command.before_merge.push_back(std::move(run));
}

// On a pull request: before the merge where its stack is applied then, else not yet.
void apply_proposed(const ControlContext& context, CommandContext& command, RunTarget& target) {
    const auto& run = target.run.value;
    const auto& stack = stack_of(target);
    if (run.settings.mode == Mode::observe) return decline(command, answers::only_observed(stack));
    const bool before_merge = run.settings.apply_when == ApplyWhen::before_merge;
    if (before_merge && run.state == RunState::finished && plan_of(run).changes) {
        if (target.stack->approval.approval != Approval::approved)
            return refuse(command, Answer::Kind::refused, answers::approvals_missing(stack));
        if (is_locked(context, command, target)) return;
        if (!lacks_its_name(context, command, target)) apply_before_merge(context, command, target);
        return;
    }
    refuse(command, Answer::Kind::refused,
           plan_of(run).decision.verdict == Verdict::denied ? answers::denied(stack)
           : before_merge ? answers::nothing_to_apply_before_merge(stack)
                          : answers::applied_after_merge(stack));
}

void apply(const ControlContext& context, CommandContext& command, RunTarget& target) {
    const auto& run = target.run.value;
    const bool known = target.run.version > 0;
    if (known && run.kind == RunKind::tracked && run.state == RunState::unconfirmed)
        confirm(context, command, target);
    else if (known && run.kind == RunKind::proposed)
        apply_proposed(context, command, target);
    else if (!known && target.stack && command.pull.value.pull.state == PullState::open)
        decline(command, answers::no_plan_to_apply(stack_of(target), context.command_word));
    else
        refuse(command, Answer::Kind::refused,
               answers::waits_for_no_confirmation(stack_of(target), run_of(target)));
}

bool holds_finished_plan(const CommandContext& command, const RunTarget& target) {
    const auto& run = target.run.value;
    return target.stack && target.run.version && run.kind == RunKind::proposed &&
           run.state == RunState::finished && command.pull.value.pull.state == PullState::open;
}

// What `atlantis unlock` drops is not planned again before somebody asks, so nothing applies it.
void drop_plan(CommandContext& command, RunTarget& target) {
    auto& stack = *target.stack;
    stack.proposed = RunId();
    stack.not_planned = {Cause::ended_by, command.request.actor.login};
    stack.approval = ApprovalDecision();
    command.pull_changed = true;
    say(command, answers::plan_dropped(stack.settings.id));
}

// The same request as before, as it was written: on a pull request, or on the command line.
std::string cancel_command(const ControlContext& context, const Request& request, const Run& run) {
    if (request.comment_id.empty()) return "slipway cancel " + run.id.value;
    return context.command_word + " cancel " + run.stack.value;
}

// An apply that runs is interrupted by whoever says so twice: what it leaves is half done.
void interrupt(const ControlContext& context, CommandContext& command, RunTarget& target) {
    auto& run = target.run.value;
    const auto& request = command.request;
    const auto now_ms = context.clock.now_ms();
    if (is_interrupted(run))
        return refuse(command, Answer::Kind::refused, answers::interrupted_already(run));
    if (run.interrupt && now_ms - run.interrupt->asked_at_ms <= interrupt_patience_ms) {
        interrupt_run(command.commit, target.run, request.actor.text(), request.note, now_ms);
        return say(command, answers::interrupts(run));
    }
    run.interrupt = Interrupt{request.actor.text(), request.note, now_ms, 0};
    command.commit.records.push_back(save(run_key(run.id), target.run));
    command.answer.counts = false;
    say(command, answers::asks_before_interrupt(run, cancel_command(context, request, run)));
}

void cancel(const ControlContext& context, CommandContext& command, RunTarget& target) {
    if (command.request.or_cancel && holds_finished_plan(command, target))
        return drop_plan(command, target);
    auto& run = target.run.value;
    const auto& request = command.request;
    if (target.run.version && run.state == RunState::applying && !request.or_cancel)
        return interrupt(context, command, target);
    const bool can = target.run.version && next(run.kind, run.state, RunEvent::canceled);
    if (!can && request.or_cancel && run.state != RunState::applying) return;
    if (!can) return refuse(command, Answer::Kind::refused, answers::nothing_to_cancel(run.stack));
    Cancellation how;
    how.by = request.actor.text();
    how.note = request.note;
    how.now_ms = context.clock.now_ms();
    how.reason = {Cause::ended_by, request.actor.login, request.note};
    cancel_run(command.commit, target.run, how);
    say(command, answers::cancelled(run.stack, run.state));
}

// A person who has looked says how an apply ended whose end nobody saw. What is left shows in a new
// plan.
void resolve(const ControlContext& context, CommandContext& command, RunTarget& target) {
    auto& run = target.run.value;
    const auto& stack = stack_of(target);
    const auto& request = command.request;
    if (!target.run.version || run.state != RunState::unknown)
        return refuse(command, Answer::Kind::refused,
                      answers::nothing_unknown(stack, run_of(target)));
    if (!request.resolution)
        return refuse(command, Answer::Kind::impossible, answers::say_how_it_ended(stack));
    const auto resolution = *request.resolution;
    const bool applied = resolution == Resolution::applied;
    const auto& follow_up = target.follow_up.value();
    Cancellation said;
    said.by = request.actor.text();
    said.note = request.note;
    said.now_ms = context.clock.now_ms();
    said.reason = {applied ? Cause::resolved_applied : Cause::resolved_failed, request.actor.login,
                   request.note};
    resolve_run(command.commit, target.run, follow_up, applied, said);
    if (target.stack && target.stack->tracked == run.id) {
        target.stack->tracked = follow_up.id;
        command.pull_changed = true;
    }
    say(command, answers::resolved(stack, resolution));
}

std::vector<const RunTarget*> every_target(const CommandContext& command) {
    std::vector<const RunTarget*> out;
    for (const auto& target : command.targets) out.push_back(&target);
    return out;
}

// Adds what is new of `more`.
void add_sources(std::vector<std::string>& allowed, const std::vector<std::string>& more) {
    for (const auto& source : more)
        if (std::find(allowed.begin(), allowed.end(), source) == allowed.end())
            allowed.push_back(source);
}

void allow_for_stack(CommandContext& command) {
    auto& target = command.targets.front();
    const auto& run = target.run.value;
    const auto& sources = command.request.providers;
    for (const auto& source : sources)
        if (provider_address(source, run.settings.tool).empty())
            return refuse(command, Answer::Kind::impossible, answers::not_a_provider(source));
    auto basis = target.providers;
    if (!basis.version) basis.value.commit = run.base;
    add_sources(basis.value.allowed, sources);
    say(command, answers::allowed_for_stack(run.stack, sources));
    command.commit.records.push_back(save(providers_key(run.settings.id), basis));
    if (can_be_retried(run)) retry(command, {&target});
}

// Whoever allows a fork's commit has looked at it: a newer one is another, and nobody's yet.
void allow_commit(CommandContext& command) {
    auto& pull = command.pull.value;
    const auto& head = pull.pull.head;
    if (!pull.pull.fork || pull.pull.state != PullState::open)
        return refuse(command, Answer::Kind::impossible, answers::commit_needs_no_word());
    if (!head.value.starts_with(command.request.commit))
        return refuse(command, Answer::Kind::refused, answers::another_commit(head));
    pull.allowed_commit = head;
    say(command, answers::commit_allowed(head));
    command.pull_changed = true;
    plan_again(command, every_target(command));
}

}  // namespace

void allow(const ControlContext& context, CommandContext& command) {
    if (command.request.run) return allow_for_stack(command);
    auto& pull = command.pull;
    if (!command.request.commit.empty()) return allow_commit(command);
    if (!pull.version || command.request.providers.empty())
        return refuse(command, Answer::Kind::impossible, answers::allow_needs_a_plan());
    add_sources(pull.value.allowed_providers, command.request.providers);
    say(command, answers::allowed_here(command.request.providers));
    command.pull_changed = true;
    if (pull.value.pull.state != PullState::open)
        return say(command, answers::plan_again_by_retry(context.command_word));
    plan_again(command, every_target(command));
}

void carry_out(const ControlContext& context, CommandContext& command, RunTarget& target) {
    switch (command.request.verb) {
        case Verb::apply:
            return apply(context, command, target);
        case Verb::approve:
        case Verb::reject:
            if (!target.stack) break;
            return record_vote(command, target, command.request.verb == Verb::approve);
        case Verb::cancel:
            return cancel(context, command, target);
        case Verb::explain:
            if (!target.stack) break;
            command.explained.push_back(target.stack->settings.id);  // as it is when it is written
            return;
        case Verb::resolve:
            return resolve(context, command, target);
        case Verb::retry:
        case Verb::allow:
        case Verb::lock:
        case Verb::unlock:
        case Verb::plan:
        case Verb::drift:
        case Verb::destroy:
        case Verb::help:
            return;
    }
    refuse(command, Answer::Kind::impossible, answers::of_no_pull_request());
}

}  // namespace slipway
