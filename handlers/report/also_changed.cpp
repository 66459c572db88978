#include "handlers/report/also_changed.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "queue/store.hpp"

namespace slipway {

namespace {

constexpr int runs_looked_at = 60;       // of a stack
constexpr std::size_t most_stacks = 10;  // more would be read for each report than it is worth

// The newest plan of each other pull request, where it changes something.
Task<std::map<int, Run>> other_plans(ReportContext& context, RepositoryName repository, int own,
                                     StackId stack) {
    const auto listed = co_await context.queue.list(runs_index(stack), 0, runs_looked_at);
    std::vector<std::string> keys;
    for (const auto& [id, score] : listed) keys.push_back(run_key(RunId(id)));
    const auto records = co_await context.queue.read_many(keys);
    std::map<int, Run> out;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!records[i].version) continue;
        auto run = decoded_record<Run>(keys[i], records[i]);
        if (run.kind == RunKind::proposed && run.pull && *run.pull != own &&
            run.repository == repository)
            out.emplace(*run.pull, std::move(run));
    }
    std::erase_if(out, [](const auto& one) {
        const auto& run = one.second;
        return run.state != RunState::finished || !plan_of(run).changes;
    });
    co_return out;
}

bool shows(const PullRecord& record, const Run& run) {
    return record.pull.state == PullState::open && !record.discovering_stacks &&
           std::any_of(record.stacks.begin(), record.stacks.end(),
                       [&](const PullStack& stack) { return stack.proposed == run.id; });
}

// Addresses that both plans change, in the order of the first.
std::vector<std::string> in_common(const Plan& plan, const Plan& other) {
    std::set<std::string_view> theirs;
    for (const auto& change : other.changes) theirs.insert(change.address);
    std::vector<std::string> out;
    for (const auto& change : plan.changes)
        if (theirs.contains(change.address)) out.push_back(change.address);
    return out;
}

Task<void> add_to(ReportContext& context, const PullRequestName& own, StackReport& stack) {
    const auto plans = co_await other_plans(context, own.repository, own.number, stack.stack);
    for (const auto& [number, run] : plans) {
        const PullRequestName name{own.repository, number};
        const auto record = co_await load<PullRecord>(context.queue, pull_key(name));
        if (!record.version || !shows(record.value, run)) continue;
        AlsoChanged also{number, {}};
        // Of the plan itself, whether its own comment shows it already or not: what is written here
        // is written anew when that plan is judged, and not when it is shown.
        if (const auto theirs = context.plans.get(plan_of(run).document))
            also.common = in_common(*stack.plan, *theirs);
        stack.also_changed.push_back(std::move(also));
    }
}

}  // namespace

Task<void> add_also_changed(ReportContext& context, Report& report) {
    if (report.phase != PullPhase::proposed || report.pull.state != PullState::open ||
        report.stacks.size() > most_stacks)
        co_return;
    for (auto& stack : report.stacks)
        if (stack.run && stack.plan && stack.run->state == RunState::finished &&
            plan_of(*stack.run).changes)
            co_await add_to(context, report.pull.name, stack);
}

}  // namespace slipway
