// What a request is about, read: the pull request, the runs that are meant, and what its verb needs
// to know of them.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"
#include "service/base/digest.hpp"
#include "service/base/nearest.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

Task<void> find_run(ControlContext& context, CommandContext& command) {
    auto& request = command.request;
    RunTarget target;
    target.run = co_await load<Run>(context.queue, run_key(*request.run));
    if (!target.run.version)
        co_return refuse(command, Answer::Kind::impossible, answers::no_such_run(*request.run));
    const auto& run = target.run.value;
    if (run.pull) request.pull = PullRequestName{run.repository, *run.pull};
    target.named = true;
    command.targets.push_back(std::move(target));
}

// Why nothing can be asked about the pull request as it is known; "": it can.
std::string why_not_about(const CommandContext& command) {
    const auto& request = command.request;
    const auto& known = command.pull.value;
    if (request.run || request.verb == Verb::plan) return "";
    if (!command.pull.version) return answers::not_looked_at_yet();
    if (known.discovering_stacks && known.pull.state == PullState::open)
        return answers::newest_commit_not_planned();
    return "";
}

// Not where its event was lost, and not while its first commit is being looked at.
bool stacks_are_known(const Stored<PullRecord>& pull) {
    const auto& known = pull.value;
    if (!known.stacks.empty() || known.pull.state != PullState::open) return pull.version != 0;
    return pull.version != 0 && !known.discovering_stacks;
}

// nullopt: the request does not mean this stack.
std::optional<RunTarget> target_of(const Request& request, PullStack& stack) {
    RunTarget target;
    target.stack = &stack;
    const CommandTarget* meant = nullptr;
    for (const auto& candidate : request.targets) {
        if (target_matches(candidate, stack.settings)) meant = &candidate;
        target.named = target.named || names(candidate, stack.settings);
    }
    if (!request.targets.empty() && !meant) return std::nullopt;
    if (meant) target.plan = meant->plan;
    return target;
}

// The first target that fits none of the pull request's stacks.
const CommandTarget* fits_nothing(const CommandContext& command) {
    for (const auto& target : command.request.targets)
        if (std::ranges::none_of(command.pull.value.stacks, [&](const PullStack& stack) {
                return target_matches(target, stack.settings);
            }))
            return &target;
    return nullptr;
}

// Whoever names something that is not there may have meant another stack: none is worked on.
void refuse_unknown(CommandContext& command, const CommandTarget& unknown) {
    std::vector<StackId> concerned;
    std::vector<std::string> names;
    for (const auto& stack : command.pull.value.stacks) {
        concerned.push_back(stack.settings.id);
        names.push_back(stack.settings.id.value);
    }
    command.targets.clear();
    const auto meant = nearest(unknown.pattern, names);
    refuse(
        command, Answer::Kind::impossible,
        answers::no_such_stack(concerned, meant.value_or(""), command.request.targets.size() > 1));
}

Task<void> find_stacks(ControlContext& context, CommandContext& command) {
    for (auto& stack : command.pull.value.stacks) {
        auto target = target_of(command.request, stack);
        if (!target) continue;
        const auto& id = stack.tracked.empty() ? stack.proposed : stack.tracked;
        if (!id.empty()) target->run = co_await load<Run>(context.queue, run_key(id));
        command.targets.push_back(std::move(*target));
    }
    if (command.pull.value.stacks.empty())
        co_return refuse(command, Answer::Kind::impossible, answers::no_stack_concerned());
    if (const auto* unknown = fits_nothing(command)) refuse_unknown(command, *unknown);
}

Task<Considered> consider_target(ControlContext& context, CommandContext& command, Run run) {
    std::vector<ForgeReview> reviews;
    auto& forge = *context.forges.at(run.repository.forge);
    if (command.request.pull) reviews = co_await forge.reviews(*command.request.pull);
    const PullRecord* pull = command.pull.version ? &command.pull.value : nullptr;
    auto out = co_await consider_run(context, run, pull, &command.posted.value, reviews);
    co_await keep_asked(context, out);
    co_return out;
}

