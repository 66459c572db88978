// `retry`: what is over and did not what it was for is planned again. What is planned is found
// where branches are looked at; here is decided whether it may be.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"

namespace slipway {

namespace {

constexpr int runs_looked_at = 30;

using Targets = std::vector<const RunTarget*>;

std::string quoted(const StackId& stack) { return "`" + stack.value + "`"; }

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

// A run that holds the stack's lane, or has been asked for in place of this one; "": none.
Task<std::string> why_not_now(ControlContext& context, const Run& run) {
    const auto lane = lane_of(run);
    auto members = co_await context.queue.lane(lane);
    for (const auto& member : members) {
        if (member == run.id.value) continue;
        auto other = co_await load<Run>(context.queue, run_key(RunId(member)));
        if (other.version && !is_terminal(other.value.state))
            co_return quoted(run.stack) + " has another run under way: " + name_of(other.value) +
                " " + state_said(other.value) +
                ". Let it come to its end, or cancel it; then ask again.";
    }
    auto recent = co_await context.queue.list("runs/" + run.stack.value, 0, runs_looked_at);
    for (const auto& [id, score] : recent) {
        auto other = co_await load<Run>(context.queue, run_key(RunId(id)));
        if (other.version && other.value.retry_of == run.id)
            co_return quoted(run.stack) + " was asked for again already: " + name_of(other.value) +
                " " + state_said(other.value) + ".";
    }
    co_return "";
}

// An upstream that did not finish, of this run's push or of a retry since, and is not asked for as
// well.
Task<std::string> broken_upstream(ControlContext& context, const Run& run,
                                  const std::vector<Run>& all) {
    for (const auto& id : run.waits_for) {
        if (std::any_of(all.begin(), all.end(), [&](const Run& one) { return one.id == id; }))
            continue;
        auto upstream = co_await load<Run>(context.queue, run_key(id));
        if (!upstream.version || upstream.value.state == RunState::finished) continue;
        auto recent =
            co_await context.queue.list("runs/" + upstream.value.stack.value, 0, runs_looked_at);
        bool finished_since = false;
        for (const auto& [other_id, score] : recent) {
            auto other = co_await load<Run>(context.queue, run_key(RunId(other_id)));
            if (other.version && other.value.retry_of == id)
                finished_since = other.value.state == RunState::finished;
        }
        if (!finished_since)
            co_return quoted(run.stack) + " depends on " + quoted(upstream.value.stack) +
                ", whose run is " + std::string(word(upstream.value.state)) + ". Retry that; " +
                quoted(run.stack) + " follows.";
    }
    co_return "";
}

// With the dependents that were skipped, and theirs.
Task<std::vector<Run>> with_dependents(ControlContext& context, const Targets& targets) {
    std::vector<Run> out;
    for (const auto* target : targets) out.push_back(target->run.value);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto dependents = out[i].dependents;
        for (const auto& id : dependents) {
            if (std::any_of(out.begin(), out.end(), [&](const Run& run) { return run.id == id; }))
                continue;
            auto run = co_await load<Run>(context.queue, run_key(id));
            if (run.version && run.value.state == RunState::skipped)
                out.push_back(std::move(run.value));
        }
    }
    co_return out;
}

bool failed(const Run& run) {
    return run.state == RunState::failed || run.state == RunState::canceled ||
           run.state == RunState::stopped;
}

void plan_pull_again(CommandContext& command, Targets targets) {
    if (command.request.only_failed) {
        std::erase_if(targets, [](const RunTarget* target) {
            return !target->run.version || !failed(target->run.value);
        });
        if (targets.empty()) return refuse(command, Answer::Kind::refused, "Nothing here failed.");
    }
    plan_again(command, targets);
}

}  // namespace

bool can_be_retried(const Run& run) {
    if (run.kind != RunKind::tracked || run.before_merge) return false;
    return run.state == RunState::failed || run.state == RunState::canceled ||
           run.state == RunState::discarded || run.state == RunState::stopped ||
           run.state == RunState::skipped;
}

Task<void> retry(ControlContext& context, CommandContext& command, Targets targets) {
    if (command.request.pull && command.pull.value.pull.state == PullState::open) {
        plan_pull_again(command, std::move(targets));
        co_return;
    }
    if (command.request.only_failed)
        std::erase_if(targets, [](const RunTarget* target) {
            return !target->run.version || target->run.value.state != RunState::failed;
        });
    if (targets.empty()) co_return refuse(command, Answer::Kind::refused, "Nothing here failed.");
    for (const auto* target : targets) {
        if (target->run.version && can_be_retried(target->run.value)) continue;
        const auto& id = target->stack ? target->stack->settings.id : target->run.value.stack;
        co_return refuse(
            command, Answer::Kind::refused,
            quoted(id) + " has nothing to begin again" +
                (target->run.version ? ": its run " + state_said(target->run.value) : "") + ".");
    }
    const auto all = co_await with_dependents(context, targets);
    LookRequest look;
    std::string asked, follow;
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto why_not = co_await why_not_now(context, all[i]);
        if (why_not.empty()) why_not = co_await broken_upstream(context, all[i], all);
        if (!why_not.empty()) co_return refuse(command, Answer::Kind::refused, why_not);
        look.retried.push_back(all[i].id);
        auto& list = i < targets.size() ? asked : follow;
        list += (list.empty() ? "" : ", ") + quoted(all[i].stack);
    }
    look.pull = command.request.pull.value_or(PullRequestName{all.front().repository, 0});
    look.actor = command.request.actor;
    look.comment_id = command.request.comment_id;
    command.commit.jobs.push_back(make_job(JobKind::look, "again/" + all.front().id.value, look));
    say(command, "Planning " + asked + " again from the tip of " + all.front().settings.branch +
                     (follow.empty() ? "." : "; what was skipped for it follows: " + follow + "."));
}

}  // namespace slipway
