#include "handlers/webhooks/tracked.hpp"

#include <algorithm>
#include <set>

#include "handlers/runs/lifecycle.hpp"

namespace slipway {

namespace {

// A destroy is never begun by a merge alone: somebody names the stack.
Reason why_it_waits(const ConcernedStack& concerned, const TrackedCause& cause) {
    if (concerned.destroys()) return {Cause::destroys_stack};
    return cause.must_confirm;
}

}  // namespace

void order_by_dependencies(std::vector<ConcernedStack>& stacks) {
    std::set<StackId> placed, here;
    for (const auto& one : stacks) here.insert(one.stack.id);
    std::vector<ConcernedStack> out;
    while (out.size() < stacks.size()) {
        const auto before = out.size();
        for (const auto& one : stacks) {
            if (placed.count(one.stack.id)) continue;
            const auto& needs = one.stack.depends_on;
            bool free = std::all_of(needs.begin(), needs.end(), [&](const StackId& id) {
                return !here.count(id) || placed.count(id);
            });
            if (!free) continue;
            out.push_back(one);
            placed.insert(one.stack.id);
        }
        if (out.size() == before) break;
    }
    if (out.size() == stacks.size()) stacks = std::move(out);
}

Run tracked_run(const ConcernedStack& concerned, const TrackedCause& cause) {
    Run run;
    run.kind = RunKind::tracked;
    run.stack = concerned.stack.id;
    run.id = run_id(run.kind, cause.repository, std::nullopt, cause.head, cause.base, run.stack,
                    cause.attempt);
    run.attempt = cause.attempt;
    run.repository = cause.repository;
    run.head = cause.head;
    run.base = cause.base;
    run.destroy = concerned.destroys();
    run.tree = run.destroy ? cause.before_tree : cause.tree;
    run.renamed_from = concerned.renamed_from;
    run.triggered_by = cause.by;
    run.settings = concerned.stack;
    if (cause.mode == Mode::observe) run.settings.mode = Mode::observe;
    run.push = concerned.decision;
    run.only_for_upstream = concerned.only_for_upstream;
    run.must_confirm = why_it_waits(concerned, cause);
    begin_history(run, cause.now_ms, cause.by.text());
    return run;
}

RunId belongs_to(Run& run, PullRecord& pull) {
    run.pull = pull.pull.name.number;
    for (auto& stack : pull.stacks) {
        if (stack.settings.id != run.stack) continue;
        run.approved_run = stack.proposed;
        const auto before = stack.tracked;
        stack.tracked = run.id;
        return before;
    }
    PullStack stack;
    stack.settings = run.settings;
    stack.push = run.push;
    stack.tracked = run.id;
    stack.renamed_from = run.renamed_from;
    pull.stacks.push_back(std::move(stack));
    return {};
}

}  // namespace slipway
