// Rule W5: between the confirmation and the tool's start everything is looked at again. Read
// (reviews, policies, the branch or the pull request), decide, and begin, or not, in one commit
// with the lease of the worker that asks.
#include "handlers/runs/control/transition.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

// What was found, looking again.
struct SecondLook {
    std::string denied;        // a plan policy: the run fails
    std::string not_now;       // why it goes back to wait; "": it does not
    std::string must_confirm;  // and never goes on by itself
    ApprovalDecision approval;
};

// Whether what was confirmed is still what the branch, or the pull request, wants; "": it is.
Task<std::string> why_overtaken(ControlContext& context, const Run& run) {
    auto& forge = *context.forges.at(run.repository.forge);
    if (run.before_merge && run.pull) {
        PullRequestName name{run.repository, *run.pull};
        const auto pull = co_await forge.pull_request(name);
        if (!pull || pull->state != PullState::open)
            co_return "its pull request is not open any more";
        if (pull->head != run.head) co_return "its pull request has another head by now";
        if (pull->base_branch != run.settings.branch)
            co_return "its pull request goes to another branch by now";
        co_return "";
    }
    const auto& branch = run.settings.branch;
    auto remote = co_await forge.git_remote(run.repository);
    std::vector<CommitSha> none;
    std::vector<std::string> branches{branch};
    co_await context.mirrors.fetch(run.repository.text(), std::move(remote), std::move(none),
                                   std::move(branches));
    auto repository = context.mirrors.open(run.repository.text());
    auto contained = [&] {
        const auto tip = repository->branch_tip(branch);
        return tip && repository->has_commit(run.head) &&
               (*tip == run.head || repository->is_ancestor(run.head, *tip));
    };
    const bool there = co_await context.pool.run(contained);
    co_return there ? "" : "its commit is not on " + branch + " any more";
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
std::string why_not_confirmed(const Run& run, const Considered& considered) {
    if (run.settings.mode == Mode::observe) return "this stack is only observed";
    switch (considered.approval.approval) {
        case Approval::approved:
            return "";
        case Approval::rejected:
            return "an approval policy rejects it";
        case Approval::error:
            return "an approval policy could not be evaluated";
        case Approval::undecided:
            break;
    }
    return "approvals are missing";
}

Task<SecondLook> look_again(ControlContext& context, Run& run) {
    SecondLook out;
    const auto plan = context.plans.get(run.plan_document);
    if (!plan) throw Failure("the plan of " + run.id.value + " cannot be read", Retry::never);
    run.plan_decision = co_await decide_plan(context, run, *plan);
    const auto verdict = run.plan_decision.verdict;
    if (verdict == Verdict::denied || verdict == Verdict::error)
        out.denied = denial(run.plan_decision);
    if (!out.denied.empty()) co_return out;
    out.not_now = out.must_confirm = co_await why_overtaken(context, run);
    if (!out.not_now.empty()) co_return out;
    const auto considered = co_await consider_again(context, run);
    out.approval = considered.approval;
    Run asked = run;
    if (run.confirmed_by == "slipway")
        asked.confirmed_by.clear();  // nobody did: all its conditions hold still?
    const bool by_itself =
        asked.confirmed_by.empty() || (run.before_merge && run.must_confirm.empty());
    out.not_now =
        by_itself ? why_not_automatic(asked, considered) : why_not_confirmed(run, considered);
    co_return out;
}

// The run fails, or waits again; who asked for it before the merge has asked all the same.
void send_back(Run& run, const SecondLook& found, std::int64_t now_ms) {
    run.reason = found.denied.empty() ? found.not_now : found.denied;
    if (!found.must_confirm.empty()) run.must_confirm = found.must_confirm;
    if (!run.before_merge) run.confirmed_by.clear();
    run.approval.reset();
    advance(run, found.denied.empty() ? RunEvent::reconsidered : RunEvent::denied, now_ms,
            "slipway", run.reason);
}

// Somebody took this very plan, and the run's record does not know: the copy is an old one, or the
// plan's journal is another worker's. Nothing is said of how it ended.
Task<void> lose_taken(ControlContext& context, Lease lease, StoredRun run) {
    Commit commit;
    advance(run.value, RunEvent::begun, context.clock.now_ms(), "slipway");
    co_await lose(context, commit, run, "an apply of this plan began before");
    store_run(commit, run);
    commit.holding = lease;
    commit.finish = true;
    co_await context.queue.commit(std::move(commit));
}

Task<BeginAnswer> begin_or_not(ControlContext& context, RunId id, Lease lease,
                               std::string plan_digest) {
    BeginAnswer answer;
    const std::string once = "done/" + plan_digest;
    auto run = co_await load<Run>(context.queue, run_key(id));
    if (run.value.state == RunState::applying && run.value.plan_digest == plan_digest) {
        // Asked again, since the first answer was lost: only the lease that took the plan hears
        // yes.
        answer.allowed = co_await context.queue.begin_apply(lease, once);
        answer.reason = "this plan was already begun by another worker";
        co_return answer;
    }
    if (!run.version || run.value.state != RunState::confirmed ||
        run.value.plan_digest != plan_digest) {
        answer.reason = !run.version
                            ? "its run is not known any more"
                            : "its run is " + std::string(word(run.value.state)) + " by now";
        co_await context.queue.finish(lease);
        co_return answer;
    }
    auto found = co_await look_again(context, run.value);
    Commit commit;
    commit.holding = lease;
    if (found.denied.empty() && found.not_now.empty()) {
        run.value.approval = std::move(found.approval);
        advance(run.value, RunEvent::begun, context.clock.now_ms(), "slipway");
        commit.begin = true;
        commit.once.push_back(once);
        answer.allowed = true;
    } else {
        send_back(run.value, found, context.clock.now_ms());
        answer.reason = run.value.reason;
        commit.finish = true;
        if (run.value.pull) {
            PullRequestName name{run.value.repository, *run.value.pull};
            commit.jobs.push_back(make_job(JobKind::consider, name.text(), name));
        }
    }
    store_run(commit, run);
    const auto committed = co_await context.queue.commit(std::move(commit));
    if (committed == Committed::conflict) {
        auto present = co_await load<Run>(context.queue, run_key(id));
        if (present.version != run.version || !answer.allowed)
            throw Overtaken("the run moved on meanwhile");
        co_await lose_taken(context, lease, std::move(present));
        answer.allowed = false;
        answer.reason = "an apply of this plan began before";
    }
    if (committed == Committed::stale) {
        answer.allowed = false;
        answer.reason = "its worker's lease had gone";
    }
    co_return answer;
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
