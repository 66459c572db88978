// Runs that a person asks for by a call: a look for drift, or a destroy. Whether that may be is
// decided here; where the run begins is found where branches are looked at.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

// `target.run` has the stack as it is known, and an id that nothing else has.
Run asked_run(const RunTarget& target, const Request& request, std::int64_t now_ms) {
    Run run = target.run.value;
    run.kind = request.verb == Verb::drift ? RunKind::drift : RunKind::tracked;
    run.destroy = request.verb == Verb::destroy;
    run.asked = true;
    run.triggered_by = request.actor;
    if (run.destroy) run.must_confirm = {Cause::destroys_stack};
    begin_history(run, now_ms, request.actor.text());
    run.history.front().note = request.note;
    return run;
}

// A look for drift that waits or is under way tells whoever asks now the same.
const Run* same_look(const RunTarget& target) {
    const auto at = std::ranges::find(target.ahead, RunKind::drift, &Run::kind);
    return at == target.ahead.end() ? nullptr : &*at;
}

// "": a destroy may be planned.
std::string why_not_destroyed(const Request& request, const RunTarget& target) {
    const auto& stack = target.settings();
    if (!target.named) return answers::name_the_stack_to_destroy();
    if (request.confirm != stack.id.value && request.confirm != request.targets.front().pattern)
        return answers::type_its_name_again(stack.id);
    if (stack.mode == Mode::observe) return answers::only_observed(stack.id);
    if (!target.needed_by.empty()) return answers::destroy_these_first(stack.id, target.needed_by);
    for (const auto& run : target.ahead)
        if (run.destroy && run.asked) return answers::destroys_already(run);
    return "";
}

}  // namespace

void ask_for_run(const ControlContext& context, CommandContext& command) {
    const auto& request = command.request;
    if (command.targets.size() != 1)
        return refuse(command, Answer::Kind::impossible, answers::name_one_stack());
    const auto& target = command.targets.front();
    if (request.verb == Verb::destroy) {
        if (auto why = why_not_destroyed(request, target); !why.empty())
            return refuse(command, Answer::Kind::refused, std::move(why));
    } else if (const auto* same = same_look(target)) {
        command.answer.run = same->id;
        return say(command, answers::looks_already(*same));
    }
    const auto run = asked_run(target, request, context.clock.now_ms());
    announce_run(command.commit, run);
    LookRequest look;
    look.pull.repository = run.repository;  // with its jobs it takes turns
    look.asked = run.id;
    command.commit.jobs.push_back(make_job(jobs::look_for(run.id), look));
    command.answer.run = run.id;
    const auto* first = target.ahead.empty() ? nullptr : &target.ahead.front();
    say(command, run.destroy ? answers::plans_destroy(run, first) : answers::looks(run, first));
}

}  // namespace slipway
