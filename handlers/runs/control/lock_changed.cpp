// After a lock was set or lifted, or has expired: whatever waits for it is considered again, and
// every open pull request that shows the stack is reported again.
#include <map>
#include <set>

#include "handlers/runs/control/transition.hpp"
#include "service/base/pause.hpp"

namespace slipway {

namespace {

constexpr int newest_runs = 200;  // of the stack: among them those of its open pull requests

struct LockLook {
    StackLock lock;
    std::vector<StoredRun> runs;     // the stack's newest, and all of its lane
    std::set<PullRequestName> open;  // of their pull requests
};

Task<LockLook> read_stack(ControlContext& context, const StackId& stack) {
    LockLook out;
    const auto lock = co_await load<StackLock>(context.queue, lock_key(stack));
    out.lock = lock.value;
    std::set<std::string> named;
    const auto newest = co_await context.queue.list(runs_index(stack), 0, newest_runs);
    for (const auto& [id, score] : newest) named.insert(id);
    const auto members = co_await context.queue.lane(stack_lane(stack));
    named.insert(members.begin(), members.end());
    std::vector<RunId> ids;
    for (const auto& id : named) ids.emplace_back(id);
    out.runs = co_await load_runs(context.queue, std::move(ids));

    std::set<PullRequestName> pulls;
    for (const auto& run : out.runs)
        if (run.value.pull) pulls.insert({run.value.repository, *run.value.pull});
    std::vector<std::string> keys;
    for (const auto& name : pulls) keys.push_back(pull_key(name));
    const auto records = co_await context.queue.read_many(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!records[i].version) continue;
        const auto pull = decoded_record<PullRecord>(keys[i], records[i]);
        if (pull.pull.state == PullState::open) out.open.insert(pull.pull.name);
    }
    co_return out;
}

// Nothing considers a run without a pull request: it waits for a person, as before.
void decide_alone(Commit& commit, StoredRun& run, bool locked) {
    if (locked || run.value.reason.cause != Cause::locked) return;
    const auto& must = run.value.must_confirm;
    run.value.reason = must.empty() ? Reason{Cause::unconfirmed} : must;
    store_run(commit, run);
}

Commit decide_lock(LockLook& look, std::int64_t now_ms) {
    Commit commit;
    std::set<PullRequestName> considered, reported = look.open;
    for (auto& run : look.runs) {
        const auto& value = run.value;
        const bool waits = value.kind == RunKind::tracked && value.state == RunState::unconfirmed;
        if (waits && !value.pull) decide_alone(commit, run, holds(look.lock, now_ms));
        if (!value.pull || is_terminal(value.state)) continue;
        (waits ? considered : reported).insert({value.repository, *value.pull});
    }
    for (const auto& name : considered)  // which leaves a report
        commit.jobs.push_back(make_job(jobs::consider(name), name));
    for (const auto& name : reported)
        if (!considered.contains(name)) commit.jobs.push_back(make_job(jobs::report(name), name));
    return commit;
}

}  // namespace

Task<void> look_at_lock(ControlContext& context, ClaimedJob job) {
    const auto stack = job_payload<StackId>(job.job);
    auto look = co_await read_stack(context, stack);
    const auto now_ms = context.clock.now_ms();
    // The queue's clock is ahead of ours.
    if (holds(look.lock, now_ms) && look.lock.expires_at_ms <= job.job.not_before_ms)
        throw Pause("the lock holds", std::chrono::seconds(1));
    auto commit = decide_lock(look, now_ms);
    commit.holding = job.lease;
    commit.finish = true;
    const auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("a run moved on meanwhile");
}

}  // namespace slipway
