// An upstream run ended: whoever waited for it enters its lane, or is skipped.
#include "handlers/runs/control/control.hpp"
#include "handlers/runs/control/upstream_outputs.hpp"
#include "handlers/runs/lifecycle.hpp"

namespace slipway {

Task<void> release(ControlContext& context, ClaimedJob job) {
    const auto id = job_payload<RunId>(job.job);
    auto run = co_await load<Run>(context.queue, run_key(id));
    if (!run.version || run.value.state != RunState::queued) co_return;
    const auto found = co_await load_runs(context.queue, run.value.waits_for);
    if (found.size() != run.value.waits_for.size())
        throw Failure("an upstream run of " + id.value + " cannot be read", Retry::never);
    std::vector<Run> upstreams;
    for (const auto& upstream : found) upstreams.push_back(upstream.value);

    const auto unchanged = co_await read_unchanged_outputs(context, run.value, upstreams);
    Commit commit;
    const auto now = context.clock.now_ms();
    if (release_run(commit, run, upstreams, now, unchanged) == Release::waits) co_return;
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the run moved on meanwhile");
}

}  // namespace slipway
