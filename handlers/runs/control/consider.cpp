// Looks again at a pull request's reviews, and at those of its runs that wait for them.
#include <utility>

#include "handlers/runs/control/transition.hpp"
#include "service/base/pause.hpp"

namespace slipway {

namespace {

// Read when the first plan needs them: once for a look at the pull request as long as only plans
// are shown, and afresh in each job where an apply may begin.
class Reviews {
  public:
    Reviews(Forge& forge, Stored<PullRecord>& pull) : forge_(forge), pull_(pull) {}

    Task<const std::vector<ForgeReview>*> newest(RunKind kind) {
        auto& record = pull_.value;
        if (!afresh_ && (!record.reviews_read || kind == RunKind::tracked)) {
            auto all = co_await forge_.reviews(record.pull.name);
            record.reviews = newest_by_author(all);
            record.reviews_read = afresh_ = true;
        }
        co_return &record.reviews;
    }

  private:
    Forge& forge_;
    Stored<PullRecord>& pull_;
    bool afresh_ = false;
};

// What was read of one stack whose run has a plan with changes.
struct ConsideredStack {
    std::size_t index = 0;  // in the record
    StoredRun run;
    bool asked = false;  // else it has no plan to approve
    Considered considered;
    std::vector<PullRequestName> behind;  // tracked: whose runs wait behind it
};

struct ConsiderLook {
    Stored<PullRecord> pull;
    std::string before;  // the record, as it was read
    std::vector<ConsideredStack> stacks;
};

// Then what was kept of the one before says it all.
bool same_answer(const ApprovalDecision& a, const ApprovalDecision& b) {
    return a.approval == b.approval && a.missing == b.missing && a.approved_by == b.approved_by &&
           a.rejected_by == b.rejected_by && a.policy_set == b.policy_set;
}

Task<ConsideredStack> read_stack(ControlContext& context, ConsiderLook& look, Reviews& reviews,
                                 const PostedRecord& posted, std::size_t index) {
    const auto& stack = look.pull.value.stacks[index];
    ConsideredStack out;
    out.index = index;
    const auto& id = stack.tracked.empty() ? stack.proposed : stack.tracked;
    out.run = co_await load<Run>(context.queue, run_key(id));
    const auto& run = out.run.value;
    out.asked = out.run.version && !plan_of(run).digest.empty() && plan_of(run).changes;
    const bool tracked = run.kind == RunKind::tracked;
    if (!out.asked || (tracked && run.state != RunState::unconfirmed)) co_return out;
    const auto* given = co_await reviews.newest(run.kind);
    out.considered = co_await consider_run(context, run, &look.pull.value, &posted, *given);
    const auto& before = stack.approval;
    const bool applies = tracked && why_not_automatic(run, out.considered).empty();
    if (applies || before.input.empty() || !same_answer(before, out.considered.approval))
        co_await keep_asked(context, out.considered);
    else
        out.considered.approval.input = before.input;
    const bool says_more = tracked && (run.awaits_consideration ||
                                       why_not_automatic(run, out.considered) != run.reason);
    if (says_more) out.behind = co_await pulls_behind(context, run);
    co_return out;
}

// nullopt: it is not known, or its plans are of another head.
Task<std::optional<ConsiderLook>> read_pull(ControlContext& context, PullRequestName name) {
    ConsiderLook look;
    look.pull = co_await load<PullRecord>(context.queue, pull_key(name));
    const auto& record = look.pull.value;
    if (!look.pull.version) co_return std::nullopt;
    if (record.discovering_stacks && record.pull.state == PullState::open) co_return std::nullopt;
    look.before = encode(record).dump();
    const auto posted = co_await load<PostedRecord>(context.queue, posted_key(name));
    Reviews reviews(*context.forges.at(name.repository.forge), look.pull);
    for (std::size_t i = 0; i < record.stacks.size(); ++i) {
        if (record.stacks[i].tracked.empty() && record.stacks[i].proposed.empty()) continue;
        look.stacks.push_back(co_await read_stack(context, look, reviews, posted.value, i));
    }
    co_return look;
}

// A run of the branch applies by itself, or waits and says why.
void decide_waiting(const ControlContext& context, Commit& commit, ConsideredStack& stack) {
    auto& run = stack.run;
    auto why = why_not_automatic(run.value, stack.considered);
    const bool first = std::exchange(run.value.awaits_consideration, false);
    if (why.empty()) {
        auto by = run.value.confirmation ? confirmed_by(run.value) : "slipway";
        start_apply(context, commit, run, stack.considered.approval, std::move(by), "");
    } else if (first || why != run.value.reason) {
        run.value.reason = why;
        store_run(commit, run);
        leave_reports(commit, stack.behind);
    }
    if (why.cause == Cause::locked) commit.jobs.push_back(lock_expiry(stack.considered.lock.value));
}

Commit decide_pull(const ControlContext& context, ConsiderLook look) {
    Commit commit;
    for (auto& stack : look.stacks) {
        auto& approval = look.pull.value.stacks[stack.index].approval;
        const auto& run = stack.run.value;
        const bool tracked = run.kind == RunKind::tracked;
        if (!stack.asked) approval = ApprovalDecision();
        if (!stack.asked || (tracked && run.state != RunState::unconfirmed)) continue;
        approval = stack.considered.approval;
        leave_look_at(commit, look.pull.value.pull.name, approval, context.clock.now_ms());
        if (tracked) decide_waiting(context, commit, stack);
    }
    const auto& name = look.pull.value.pull.name;
    if (encode(look.pull.value).dump() != look.before)
        commit.records.push_back(save(pull_key(name), look.pull));
    commit.jobs.push_back(make_job(jobs::report(name), name));
    return commit;
}

}  // namespace

Task<void> consider(ControlContext& context, ClaimedJob job) {
    if (job.job.not_before_ms > context.clock.now_ms())  // the queue's clock is ahead of ours
        throw Pause("it is early", std::chrono::seconds(1));
    auto look = co_await read_pull(context, job_payload<PullRequestName>(job.job));
    if (!look) co_return;
    auto commit = decide_pull(context, std::move(*look));
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the pull request moved on meanwhile");
}

}  // namespace slipway
