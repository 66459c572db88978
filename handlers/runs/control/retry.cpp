// `retry`: what is over and did not what it was for is planned again. What is planned is found
// where branches are looked at; here is decided whether it may be.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

constexpr int runs_looked_at = 30;

using Targets = std::vector<const RunTarget*>;

std::vector<Run> values_of(const std::vector<StoredRun>& stored) {
    std::vector<Run> out;
    for (const auto& run : stored) out.push_back(run.value);
    return out;
}

Task<std::vector<Run>> recent_runs(Queue& queue, StackId stack) {
    auto listed = co_await queue.list(runs_index(stack), 0, runs_looked_at);
    std::vector<RunId> ids;
    for (const auto& [id, score] : listed) ids.emplace_back(id);
    const auto found = co_await load_runs(queue, std::move(ids));
    co_return values_of(found);
}

Task<RetriedRun> read_run(Queue& queue, Run run) {
    RetriedRun out;
    const auto lane = lane_of(run);
    auto members = co_await queue.lane(lane);
    std::erase(members, run.id.value);
    std::vector<RunId> ids(members.begin(), members.end());
    const auto in_lane = co_await load_runs(queue, std::move(ids));
    out.in_lane = values_of(in_lane);
    out.recent = co_await recent_runs(queue, run.stack);
    const auto upstreams = co_await load_runs(queue, run.waits_for);
    for (const auto& upstream : upstreams) {
        RetriedRun::Upstream one;
        one.run = upstream.value;
        one.recent = co_await recent_runs(queue, upstream.value.stack);
        out.upstreams.push_back(std::move(one));
    }
    out.run = std::move(run);
    co_return out;
}

bool is_among(const std::vector<Run>& runs, const RunId& id) {
    return std::any_of(runs.begin(), runs.end(), [&](const Run& run) { return run.id == id; });
}

// With the dependents that were skipped, and theirs.
Task<std::vector<Run>> with_dependents(Queue& queue, Targets targets) {
    std::vector<Run> out;
    for (const auto* target : targets) out.push_back(target->run.value);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto dependents = co_await load_runs(queue, out[i].dependents);
        for (const auto& run : dependents)
            if (run.value.state == RunState::skipped && !is_among(out, run.value.id))
                out.push_back(run.value);
    }
    co_return out;
}

// A run that holds the stack's lane, or has been asked for in place of this one; "": none.
std::string why_not_now(const RetriedRun& retried) {
    for (const auto& other : retried.in_lane)
        if (!is_terminal(other.state)) return answers::another_run_under_way(retried.run, other);
    for (const auto& other : retried.recent)
        if (other.retry_of == retried.run.id) return answers::asked_for_already(retried.run, other);
    return "";
}

bool finished_since(const RetriedRun::Upstream& upstream) {
    bool finished = false;
    for (const auto& other : upstream.recent)
        if (other.retry_of == upstream.run.id) finished = other.state == RunState::finished;
    return finished;
}

// An upstream that did not finish, of this run's push or of a retry since, and is not asked for as
// well.
std::string broken_upstream(const RetriedRun& retried, const std::vector<RetriedRun>& all) {
    for (const auto& upstream : retried.upstreams) {
        const bool asked = std::any_of(all.begin(), all.end(), [&](const RetriedRun& one) {
            return one.run.id == upstream.run.id;
        });
        if (!asked && upstream.run.state != RunState::finished && !finished_since(upstream))
            return answers::upstream_not_finished(retried.run, upstream.run);
    }
    return "";
}

bool is_open(const CommandContext& command) {
    return command.request.pull && command.pull.value.pull.state == PullState::open;
}

void plan_pull_again(CommandContext& command, Targets targets) {
    if (command.request.only_failed) {
        std::erase_if(targets, [](const RunTarget* target) {
            const auto state = target->run.value.state;
            return !target->run.version ||
                   (state != RunState::failed && state != RunState::canceled &&
                    state != RunState::stopped);
        });
        if (targets.empty())
            return refuse(command, Answer::Kind::refused, answers::nothing_failed());
    }
    plan_again(command, targets);
}

LookRequest look_for(const CommandContext& command) {
    LookRequest look;
    for (const auto& one : command.retried) look.retried.push_back(one.run.id);
    const auto& repository = command.retried.front().run.repository;
    look.pull = command.request.pull.value_or(PullRequestName{repository, 0});
    look.actor = command.request.actor;
    look.comment_id = command.request.comment_id;
    return look;
}

}  // namespace

bool can_be_retried(const Run& run) {
    if (run.kind != RunKind::tracked || run.before_merge || run.asked) return false;
    return run.state == RunState::failed || run.state == RunState::canceled ||
           run.state == RunState::discarded || run.state == RunState::stopped ||
           run.state == RunState::skipped;
}

Targets planned_again(const CommandContext& command) {
    const auto& request = command.request;
    Targets out;
    for (const auto& target : command.targets) {
        const bool over = target.run.version && can_be_retried(target.run.value);
        // A call that names a run means that run and no other: `slipway retry` asks for a new one.
        if (request.verb == Verb::plan || request.verb == Verb::retry ||
            (request.verb == Verb::apply && !request.run && over) ||
            (request.verb == Verb::allow && request.run && over))
            out.push_back(&target);
    }
    return out;
}

Targets retried_on_branch(const CommandContext& command, Targets targets) {
    if (is_open(command) || command.request.verb == Verb::plan) return {};
    if (command.request.only_failed)
        std::erase_if(targets, [](const RunTarget* target) {
            return !target->run.version || target->run.value.state != RunState::failed;
        });
    return targets;
}

Task<void> read_retried(ControlContext& context, CommandContext& command, Targets targets) {
    std::erase_if(targets, [](const RunTarget* target) {
        return !target->run.version || !can_be_retried(target->run.value);
    });
    auto all = co_await with_dependents(context.queue, std::move(targets));
    for (auto& run : all)
        command.retried.push_back(co_await read_run(context.queue, std::move(run)));
}

void plan_again(CommandContext& command, const Targets& targets) {
    LookRequest look;
    look.pull = *command.request.pull;
    for (const auto* target : targets)
        if (target->stack) look.targets.push_back(target->stack->settings.id);
    command.commit.jobs.push_back(
        make_job(jobs::look(look.pull, command.request.comment_id), look));
    say(command, answers::planning_again());
}

void retry(CommandContext& command, Targets targets) {
    if (is_open(command)) return plan_pull_again(command, std::move(targets));
    targets = retried_on_branch(command, std::move(targets));
    if (targets.empty()) return refuse(command, Answer::Kind::refused, answers::nothing_failed());
    for (const auto* target : targets) {
        const auto* run = target->run.version ? &target->run.value : nullptr;
        if (run && can_be_retried(*run)) continue;
        const auto& id = target->stack ? target->stack->settings.id : target->run.value.stack;
        return refuse(command, Answer::Kind::refused, answers::nothing_to_retry(id, run));
    }
    std::vector<StackId> asked, follow;
    for (const auto& one : command.retried) {
        auto why_not = why_not_now(one);
        if (why_not.empty()) why_not = broken_upstream(one, command.retried);
        if (!why_not.empty()) return refuse(command, Answer::Kind::refused, why_not);
        (asked.size() < targets.size() ? asked : follow).push_back(one.run.stack);
    }
    const auto& first = command.retried.front().run;
    command.commit.jobs.push_back(make_job(jobs::look_again(first.id), look_for(command)));
    say(command, answers::retrying(asked, follow, first.settings.branch));
}

}  // namespace slipway