Task<void> read_lock(ControlContext& context, CommandContext& command, RunTarget& target) {
    const auto& request = command.request;
    const auto& stack = target.settings();
    target.lock = co_await load<StackLock>(context.queue, lock_key(stack.id));
    if (request.verb == Verb::unlock) {
        const auto& holder = target.lock.value.holder;
        const auto& repository = target.repository(command.pull.value);
        target.may_unlock =
            holder.forge == request.actor.forge && holder.login == request.actor.login;
        if (!target.may_unlock)
            target.may_unlock =
                co_await may(context, request, repository, stack.space, Role::admin);
    }
    if (request.verb != Verb::lock) co_return;
    const auto lane = co_await context.queue.lane(stack_lane(stack.id));
    if (lane.empty()) co_return;
    const auto first = co_await load<Run>(context.queue, run_key(RunId(lane.front())));
    target.is_applying = first.value.state == RunState::applying;
}

Task<void> read_lane(ControlContext& context, RunTarget& target) {
    const auto members = co_await context.queue.lane(stack_lane(target.settings().id));
    std::vector<RunId> ids(members.begin(), members.end());
    const auto runs = co_await load_runs(context.queue, std::move(ids));
    for (const auto& run : runs)
        if (!is_terminal(run.value.state)) target.ahead.push_back(run.value);
    target.run.value.id = RunId("a" + sha256_hex(random_id()).substr(0, 19));
}

Task<void> read_target(ControlContext& context, CommandContext& command, RunTarget& target) {
    const auto& request = command.request;
    const auto& run = target.run.value;
    if (request.verb == Verb::apply || request.verb == Verb::lock || request.verb == Verb::unlock)
        co_await read_lock(context, command, target);
    if (request.verb == Verb::drift || request.verb == Verb::destroy)
        co_await read_lane(context, target);
    if (!target.run.version) co_return;
    if (request.verb == Verb::apply && run.kind == RunKind::tracked &&
        run.state == RunState::unconfirmed) {
        target.considered = co_await consider_target(context, command, run);
        target.behind = co_await pulls_behind(context, run);
    }
    if (request.verb == Verb::approve && request.granted < Role::writer)
        target.not_counted =
            co_await why_not_counted(context, run.repository, request.actor, run.settings.space);
    if (request.verb == Verb::resolve && run.state == RunState::unknown && request.resolution)
        target.follow_up = co_await make_follow_up(context, run);
    if (request.verb == Verb::allow && request.run) {
        const auto key = providers_key(run.settings.id);
        target.providers = co_await load<ProviderBasis>(context.queue, key);
    }
}

// What a run that is asked for now may have to wait for.
Task<void> read_under_way(ControlContext& context, CommandContext& command) {
    std::vector<RunId> ids;
    for (const auto& stack : command.pull.value.stacks)
        if (!stack.tracked.empty()) ids.push_back(stack.tracked);
    command.under_way = co_await load_runs(context.queue, std::move(ids));
    std::erase_if(command.under_way,
                  [](const StoredRun& run) { return is_terminal(run.value.state); });
}

}  // namespace

Task<void> find_targets(ControlContext& context, CommandContext& command) {
    const auto& request = command.request;
    if (request.run)
        co_await find_run(context, command);
    else if (!request.pull)
        co_await find_known_stacks(context, command);
    if (command.refused() || !request.pull) co_return;
    command.pull = co_await load<PullRecord>(context.queue, pull_key(*request.pull));
    command.posted = co_await load<PostedRecord>(context.queue, posted_key(*request.pull));
    if (const auto why = why_not_about(command); !why.empty())
        co_return refuse(command, Answer::Kind::impossible, why);
    if (request.run) {
        auto& target = command.targets.front();
        for (auto& stack : command.pull.value.stacks)
            if (stack.settings.id == target.run.value.stack) target.stack = &stack;
    } else if (stacks_are_known(command.pull)) {  // else all of it is planned
        co_await find_stacks(context, command);
    }
}

Task<void> read_for_verb(ControlContext& context, CommandContext& command) {
    for (auto& target : command.targets) co_await read_target(context, command, target);
    if (command.request.verb == Verb::apply) co_await read_under_way(context, command);
    const auto again = retried_on_branch(command, planned_again(command));
    co_await read_retried(context, command, again);
}

}  // namespace slipway
