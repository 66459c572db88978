#include "handlers/runs/control/transition.hpp"

#include "handlers/runs/control/upstream_outputs.hpp"

namespace slipway {

Task<std::vector<PullRequestName>> pulls_behind(ControlContext& context, Run run) {
    const auto lane = lane_of(run);
    const auto members = co_await context.queue.lane(lane);
    std::vector<RunId> ids;
    for (const auto& member : members)
        if (member != run.id.value) ids.emplace_back(member);
    const auto behind = co_await load_runs(context.queue, std::move(ids));
    std::vector<PullRequestName> out;
    for (const auto& one : behind)
        if (one.value.pull && one.value.pull != run.pull)
            out.push_back({one.value.repository, *one.value.pull});
    co_return out;
}

void leave_reports(Commit& commit, const std::vector<PullRequestName>& pulls) {
    for (const auto& name : pulls) commit.jobs.push_back(make_job(jobs::report(name), name));
}

Task<std::shared_ptr<Repository>> fetch_branch(ControlContext& context, const Run& run,
                                               std::string branch) {
    const auto name = run.repository.text();
    auto remote = co_await context.forges.at(run.repository.forge)->git_remote(run.repository);
    std::vector<CommitSha> none;
    std::vector<std::string> branches{std::move(branch)};
    co_await context.mirrors.fetch(name, std::move(remote), std::move(none), std::move(branches));
    co_return context.mirrors.open(name);
}

Job perform_job(const ControlContext& context, const Run& run, Phase phase) {
    const auto& settings = run.settings;
    RunSpec spec;
    spec.run = run.id;
    spec.phase = phase;
    spec.stack = run.stack;
    spec.tool = settings.tool;
    spec.configured_tool = settings.configured_tool;
    spec.version = settings.version;
    spec.workspace = settings.workspace;
    spec.directory = settings.directory;
    spec.init_arguments = settings.init_arguments;
    spec.plan_arguments = settings.plan_arguments;
    spec.destroy = run.destroy;
    spec.drift = run.kind == RunKind::drift;
    if (run.prepared) {
        spec.source = run.prepared->archive;
        spec.allowed_providers = run.prepared->allowed_providers;
    }
    const auto own = phase == Phase::apply ? VariablePhase::apply : VariablePhase::plan;
    for (const auto& [name, variable] : settings.variables)
        if (variable.phase == VariablePhase::both || variable.phase == own)
            spec.variables.emplace(name, variable);
    for (const auto& [name, variable] : settings.variables)
        if (phase == Phase::plan && variable.phase == VariablePhase::apply &&
            variable.source != Variable::Source::literal)
            spec.apply_variables.emplace(name, variable);
    if (run.prepared)
        for (const auto& given : run.prepared->outputs)
            spec.variables[given.variable].value = value_of(given);
    spec.any_provider = context.any_provider;
    spec.limit_minutes = settings.plan_limit_minutes;
    if (phase != Phase::plan) spec.plan_digest = plan_of(run).digest;
    if (phase == Phase::apply) {
        spec.plan_file = plan_of(run).file;
        spec.planned_inputs = plan_of(run).inputs;
        spec.limit_minutes = settings.apply_limit_minutes;
    }
    constexpr std::int64_t a_day_ms = 24 * 3600 * 1000;
    spec.expires_at_ms = context.clock.now_ms() + a_day_ms;
    spec.signature = spec_signature(spec, context.spec_key);
    auto job = make_job(jobs::perform({run.id, phase}), spec, work_queue(settings.pool));
    job.repository = run.repository.text();
    job.priority = priority_of(run);
    return job;
}

void start_apply(const ControlContext& context, Commit& commit, StoredRun& run,
                 ApprovalDecision allowed, std::string by, std::string note) {
    run.value.confirmation = Confirmation{by, std::move(allowed)};
    run.value.reason = Reason();
    if (!advance(run.value, RunEvent::confirmed, context.clock.now_ms(), std::move(by),
                 std::move(note)))
        throw Failure("the run does not wait for a confirmation", Retry::never);
    store_run(commit, run);
    commit.jobs.push_back(perform_job(context, run.value, Phase::apply));
}

Reason why_held(const ApprovalDecision& approval) {
    for (const auto& one : approval.missing)
        if (one.count > 0) return {};
    if (approval.missing.empty()) return {};
    return {Cause::approvals_missing, "", approval.missing.front().text};
}

std::int64_t look_again_at(const ApprovalDecision& approval) {
    std::int64_t first = 0;
    if (approval.approval != Approval::undecided) return first;
    for (const auto& one : approval.missing)
        if (one.until_ms > 0 && (first == 0 || one.until_ms < first)) first = one.until_ms;
    return first;
}

void leave_look_at(Commit& commit, const PullRequestName& pull, const ApprovalDecision& approval,
                   std::int64_t now_ms) {
    constexpr std::int64_t step_ms = 10'000;  // a policy whose time moves leaves few jobs
    const auto at_ms = (look_again_at(approval) + step_ms - 1) / step_ms * step_ms;
    if (at_ms <= now_ms) return;
    auto job = make_job(jobs::consider_at(pull, at_ms), pull);
    job.not_before_ms = at_ms;
    commit.jobs.push_back(std::move(job));
}

namespace {

Reason why_not_approved(const Considered& considered) {
    switch (considered.approval.approval) {
        case Approval::error:
            return {Cause::approval_error};
        case Approval::rejected:
            return {Cause::approval_rejected};
        case Approval::undecided: {
            if (const auto held = why_held(considered.approval); !held.empty()) return held;
            auto out = considered.not_carried;
            out.because = out.cause;
            out.cause = Cause::approvals_missing;
            return out;
        }
        case Approval::approved:
            break;
    }
    if (considered.carried_over) return {};
    return considered.not_carried.empty() ? Reason{Cause::unseen_plan} : considered.not_carried;
}

// Whatever its stack's lock says.
Reason why_not_by_itself(const Run& run, const Considered& considered) {
    const auto& settings = run.settings;
    if (settings.mode == Mode::observe) return {Cause::observed};
    if (!run.must_confirm.empty()) return run.must_confirm;
    if (auto why = why_not_approved(considered); !why.empty()) return why;
    if (run.confirmation) return {};  // asked for before the merge, on this very plan
    if (settings.apply_when != ApplyWhen::on_merge) return {Cause::asked_on_pull};
    if (settings.apply_start == ApplyStart::confirmed) return {Cause::stack_confirms};
    if (plan_of(run).decision.verdict == Verdict::warned) return {Cause::policy_warns};
    if (!run.renamed_from.empty() && plan_of(run).counts.remove + plan_of(run).counts.replace > 0)
        return {Cause::destroys_renamed};
    return {};
}

}  // namespace

Reason why_not_automatic(const Run& run, const Considered& considered) {
    auto why = why_not_by_itself(run, considered);
    return why.empty() ? considered.locked : why;
}

Job lock_expiry(const StackLock& lock) {
    auto job = make_job(jobs::lock_changed(lock.stack, lock.expires_at_ms), lock.stack);
    job.not_before_ms = lock.expires_at_ms;
    return job;
}

}  // namespace slipway
