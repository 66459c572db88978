// What a call means that names stacks, and neither a pull request nor a run: those of the
// organisation's tree, and those that describe themselves, as their newest run knew them.
#include <algorithm>
#include <map>
#include <set>

#include "handlers/runs/control/command_context.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

using KnownStacks = std::map<StackId, Stack>;

Task<KnownStacks> read_known_stacks(ControlContext& context) {
    constexpr int most = 100'000;
    KnownStacks out;
    for (const auto& stack : context.organisation()->stacks) out.emplace(stack.id, stack);
    const auto listed = co_await context.queue.list(stacks_index(), 0, most);
    for (const auto& [member, score] : listed) {
        const StackId id(member);
        if (out.contains(id)) continue;
        const auto newest = co_await context.queue.list(runs_index(id), 0, 1);
        if (newest.empty()) continue;
        const auto run = co_await load<Run>(context.queue, run_key(RunId(newest.front().first)));
        if (run.version) out.emplace(id, run.value.settings);
    }
    co_return out;
}

// A stack's key in its repository's own file may be that of another repository's stack, too.
std::vector<StackId> meant_by_key(const CommandTarget& target, const KnownStacks& known) {
    std::vector<StackId> out;
    if (known.contains(StackId(target.pattern))) return out;
    for (const auto& [id, stack] : known)
        if (names(target, stack)) out.push_back(id);
    return out;
}

RunTarget target_for(const Stack& stack, bool named) {
    RunTarget out;
    out.named = named;
    out.run.value.stack = stack.id;
    out.run.value.repository = stack.repository;
    out.run.value.settings = stack;
    return out;
}

// Adds what depends on it, directly or not, each before what it needs.
void add_dependents(const StackId& needed, const KnownStacks& known, std::set<StackId>& seen,
                    std::vector<StackId>& out) {
    for (const auto& [id, stack] : known) {
        if (std::ranges::find(stack.depends_on, needed) == stack.depends_on.end()) continue;
        if (!seen.insert(id).second) continue;
        add_dependents(id, known, seen, out);
        out.push_back(id);
    }
}

// As far as its runs tell; what never had one manages nothing.
Task<bool> may_manage_something(Queue& queue, StackId stack) {
    const auto any = co_await queue.list(runs_index(stack), 0, 1);
    if (any.empty()) co_return false;
    const auto resources = co_await resources_of(queue, stack);
    co_return resources != 0;
}

Task<std::vector<StackId>> needed_by(ControlContext& context, StackId needed,
                                     const KnownStacks& known) {
    std::set<StackId> seen{needed};
    std::vector<StackId> dependents, out;
    add_dependents(needed, known, seen, dependents);
    for (const auto& id : dependents) {
        const bool holds = co_await may_manage_something(context.queue, id);
        if (holds) out.push_back(id);
    }
    co_return out;
}

}  // namespace

Task<void> find_known_stacks(ControlContext& context, CommandContext& command) {
    const auto known = co_await read_known_stacks(context);
    std::map<StackId, bool> meant;  // whether by its name
    for (const auto& target : command.request.targets) {
        const auto of_key = meant_by_key(target, known);
        if (of_key.size() > 1)
            co_return refuse(command, Answer::Kind::impossible, answers::several_of_key(of_key));
        bool any = false;
        for (const auto& [id, stack] : known) {
            if (!target_matches(target, stack)) continue;
            any = true;
            meant[id] = meant[id] || names(target, stack);
        }
        if (!any)
            co_return refuse(command, Answer::Kind::impossible,
                             answers::no_known_stack(target.pattern));
    }
    for (const auto& [id, named] : meant)
        command.targets.push_back(target_for(known.at(id), named));
    if (command.request.verb == Verb::destroy && command.targets.size() == 1)
        command.targets.front().needed_by =
            co_await needed_by(context, command.targets.front().settings().id, known);
}

}  // namespace slipway
