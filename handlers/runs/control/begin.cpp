// Rule W5: between the confirmation and the tool's start everything is looked at again. Read
// (reviews, policies, the branch or the pull request), decide, and begin, or not, in one commit
// with the lease of the worker that asks.
#include "handlers/runs/control/transition.hpp"
#include "service/base/log.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

namespace {

// What was found, looking again.
struct SecondLook {
    Reason denied;        // by a plan policy: the run fails
    Reason not_now;       // why it goes back to wait; empty: it does not
    Reason must_confirm;  // and never goes on by itself
    ApprovalDecision approval;
    bool asked = false;      // the approval policies, too
    Stored<StackLock> lock;  // whoever begins makes sure that it is still the same
};

// Whether the pull request still wants what was confirmed on it; empty: it does.
Reason why_overtaken(const std::optional<PullRequest>& pull, const Run& run) {
    if (!pull || pull->state != PullState::open) return {Cause::pull_not_open};
    if (pull->head != run.head) return {Cause::pull_has_other_head};
    if (pull->base_branch != run.settings.branch) return {Cause::pull_has_other_base};
    return {};
}

Task<Reason> read_overtaken(ControlContext& context, const Run& run) {
    if (run.before_merge && run.pull) {
        PullRequestName name{run.repository, *run.pull};
        const auto pull = co_await context.forges.at(run.repository.forge)->pull_request(name);
        co_return why_overtaken(pull, run);
    }
    const auto& branch = run.settings.branch;
    const auto repository = co_await fetch_branch(context, run, branch);
    auto contained = [&] {
        const auto tip = repository->branch_tip(branch);
        return tip && repository->has_commit(run.head) &&
               (*tip == run.head || repository->is_ancestor(run.head, *tip));
    };
    const bool there = co_await context.pool.run(contained);
    Reason gone;
    if (there) co_return gone;
    gone.cause = Cause::off_branch;
    gone.name = branch;
    co_return gone;
}

Task<Considered> consider_again(ControlContext& context, const Run& run) {
    Stored<PullRecord> pull;
    Stored<PostedRecord> posted;
    std::vector<ForgeReview> reviews;
    if (run.pull) {
        PullRequestName name{run.repository, *run.pull};
        pull = co_await load<PullRecord>(context.queue, pull_key(name));
        posted = co_await load<PostedRecord>(context.queue, posted_key(name));
        reviews = co_await context.forges.at(run.repository.forge)->reviews(name);
    }
    const PullRecord* record = pull.version ? &pull.value : nullptr;
    co_return co_await consider_run(context, run, record, &posted.value, reviews);
}

// Of a run that a person confirmed.
Reason why_not_confirmed(const Run& run, const Considered& considered) {
    if (run.settings.mode == Mode::observe) return {Cause::observed};
    switch (considered.approval.approval) {
        case Approval::approved:
            return considered.locked;
        case Approval::rejected:
            return {Cause::approval_rejected};
        case Approval::error:
            return {Cause::approval_error};
        case Approval::undecided:
            break;
    }
    const auto held = why_held(considered.approval);
    return held.empty() ? Reason{Cause::approvals_missing} : held;
}

Task<SecondLook> look_again(ControlContext& context, Run& run) {
    SecondLook out;
    const auto plan = context.plans.get(plan_of(run).document);
    if (!plan) throw Failure("the plan of " + run.id.value + " cannot be read", Retry::never);
    co_await look_at_budgets(context, run);
    auto evidence = co_await kept_evidence(context, run);
    auto& decision = run.plan.value().decision;
    decision = co_await decide_plan(context, run, *plan, std::move(evidence));
    if (decision.verdict == Verdict::denied || decision.verdict == Verdict::error)
        out.denied = denial(decision);
    if (!out.denied.empty()) co_return out;
    out.not_now = out.must_confirm = co_await read_overtaken(context, run);
    if (!out.not_now.empty()) co_return out;
    auto considered = co_await consider_again(context, run);
    co_await keep_asked(context, considered);
    out.approval = considered.approval;
    out.asked = true;
    out.lock = considered.lock;
    Run asked = run;
    if (confirmed_by(run) == "slipway")
        asked.confirmation.reset();  // nobody did: all its conditions hold still?
    const bool by_itself = !asked.confirmation || (run.before_merge && run.must_confirm.empty());
    out.not_now =
        by_itself ? why_not_automatic(asked, considered) : why_not_confirmed(run, considered);
    co_return out;
}

// The run fails, or waits again; who asked for it before the merge has asked all the same.
void send_back(Run& run, const SecondLook& found, std::int64_t now_ms) {
    run.reason = found.denied.empty() ? found.not_now : found.denied;
    if (!found.must_confirm.empty()) run.must_confirm = found.must_confirm;
    if (run.before_merge)
        run.confirmation.value().approval.reset();
    else
        run.confirmation.reset();
    advance(run, found.denied.empty() ? RunEvent::reconsidered : RunEvent::denied, now_ms,
            "slipway", reason_text(run));
    if (found.asked) run.history.back().vote = vote_of(found.approval);
}

// Somebody took this very plan, and the run's record does not know: the copy is an old one, or the
// plan's journal is another worker's. Nothing is said of how it ended.
Task<void> lose_taken(ControlContext& context, Lease lease, StoredRun run) {
    Commit commit;
    auto last_seen = co_await last_line(context.queue, run.value.id);
    advance(run.value, RunEvent::begun, context.clock.now_ms(), "slipway");
    lose(context, commit, run.value, reason_text(Reason{Cause::began_before}),
         std::move(last_seen));
    store_run(commit, run);
    commit.holding = lease;
    commit.finish = true;
    co_await context.queue.commit(std::move(commit));
}

void allow(Commit& commit, StoredRun& run, SecondLook found, const std::string& once,
           std::int64_t now_ms) {
    run.value.confirmation.value().approval = std::move(found.approval);
    advance(run.value, RunEvent::begun, now_ms, "slipway");
    commit.begin = true;
    commit.once.push_back(once);
    // Written although it stays as it is: so that nobody has locked the stack meanwhile.
    found.lock.value.stack = run.value.stack;
    commit.records.push_back(save(lock_key(run.value.stack), found.lock));
    store_run(commit, run);
}

void refuse(Commit& commit, StoredRun& run, const SecondLook& found, std::int64_t now_ms) {
    send_back(run.value, found, now_ms);
    commit.finish = true;
    if (run.value.pull) {
        PullRequestName name{run.value.repository, *run.value.pull};
        commit.jobs.push_back(make_job(jobs::consider(name), name));
    }
    if (run.value.reason.cause == Cause::locked)
        commit.jobs.push_back(lock_expiry(found.lock.value));
    store_run(commit, run);
}

BeginAnswer refusal(Reason why) {
    BeginAnswer out;
    out.reason = reason_text(why);
    return out;
}

// Why the run is not one that may begin; empty: it is.
Reason why_not_confirmed_now(const StoredRun& run, const std::string& plan_digest) {
    if (!run.version) return {Cause::run_unknown};
    if (run.value.state == RunState::confirmed && plan_of(run.value).digest == plan_digest)
        return {};
    return {Cause::run_moved_on, std::string(word(run.value.state))};
}

Task<BeginAnswer> begin_or_not(ControlContext& context, RunId id, Lease lease,
                               std::string plan_digest) {
    const auto once = apply_once(plan_digest);
    auto run = co_await load<Run>(context.queue, run_key(id));
    if (run.value.state == RunState::applying && plan_of(run.value).digest == plan_digest) {
        // Asked again, since the first answer was lost: only the lease that took the plan hears
        // yes.
        auto answer = refusal({Cause::began_elsewhere});
        answer.allowed = co_await context.queue.begin_apply(lease, once);
        co_return answer;
    }
    if (auto why = why_not_confirmed_now(run, plan_digest); !why.empty()) {
        co_await context.queue.finish(lease);
        co_return refusal(std::move(why));
    }
    auto found = co_await look_again(context, run.value);
    BeginAnswer answer;
    answer.allowed = found.denied.empty() && found.not_now.empty();
    Commit commit;
    commit.holding = lease;
    if (answer.allowed)
        allow(commit, run, found, once, context.clock.now_ms());
    else
        refuse(commit, run, found, context.clock.now_ms());
    if (!answer.allowed) answer.reason = reason_text(run.value);
    const auto committed = co_await context.queue.commit(std::move(commit));
    if (committed == Committed::stale) co_return refusal({Cause::lease_lost});
    if (committed == Committed::done) co_return answer;
    auto present = co_await load<Run>(context.queue, run_key(id));
    const auto lock = co_await load<StackLock>(context.queue, lock_key(run.value.stack));
    if (present.version != run.version || lock.version != found.lock.version || !answer.allowed)
        throw Overtaken("the run moved on meanwhile");
    co_await lose_taken(context, lease, std::move(present));
    co_return refusal({Cause::began_before});
}

}  // namespace

Task<BeginAnswer> begin_apply(ControlContext& context, RunId id, Lease lease,
                              std::string plan_digest) {
    constexpr int attempts = 5;
    for (int attempt = 1;; ++attempt) {
        try {
            auto answer = co_await begin_or_not(context, id, lease, plan_digest);
            if (!answer.allowed)
                log_info("an apply does not begin", {{"run", id.value}, {"reason", answer.reason}});
            co_return answer;
        } catch (const Overtaken&) {
            if (attempt == attempts) throw;
        }
    }
}

}  // namespace slipway
