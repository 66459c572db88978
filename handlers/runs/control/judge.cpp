// What follows from what a worker found. The documents were made in the worker's sandbox from the
// sealed plan; the judgement is made here.
#include <algorithm>

#include "handlers/runs/control/known_providers.hpp"
#include "handlers/runs/control/transition.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/base/metrics.hpp"

namespace slipway {

namespace {

PolicySet policies_of(const Organisation& organisation, const Stack& stack, PolicyKind kind) {
    PolicySet set;
    set.policies = organisation.policies_for(stack, kind);
    set.library = organisation.policy_library;
    return set;
}

// Where resources are declared, for annotations on the changed lines.
Task<void> add_places(ControlContext& context, const Run& run, Plan& plan) {
    auto repository = context.mirrors.open(run.repository.text());
    std::vector<std::string> directories{run.settings.directory};
    auto facts = co_await context.uses.read(repository, run.tree, directories);
    std::map<std::string_view, const Place*> places;
    for (const auto& [address, place] : facts.at(0).declarations.resources)
        places.emplace(address, &place);
    for (auto& change : plan.changes) {
        auto plain = change.address.substr(0, change.address.find('['));
        auto at = places.find(plain);
        if (at == places.end()) continue;
        change.file = at->second->file;
        change.line = at->second->line;
    }
}

std::string digest_of(const std::vector<RunInput>& inputs) {
    std::string all;
    for (const auto& input : inputs) all += encode(input).dump() + "\n";
    return sha256_hex(all);
}

// What the tracked branch was planned with is known from here on.
Task<void> note_providers(ControlContext& context, Commit& commit, const Run& run) {
    const auto key = providers_key(run.settings.id);
    auto basis = co_await load<ProviderBasis>(context.queue, key);
    basis.value = advanced(std::move(basis.value), run);
    commit.records.push_back(save(key, basis));
}

Task<void> judge_plan(ControlContext& context, Commit& commit, StoredRun& run, PhaseResult result) {
    auto& value = run.value;
    value.plan_document = result.plan_document;
    value.tool_document = result.tool_document;
    value.plan_file = result.plan_file;
    value.plan_digest = result.plan_digest;
    value.change_digest = result.change_digest;
    value.inputs.insert(value.inputs.end(), result.inputs.begin(), result.inputs.end());
    std::sort(value.inputs.begin(), value.inputs.end());
    value.inputs_digest = digest_of(value.inputs);
    value.planned_at_ms = context.clock.now_ms();
    if (value.kind == RunKind::tracked) co_await note_providers(context, commit, value);

    const auto plan = context.plans.get(result.plan_document);
    if (!plan) throw Failure("the plan of " + value.id.value + " cannot be read", Retry::never);
    value.counts = plan->counts;
    value.changes = value.counts.any() || !plan->outputs.empty();
    value.resources = plan->resources;
    value.plan_decision = co_await decide_plan(context, value, *plan);

    const auto now = context.clock.now_ms();
    const auto verdict = value.plan_decision.verdict;
    if (verdict == Verdict::denied || verdict == Verdict::error) {
        value.reason = denial(value.plan_decision);
        advance(value, RunEvent::denied, now, "slipway", value.reason);
    } else if (!value.changes) {
        advance(value, RunEvent::planned_no_change, now, "slipway");
    } else {
        advance(value, RunEvent::planned, now, "slipway");
        value.awaits_consideration = value.kind == RunKind::tracked && value.pull.has_value();
        if (value.awaits_consideration) value.reason = "its approvals are being checked";
    }
    if (value.pull) {
        PullRequestName name{value.repository, *value.pull};
        commit.jobs.push_back(make_job(JobKind::consider, name.text(), name));
    } else if (value.state == RunState::unconfirmed) {
        value.reason =
            value.must_confirm.empty() ? "it waits for a confirmation" : value.must_confirm;
        co_await report_those_behind(context, commit, value);
    }
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

// What is found out late ends a run as it would have in time.
Task<void> judge_apply(ControlContext& context, Commit& commit, StoredRun& stored,
                       PhaseResult result) {
    using Outcome = PhaseResult::Outcome;
    auto& run = stored.value;
    const auto now = context.clock.now_ms();
    if (result.begun) advance(run, RunEvent::begun, now, "slipway");  // unless that is known
    const bool late = run.state == RunState::unknown;
    if (result.outcome == Outcome::unknown) {
        if (!late) co_return co_await lose(context, commit, stored, result.error);
        run.reason = "nobody saw how the apply ended, and " +
                     (result.error.empty() ? "a plan shows that something is left"
                                           : "it could not be found out: " +
                                                 result.error.substr(0, result.error.find('\n')));
        co_return;
    }
    run.reason.clear();
    if (result.outcome == Outcome::applied) {
        run.outputs = result.outputs;
        if (const auto plan = context.plans.get(run.plan_document))
            run.resources = plan->resources_after;
        advance(run, late ? RunEvent::resolved_applied : RunEvent::applied, now, "slipway",
                late ? "found out after its worker had gone" : "");
        co_return;
    }
    run.error = result.error;
    if (result.outcome == Outcome::timed_out) run.reason = "it took longer than its limit";
    advance(run, late ? RunEvent::resolved_failed : RunEvent::failed, now, "slipway",
            result.begun ? "the apply failed" : "the apply could not begin");
}

void judge_failed_plan(ControlContext& context, StoredRun& run, const PhaseResult& result) {
    run.value.error = result.error;
    if (!result.unknown_providers.empty())
        run.value.error.clear();  // nothing failed: an administrator is asked
    if (result.outcome == PhaseResult::Outcome::timed_out)
        run.value.reason = "it took longer than its limit";
    const bool stopped = result.outcome == PhaseResult::Outcome::stopped;
    advance(run.value, stopped ? RunEvent::canceled : RunEvent::failed, context.clock.now_ms(),
            "slipway", "the plan failed");
}

}  // namespace

std::string denial(const PlanDecision& decision) {
    for (const auto& finding : decision.findings)
        if (finding.severity == Finding::Severity::deny) return "denied by " + finding.policy;
    return "a plan policy could not be evaluated";
}

Task<PlanDecision> decide_plan(ControlContext& context, const Run& run, Plan plan) {
    PlanQuestion question;
    question.plan = std::move(plan);
    question.stack = run.settings;
    question.run = run;
    question.now_ms = context.clock.now_ms();
    auto organisation = context.organisation();
    auto set = policies_of(*organisation, run.settings, PolicyKind::plan);
    if (!set.policies.empty())
        if (auto document = context.blobs.get(run.tool_document))
            if (auto json = parse_json(*document)) question.document = std::move(*json);
    co_return co_await context.policies.decide_plan(std::move(set), std::move(question));
}

Task<BlobId> store_plan(ControlContext& context, RunId id, Plan plan) {
    const auto run = co_await load<Run>(context.queue, run_key(id));
    if (run.version) co_await add_places(context, run.value, plan);
    auto put = [&] { return context.plans.put(std::move(plan)); };
    co_return co_await context.pool.run(put);
}

Task<void> judge(ControlContext& context, ClaimedJob job) {
    auto which = job_payload<RunPhase>(job.job);
    auto run = co_await load<Run>(context.queue, run_key(which.run));
    auto found = co_await load<PhaseResult>(context.queue, result_key(which));
    if (!run.version || !found.version || !awaits(run.value, which.phase)) co_return;

    const auto& result = found.value;
    run.value.tool_version = result.tool_version;
    run.value.sandbox = result.sandbox;
    run.value.unknown_providers = result.unknown_providers;
    histogram("slipway_run_phase_seconds", "Duration of a phase of a run",
              {{"phase", std::string(word(which.phase))}})
        .observe(static_cast<double>(result.ended_at_ms - result.started_at_ms) / 1000.0);
    Commit commit;
    if (which.phase != Phase::plan)
        co_await judge_apply(context, commit, run, result);
    else if (result.outcome == PhaseResult::Outcome::planned)
        co_await judge_plan(context, commit, run, result);
    else
        judge_failed_plan(context, run, result);
    // Whoever considers it reports it, with the approvals.
    const bool considered = !commit.jobs.empty() && commit.jobs.front().kind == JobKind::consider;
    store_run(commit, run, considered ? Reported::later : Reported::now);
    commit.holding = job.lease;
    commit.finish = true;
    counter("slipway_runs_total", "Runs that reached a state",
            {{"kind", std::string(word(run.value.kind))},
             {"state", std::string(word(run.value.state))}})
        .add();
    log_info("run moved on", {{"run", run.value.id.value},
                              {"stack", run.value.stack.value},
                              {"state", word(run.value.state)}});
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the run moved on meanwhile");
}

Task<void> release(ControlContext& context, ClaimedJob job) {
    auto id = job_payload<RunId>(job.job);
    auto run = co_await load<Run>(context.queue, run_key(id));
    if (!run.version || run.value.state != RunState::queued) co_return;
    std::vector<std::string> keys;
    for (const auto& upstream : run.value.waits_for) keys.push_back(run_key(upstream));
    auto records = co_await context.queue.read_many(keys);
    std::string broken;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        auto upstream = decoded_record<Run>(keys[i], records[i]);
        if (!is_terminal(upstream.state)) co_return;  // its own end will come here again
        if (upstream.state != RunState::finished)
            broken = upstream.stack.value + " " + std::string(word(upstream.state));
    }
    Commit commit;
    if (broken.empty()) {
        commit.enter.push_back(
            {lane_of(run.value), id.value, make_job(JobKind::prepare, id.value, id)});
        commit.records.push_back(
            save(run_key(id), run));  // so that nobody has cancelled it meanwhile
    } else {
        run.value.reason = "it depends on " + broken;
        advance(run.value, RunEvent::upstream_broken, context.clock.now_ms(), "slipway",
                run.value.reason);
        store_run(commit, run);
    }
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the run moved on meanwhile");
}

}  // namespace slipway
