#include "handlers/runs/control/transition.hpp"

namespace slipway {

void store_run(Commit& commit, const StoredRun& run, Reported reported) {
    const auto& value = run.value;
    commit.records.push_back(save(run_key(value.id), run));
    if (value.pull && reported == Reported::now) {
        PullRequestName name{value.repository, *value.pull};
        commit.jobs.push_back(make_job(JobKind::report, name.text(), name));
    }
    if (!is_terminal(value.state) || value.kind != RunKind::tracked) return;
    commit.leave.push_back({lane_of(value), value.id.value});
    for (const auto& dependent : value.dependents)
        commit.jobs.push_back(make_job(JobKind::release, dependent.value, dependent));
}

Task<void> report_those_behind(ControlContext& context, Commit& commit, const Run& run) {
    const auto lane = lane_of(run);
    auto members = co_await context.queue.lane(lane);
    std::vector<std::string> keys;
    for (const auto& member : members)
        if (member != run.id.value) keys.push_back(run_key(RunId(member)));
    auto records = co_await context.queue.read_many(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!records[i].version) continue;
        const auto behind = decoded_record<Run>(keys[i], records[i]);
        if (!behind.pull || behind.pull == run.pull) continue;
        PullRequestName name{behind.repository, *behind.pull};
        commit.jobs.push_back(make_job(JobKind::report, name.text(), name));
    }
}

Job perform_job(ControlContext& context, const Run& run, Phase phase) {
    const auto& settings = run.settings;
    RunSpec spec;
    spec.run = run.id;
    spec.phase = phase;
    spec.stack = run.stack;
    spec.tool = settings.tool;
    spec.version = settings.version;
    spec.workspace = settings.workspace;
    spec.directory = settings.directory;
    spec.destroy = run.destroy;
    spec.source = run.source;
    const auto own = phase == Phase::apply ? VariablePhase::apply : VariablePhase::plan;
    for (const auto& [name, variable] : settings.variables)
        if (variable.phase == VariablePhase::both || variable.phase == own)
            spec.variables.emplace(name, variable);
    for (const auto& [name, variable] : settings.variables)
        if (phase == Phase::plan && variable.phase == VariablePhase::apply &&
            variable.source != Variable::Source::literal)
            spec.apply_variables.emplace(name, variable);
    spec.allowed_providers = run.allowed_providers;
    spec.any_provider = context.any_provider;
    spec.limit_minutes = settings.plan_limit_minutes;
    if (phase != Phase::plan) spec.plan_digest = run.plan_digest;
    if (phase == Phase::apply) {
        spec.plan_file = run.plan_file;
        spec.planned_inputs = run.inputs;
        spec.limit_minutes = settings.apply_limit_minutes;
    }
    constexpr std::int64_t a_day_ms = 24 * 3600 * 1000;
    spec.expires_at_ms = context.clock.now_ms() + a_day_ms;
    spec.signature = spec_signature(spec, context.spec_key);
    RunPhase which{run.id, phase};
    auto job = make_job(JobKind::perform, which.text(), spec, "work/" + settings.pool);
    job.repository = run.repository.text();
    job.priority = run.kind == RunKind::tracked ? 1 : 0;
    return job;
}

void start_apply(ControlContext& context, Commit& commit, StoredRun& run, ApprovalDecision allowed,
                 std::string by, std::string note) {
    run.value.approval = std::move(allowed);
    run.value.confirmed_by = by;
    run.value.reason.clear();
    if (!advance(run.value, RunEvent::confirmed, context.clock.now_ms(), std::move(by),
                 std::move(note)))
        throw Failure("the run does not wait for a confirmation", Retry::never);
    store_run(commit, run);
    commit.jobs.push_back(perform_job(context, run.value, Phase::apply));
}

std::string why_not_automatic(const Run& run, const Considered& considered) {
    const auto& settings = run.settings;
    if (settings.mode == Mode::observe) return "this stack is only observed";
    if (!run.must_confirm.empty()) return run.must_confirm;
    if (considered.approval.approval == Approval::error)
        return "an approval policy could not be evaluated";
    if (considered.approval.approval == Approval::rejected) return "an approval policy rejects it";
    if (considered.approval.approval != Approval::approved)
        return considered.not_carried.empty()
                   ? "approvals are missing"
                   : "approvals are missing, because " + considered.not_carried;
    if (!considered.carried_over)
        return considered.not_carried.empty() ? "nobody has seen this plan"
                                              : considered.not_carried;
    if (!run.confirmed_by.empty()) return "";  // asked for before the merge, on this very plan
    if (settings.apply_when != ApplyWhen::on_merge)
        return "applies of this stack are asked for on the pull request";
    if (settings.apply_start == ApplyStart::confirmed) return "its stack asks for a confirmation";
    if (run.plan_decision.verdict == Verdict::warned) return "a plan policy warns";
    if (!run.renamed_from.empty() && run.counts.remove + run.counts.replace > 0)
        return "it is planned where git takes its directory to be now, and destroys resources";
    return "";
}

}  // namespace slipway
