// What a call means that names stacks, and neither a pull request nor a run: those of the
// organisation's tree, and those that describe themselves, as their newest run knew them.
#include <algorithm>
#include <map>

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
}

}  // namespace slipway
