// An upstream run ended: whoever waited for it enters its lane, or is skipped.
#include "handlers/runs/control/control.hpp"
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

    Commit commit;
    if (release_run(commit, run, upstreams, context.clock.now_ms()) == Release::waits) co_return;
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the run moved on meanwhile");
}

}  // namespace slipway
