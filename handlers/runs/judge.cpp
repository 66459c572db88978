// What follows from what a worker found. The documents were made in the worker's sandbox from the sealed plan;
// the judgement is made here.
#include "handlers/runs/transition.hpp"
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

std::string denial(const PlanDecision& decision) {
    for (const auto& finding : decision.findings)
        if (finding.severity == Finding::Severity::deny)
            return "denied by " + finding.policy;
    return "a plan policy could not be evaluated";
}

Task<void> judge_plan(ControlContext& context, Commit& commit, StoredRun& run, PhaseResult result) {
    auto& value = run.value;
    value.plan_document = result.plan_document;
    value.tool_document = result.tool_document;
    value.plan_file = result.plan_file;
    value.plan_digest = result.plan_digest;
    value.change_digest = result.change_digest;
    value.planned_at_ms = context.clock.now_ms();

    const auto plan = context.plans.get(result.plan_document);
    if (!plan) throw Failure("the plan of " + value.id.value + " cannot be read", Retry::never);
    PlanQuestion question;
    question.plan = *plan;
    value.counts = question.plan.counts;
    value.changes = value.counts.any() || !question.plan.outputs.empty();

    question.stack = value.settings;
    question.run = value;
    question.now_ms = value.planned_at_ms;
    auto organisation = context.organisation();
    auto set = policies_of(*organisation, value.settings, PolicyKind::plan);
    if (!set.policies.empty())
        if (auto document = context.blobs.get(result.tool_document))
            if (auto json = parse_json(*document)) question.document = std::move(*json);
    value.plan_decision = co_await context.policies.decide_plan(std::move(set), std::move(question));

    const auto now = context.clock.now_ms();
    const auto verdict = value.plan_decision.verdict;
    if (verdict == Verdict::denied || verdict == Verdict::error) {
        value.reason = denial(value.plan_decision);
        advance(value, RunEvent::denied, now, "slipway", value.reason);
    } else if (!value.changes) {
        advance(value, RunEvent::planned_no_change, now, "slipway");
    } else {
        advance(value, RunEvent::planned, now, "slipway");
        if (value.kind == RunKind::tracked) value.reason = "waits to be considered";
    }
    if (value.pull) {
        PullRequestName name{value.repository, *value.pull};
        commit.jobs.push_back(make_job(JobKind::consider, name.text(), name));
    } else if (value.state == RunState::unconfirmed) {
        value.reason = value.must_confirm.empty() ? "it waits for a confirmation" : value.must_confirm;
    }
}

void judge_apply(ControlContext& context, StoredRun& run, const PhaseResult& result) {
    run.value.outputs = result.outputs;
    advance(run.value, RunEvent::applied, context.clock.now_ms(), "slipway");
}

}  // namespace

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
    const auto awaited = which.phase == Phase::plan ? RunState::planning : RunState::applying;
    if (!run.version || !found.version || run.value.state != awaited) co_return;

    const auto& result = found.value;
    run.value.tool_version = result.tool_version;
    run.value.sandbox = result.sandbox;
    histogram("slipway_run_phase_seconds", "Duration of a phase of a run",
              {{"phase", std::string(word(which.phase))}})
        .observe(static_cast<double>(result.ended_at_ms - result.started_at_ms) / 1000.0);
    Commit commit;
    if (result.outcome == PhaseResult::Outcome::planned) {
        co_await judge_plan(context, commit, run, result);
    } else if (result.outcome == PhaseResult::Outcome::applied) {
        judge_apply(context, run, result);
    } else {
        run.value.error = result.error;
        const bool planning = which.phase == Phase::plan;
        if (result.outcome == PhaseResult::Outcome::timed_out)
            run.value.reason = "it took longer than its limit";
        const bool stopped = planning && result.outcome == PhaseResult::Outcome::stopped;
        advance(run.value, stopped ? RunEvent::canceled : RunEvent::failed, context.clock.now_ms(),
                "slipway", planning ? "the plan failed" : "the apply failed");
    }
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
    if (done == Committed::conflict)
        throw Overtaken("the run moved on meanwhile");
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
        commit.enter.push_back({lane_of(run.value), id.value,
                                make_job(JobKind::prepare, id.value, id)});
        commit.records.push_back(save(run_key(id), run));  // so that nobody has cancelled it meanwhile
    } else {
        run.value.reason = "it depends on " + broken;
        advance(run.value, RunEvent::upstream_broken, context.clock.now_ms(), "slipway",
                run.value.reason);
        store_run(commit, run);
    }
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict)
        throw Overtaken("the run moved on meanwhile");
}

Task<void> settle_lapsed(ControlContext& context, Lapsed lapsed) {
    log_warning("a lease ran out", {{"job", lapsed.job.id.value}, {"fate", word(lapsed.fate)}});
    if (lapsed.fate == Lapsed::Fate::again) co_return;
    const auto kind = lapsed.job.kind;
    if (kind == JobKind::event || kind == JobKind::look || kind == JobKind::consider ||
        kind == JobKind::report || kind == JobKind::release || kind == JobKind::command ||
        kind == JobKind::reply || kind == JobKind::pass) {
        // What it looks at is read afresh, so an outage that outlived its attempts costs time and nothing else.
        constexpr std::int64_t pause_ms = 5 * 60 * 1000;
        Commit commit;
        commit.jobs.push_back(lapsed.job);
        commit.jobs.back().not_before_ms = context.clock.now_ms() + pause_ms;
        co_await context.queue.commit(std::move(commit));
        co_return;
    }
    RunId id;
    if (lapsed.job.kind == JobKind::perform)
        id = job_payload<RunSpec>(lapsed.job).run;
    else if (lapsed.job.kind == JobKind::prepare)
        id = job_payload<RunId>(lapsed.job);
    else if (lapsed.job.kind == JobKind::judge)
        id = job_payload<RunPhase>(lapsed.job).run;
    else
        co_return;
    auto run = co_await load<Run>(context.queue, run_key(id));
    if (!run.version || is_terminal(run.value.state)) co_return;
    const bool unknown = lapsed.fate == Lapsed::Fate::unknown;
    run.value.reason = unknown ? "nobody saw how the apply ended; it is not tried again by itself"
                               : "it was given up after several attempts";
    if (!advance(run.value, unknown ? RunEvent::lost : RunEvent::failed, context.clock.now_ms(),
                 "slipway", run.value.reason))
        co_return;
    Commit commit;
    store_run(commit, run);
    co_await context.queue.commit(std::move(commit));
}

}  // namespace slipway
