#include "handlers/runs/control/judgement.hpp"

#include "handlers/runs/control/known_providers.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

namespace {

// What the tracked branch was planned with is known from here on.
void note_providers(Commit& commit, const JudgeLook& look) {
    auto basis = look.providers;
    basis.value = advanced(std::move(basis.value), look.run.value);
    commit.records.push_back(save(providers_key(look.run.value.settings.id), basis));
}

// What a look for drift found is known of its stack from here on, whatever policies say to it.
void note_drift(Commit& commit, const JudgeLook& look) {
    const auto& run = look.run.value;
    auto record = look.drift;
    record.value.stack = run.stack;
    record.value.space = run.settings.space;
    record.value.run = run.id;
    record.value.commit = run.head;
    record.value.at_ms = look.now_ms;
    record.value.counts = plan_of(run).counts;
    commit.records.push_back(save(drift_key(run.stack.value), record));
    commit.index.push_back({drift_index(), run.stack.value, look.now_ms});
}

// Denied, unchanged, or planned and waiting. Whoever considers it reports it, with the approvals.
Reported judge_plan(Commit& commit, JudgeLook& look) {
    auto& run = look.run.value;
    if (run.kind == RunKind::tracked) note_providers(commit, look);
    if (run.kind == RunKind::drift) note_drift(commit, look);
    const auto& decision = plan_of(run).decision;
    if (decision.verdict == Verdict::denied || decision.verdict == Verdict::error) {
        run.reason = denial(decision);
        advance(run, RunEvent::denied, look.now_ms, "slipway", reason_text(run));
    } else if (!plan_of(run).changes) {
        advance(run, RunEvent::planned_no_change, look.now_ms, "slipway");
    } else {
        advance(run, RunEvent::planned, look.now_ms, "slipway");
        run.awaits_consideration = run.kind == RunKind::tracked && run.pull.has_value();
        if (run.awaits_consideration) run.reason = {Cause::being_considered};
    }
    leave_reports(commit, look.beside);
    if (run.pull) {
        PullRequestName name{run.repository, *run.pull};
        commit.jobs.push_back(make_job(jobs::consider(name), name));
        return Reported::later;
    }
    if (run.state == RunState::unconfirmed) {
        run.reason = run.must_confirm.empty() ? Reason{Cause::unconfirmed} : run.must_confirm;
        leave_reports(commit, look.behind);
    }
    return Reported::now;
}

// What the stack hands over from here on.
void note_outputs(const ControlContext& context, Commit& commit, const JudgeLook& look) {
    const auto& run = look.run.value;
    const auto plan = context.plans.get(plan_of(run).document);
    auto outputs = look.outputs;
    outputs.value = outputs_after(run, plan.get(), look.applied_outputs, look.now_ms);
    commit.records.push_back(save(outputs_key(run.stack), outputs));
}

// Nobody saw the end: it is looked for, or, where that was done, it stays unknown.
void judge_unknown(const ControlContext& context, Commit& commit, JudgeLook& look) {
    auto& run = look.run.value;
    const auto& error = look.result.error;
    if (run.state != RunState::unknown)
        return lose(context, commit, run, error, std::move(look.last_seen));
    run.reason = error.empty()
                     ? Reason{Cause::end_unseen_rest}
                     : Reason{Cause::end_not_found_out, "", error.substr(0, error.find('\n'))};
}

// What is found out late ends a run as it would have in time.
void judge_apply(const ControlContext& context, Commit& commit, JudgeLook& look) {
    using Outcome = PhaseResult::Outcome;
    auto& run = look.run.value;
    const auto& result = look.result;
    if (result.begun) advance(run, RunEvent::begun, look.now_ms, "slipway");  // unless it is known
    if (result.outcome == Outcome::unknown) return judge_unknown(context, commit, look);
    const bool late = run.state == RunState::unknown;
    run.reason = Reason();
    if (result.outcome == Outcome::applied) {
        run.applied = ApplyOutcome{result.outputs, look.resources_after};
        advance(run, late ? RunEvent::resolved_applied : RunEvent::applied, look.now_ms, "slipway",
                late ? notes::found_out_late() : "");
        note_applied_cost(commit, std::move(look.costs), run, look.now_ms);
        return;
    }
    run.error = result.error;
    run.progress = result.progress;
    if (result.outcome == Outcome::timed_out) run.reason = {Cause::took_too_long};
    if (result.outcome == Outcome::stopped && is_interrupted(run)) {
        const auto& by = run.interrupt->by;  // "forge/login"
        run.reason = {Cause::ended_by, by.substr(by.rfind('/') + 1), run.interrupt->note};
        run.error.clear();  // the reason says it
    }
    advance(run, late ? RunEvent::resolved_failed : RunEvent::failed, look.now_ms, "slipway",
            notes::apply_failed(result.begun));
}

void judge_failed_plan(JudgeLook& look) {
    auto& run = look.run.value;
    const auto& result = look.result;
    run.error = result.error;
    if (!result.unknown_providers.empty())
        run.error.clear();  // nothing failed: an administrator is asked
    if (result.outcome == PhaseResult::Outcome::timed_out) run.reason = {Cause::took_too_long};
    const bool stopped = result.outcome == PhaseResult::Outcome::stopped;
    advance(run, stopped ? RunEvent::canceled : RunEvent::failed, look.now_ms, "slipway",
            notes::plan_failed());
}

}  // namespace

Reason denial(const PlanDecision& decision) {
    for (const auto& finding : decision.findings)
        if (finding.severity == Finding::Severity::deny) return {Cause::denied, finding.policy};
    return {Cause::plan_policy_error};
}

Commit decide_judgement(const ControlContext& context, JudgeLook& look) {
    Commit commit;
    auto reported = Reported::now;
    if (look.phase != Phase::plan)
        judge_apply(context, commit, look);
    else if (look.result.outcome == PhaseResult::Outcome::planned)
        reported = judge_plan(commit, look);
    else
        judge_failed_plan(look);
    store_run(commit, look.run, reported);
    if (look.run.value.kind == RunKind::tracked && look.run.value.state == RunState::finished)
        note_outputs(context, commit, look);
    if (is_terminal(look.run.value.state))
        plan_stale_pulls(commit, look.run.value, std::move(look.stale));
    return commit;
}

}  // namespace slipway
