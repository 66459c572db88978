#include "handlers/runs/control/stale.hpp"

#include <algorithm>
#include <map>

#include "handlers/runs/control/control.hpp"
#include "service/model/request.hpp"

namespace slipway {

namespace {

constexpr int runs_looked_at = 500;
constexpr int runs_beside = 60;  // as many as a report looks at

using RunsByPull = std::map<int, std::vector<Run>>;

// The proposed runs of each other pull request. Which of them is its plan now, its record says, and
// no time does: clocks are set back, the worker's is another, and two runs may be of one moment. A
// plan that was begun since is made once too often.
RunsByPull planned_elsewhere(const std::vector<StoredRun>& newest_first, const Run& ended) {
    RunsByPull out;
    for (const auto& one : newest_first) {
        const auto& run = one.value;
        if (run.kind == RunKind::proposed && run.pull && run.pull != ended.pull &&
            run.repository == ended.repository)
            out[*run.pull].push_back(run);
    }
    return out;
}

const PullStack* planned_stack(const PullRecord& record, const Run& run) {
    if (record.pull.state != PullState::open || record.discovering_stacks) return nullptr;
    for (const auto& stack : record.stacks)
        if (stack.proposed == run.id && stack.tracked.empty()) return &stack;
    return nullptr;
}

Task<std::vector<StalePull>> pulls_with_plans(ControlContext& context, Run ended, int most) {
    const auto listed = co_await context.queue.list(runs_index(ended.stack), 0, most);
    std::vector<RunId> ids;
    for (const auto& [id, score] : listed) ids.emplace_back(id);
    const auto runs = co_await load_runs(context.queue, std::move(ids));
    const auto planned = planned_elsewhere(runs, ended);
    std::vector<StalePull> out;
    for (const auto& [number, its_runs] : planned) {
        const PullRequestName name{ended.repository, number};
        const auto record = co_await load<PullRecord>(context.queue, pull_key(name));
        for (const auto& run : its_runs) {
            const auto* stack = planned_stack(record.value, run);
            if (!stack) continue;
            const bool approved =
                plan_of(run).changes && stack->approval.approval == Approval::approved;
            out.push_back({name, approved, run.created_at_ms});
        }
    }
    co_return out;
}

}  // namespace

Task<std::vector<StalePull>> stale_pulls(ControlContext& context, Run ended) {
    co_return co_await pulls_with_plans(context, std::move(ended), runs_looked_at);
}

Task<std::vector<PullRequestName>> pulls_beside(ControlContext& context, Run planned) {
    const auto found = co_await pulls_with_plans(context, std::move(planned), runs_beside);
    std::vector<PullRequestName> out;
    for (const auto& pull : found) out.push_back(pull.name);
    co_return out;
}

void plan_stale_pulls(Commit& commit, const Run& ended, std::vector<StalePull> pulls) {
    std::stable_sort(pulls.begin(), pulls.end(), [](const StalePull& a, const StalePull& b) {
        if (a.approved != b.approved) return a.approved;
        return a.planned_at_ms > b.planned_at_ms;
    });
    for (const auto& pull : pulls) {
        LookRequest look;
        look.pull = pull.name;
        look.targets = {ended.stack};
        look.stale = true;
        auto job = make_job(jobs::look_since(pull.name, ended.id), look);
        job.priority = stale_priority;
        commit.jobs.push_back(std::move(job));
    }
}

}  // namespace slipway
