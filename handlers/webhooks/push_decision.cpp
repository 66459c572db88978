// Merging alone never permits an apply (rule W5): a tracked run remembers the merged pull request
// that brought its commit, and from whose proposed run it may carry over approvals. A push that
// came without one, or that is not a fast-forward, says so in `must_confirm` and waits for a
// person.
#include "handlers/webhooks/push_decision.hpp"

#include <algorithm>

#include "handlers/webhooks/tracked.hpp"

namespace slipway {

namespace {

// The pull request that planned the stack, or else the newest that was merged.
PullRecord* bringer_of(const StackId& stack, PushLook& look) {
    PullRecord* out = look.newest ? &look.pulls.at(*look.newest).value : nullptr;
    for (auto& [number, record] : look.pulls)
        for (const auto& one : record.value.stacks)
            if (one.settings.id == stack) out = &record.value;
    return out;
}

// Nothing is done to a stack that is gone, and it is said where somebody reads it.
void note_gone(const ConcernedStack& one, PullRecord& pull) {
    for (auto& stack : pull.stacks)
        if (stack.settings.id == one.stack.id) {
            stack.gone = one.gone;
            return;
        }
    PullStack stack;
    stack.settings = one.stack;
    stack.push = one.decision;
    stack.gone = one.gone;
    pull.stacks.push_back(std::move(stack));
}

TrackedCause cause_of(const PushLook& look) {
    TrackedCause cause;
    cause.repository = look.repository;
    cause.head = look.tip;
    cause.base = look.before;
    cause.tree = look.tip_tree;
    cause.before_tree = look.before_tree;
    cause.attempt = look.known.value.moves;
    cause.by = look.pusher;
    cause.mode = look.mode;
    cause.now_ms = look.now_ms;
    cause.must_confirm = why_confirmed(look);
    return cause;
}

// The run of the stack on the pull request that brought it; what it replaces is named in both.
void join(Run& run, PullRecord& pull, std::vector<RunId>& replaced) {
    const auto before = belongs_to(run, pull);
    if (before.empty()) return;
    replaced.push_back(before);
    for (auto& stack : pull.stacks)
        if (stack.settings.id == run.stack) stack.before_merge = before;
}

}  // namespace

Reason why_confirmed(const PushLook& look) {
    if (!look.fast_forward) return {Cause::forced_push, look.branch};
    return look.newest ? Reason() : Reason{Cause::no_merged_pull, look.branch};
}

std::vector<RunId> earlier_runs(const PushLook& look) {
    std::vector<RunId> out;
    for (const auto& [number, record] : look.pulls)
        for (const auto& stack : record.value.stacks) {
            const bool concerned =
                std::any_of(look.concerned.begin(), look.concerned.end(),
                            [&](const auto& one) { return one.stack.id == stack.settings.id; });
            if (concerned && !stack.tracked.empty()) out.push_back(stack.tracked);
        }
    return out;
}

Commit decide_push(PushLook look) {
    look.known.value.tip = look.tip;
    look.known.value.only_noted = false;
    ++look.known.value.moves;
    Commit commit;
    commit.records.push_back(save(branch_key(look.repository, look.branch), look.known));
    const auto cause = cause_of(look);
    std::vector<Run> runs;
    std::vector<RunId> replaced;
    for (const auto& one : look.concerned) {
        auto* pull = bringer_of(one.stack.id, look);
        if (one.gone && !one.destroys()) {
            if (pull) note_gone(one, *pull);
            continue;
        }
        auto run = tracked_run(one, cause);
        if (pull) join(run, *pull, replaced);
        runs.push_back(std::move(run));
    }
    create_runs(commit, std::move(runs));
    std::erase_if(look.earlier, [&](const StoredRun& run) {
        return std::find(replaced.begin(), replaced.end(), run.value.id) == replaced.end();
    });
    supersede_runs(commit, std::move(look.earlier), {Cause::pull_merged}, look.now_ms);
    for (const auto& [number, record] : look.pulls) {
        const auto& name = record.value.pull.name;
        commit.records.push_back(save(pull_key(name), record));
        commit.jobs.push_back(make_job(jobs::report(name), name));
    }
    return commit;
}

}  // namespace slipway
