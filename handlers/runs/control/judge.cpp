// What follows from what a worker found. The documents were made in the worker's sandbox from the
// sealed plan; the judgement is made here.
#include <algorithm>

#include "handlers/runs/control/judgement.hpp"
#include "handlers/runs/control/known_providers.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/base/metrics.hpp"

namespace slipway {

namespace {

std::string digest_of(const std::vector<RunInput>& inputs) {
    std::string all;
    for (const auto& input : inputs) all += encode(input).dump() + "\n";
    return sha256_hex(all);
}

bool awaits(const Run& run, Phase phase) {
    switch (phase) {
        case Phase::plan:
            return run.state == RunState::planning;
        // Confirmed still: it could not be prepared, or the queue has forgotten that it began.
        case Phase::apply:
            return run.state == RunState::confirmed || run.state == RunState::applying;
        case Phase::find_out:
            break;
    }
    return run.state == RunState::confirmed || run.state == RunState::applying ||
           run.state == RunState::unknown;
}

// What the worker found of a plan, and nothing judged yet.
void take_plan(Run& run, const PhaseResult& result, const Plan& plan, std::int64_t now_ms) {
    auto& out = run.plan.emplace();
    out.document = result.plan_document;
    out.tool_document = result.tool_document;
    out.file = result.plan_file;
    out.digest = result.plan_digest;
    out.change_digest = result.change_digest;
    if (run.prepared) out.inputs = run.prepared->inputs;
    out.inputs.insert(out.inputs.end(), result.inputs.begin(), result.inputs.end());
    std::sort(out.inputs.begin(), out.inputs.end());
    out.inputs_digest = digest_of(out.inputs);
    out.at_ms = now_ms;
    out.counts = plan.counts;
    out.changes = plan.counts.any() || !plan.outputs.empty();
    out.resources = plan.resources;
}

Task<void> read_plan(ControlContext& context, JudgeLook& look) {
    auto& run = look.run.value;
    const auto plan = context.plans.get(look.result.plan_document);
    if (!plan) throw Failure("the plan of " + run.id.value + " cannot be read", Retry::never);
    take_plan(run, look.result, *plan, look.now_ms);
    PlanEvidence evidence;
    if (run.kind == RunKind::drift) {
        evidence = co_await kept_evidence(context, run);  // nothing is bought
        look.drift = co_await load<DriftRecord>(context.queue, drift_key(run.stack.value));
    } else {
        evidence = co_await price_plan(context, run);
    }
    run.plan->decision = co_await decide_plan(context, run, *plan, std::move(evidence));
    if (run.kind != RunKind::tracked) co_return;
    const auto key = providers_key(run.settings.id);
    look.providers = co_await load<ProviderBasis>(context.queue, key);
    look.outputs = co_await load<StackOutputs>(context.queue, outputs_key(run.stack));
    if (!run.pull) look.behind = co_await pulls_behind(context, run);
}

// nullopt: nobody waits for this result any more.
Task<std::optional<JudgeLook>> read_result(ControlContext& context, RunPhase which) {
    JudgeLook look;
    look.phase = which.phase;
    look.now_ms = context.clock.now_ms();
    look.run = co_await load<Run>(context.queue, run_key(which.run));
    auto found = co_await load<PhaseResult>(context.queue, result_key(which));
    if (!look.run.version || !found.version || !awaits(look.run.value, which.phase))
        co_return std::nullopt;
    look.result = std::move(found.value);
    auto& run = look.run.value;
    run.tool_version = look.result.tool_version;
    run.sandbox = look.result.sandbox;
    run.unknown_providers = look.result.unknown_providers;
    if (which.phase == Phase::plan) {
        if (look.result.outcome == PhaseResult::Outcome::planned) co_await read_plan(context, look);
        if (run.kind == RunKind::proposed) look.beside = co_await pulls_beside(context, run);
        const bool moved_on = run.kind == RunKind::tracked && run.plan && !run.plan->changes;
        if (moved_on) look.stale = co_await stale_pulls(context, run);
        co_return look;
    }
    look.stale = co_await stale_pulls(context, run);
    if (const auto plan = context.plans.get(plan_of(run).document))
        look.resources_after = plan->resources_after;
    look.outputs = co_await load<StackOutputs>(context.queue, outputs_key(run.stack));
    if (!look.result.outputs.empty())
        if (auto values = context.blobs.get(look.result.outputs))
            look.applied_outputs = {std::move(*values), look.result.sensitive_outputs};
    look.costs = co_await cost_history(context, run.stack);
    if (look.result.outcome == PhaseResult::Outcome::unknown)
        look.last_seen = co_await last_line(context.queue, run.id);
    co_return look;
}

void count(const JudgeLook& look) {
    const auto& run = look.run.value;
    const auto& result = look.result;
    histogram("slipway_run_phase_seconds", "Duration of a phase of a run",
              {{"phase", std::string(word(look.phase))}})
        .observe(static_cast<double>(result.ended_at_ms - result.started_at_ms) / 1000.0);
    counter("slipway_runs_total", "Runs that reached a state",
            {{"kind", std::string(kind_word(run))}, {"state", std::string(word(run.state))}})
        .add();
    log_info("run moved on",
             {{"run", run.id.value}, {"stack", run.stack.value}, {"state", word(run.state)}});
}

}  // namespace

Task<void> judge(ControlContext& context, ClaimedJob job) {
    auto look = co_await read_result(context, job_payload<RunPhase>(job.job));
    if (!look) co_return;
    auto commit = decide_judgement(context, *look);
    commit.holding = job.lease;
    commit.finish = true;
    count(*look);
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the run moved on meanwhile");
}

}  // namespace slipway
