// Rule W5, between the confirmation and the tool's start: one condition at a time keeps an apply
// from beginning.
#include <doctest/doctest.h>

#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

// A confirmed run of the branch, whose work a worker has claimed.
struct Confirmed : ControlBench {
    Lease lease;
    Run run_;

    explicit Confirmed(bool before_merge = false) {
        all_may_write();
        auto& git = with_git();
        auto shown = planned(RunKind::proposed, "p");
        shown.head = git.head();
        put(shown);
        run_ = planned(RunKind::tracked, "t");
        run_.head = git.head();
        run_.approved_run = RunId("p");
        run_.before_merge = before_merge;
        set_plan(run_).document = plan_document();
        put(run_);
        confirm("forge.test/grace");
        PullRequest fresh = pull.value.pull;
        fresh.head = run_.head;
        fresh.base_branch = run_.settings.branch;
        forge->pulls[7] = fresh;
    }
    void confirm(const char* by) {
        auto stored = run_task(io, load<Run>(*queue, run_key(run_.id)));
        Commit one;
        start_apply(context, one, stored, ApprovalDecision(), by, "");
        commit(std::move(one));
        lease = claimed("work/default").lease;
    }
    BeginAnswer begin() { return begin(lease); }
    BeginAnswer begin(Lease with) {
        return run_task(io, begin_apply(context, run_.id, with, plan_of(run_).digest));
    }
    Run now() { return run("t"); }
    StackLock stack_lock() {
        return run_task(io, load<StackLock>(*queue, lock_key(run_.stack))).value;
    }
    // Without waiting for anybody: it may be called from within a policy.
    void lock(std::chrono::milliseconds time) {
        asio::io_context own;
        auto stored = run_task(own, load<StackLock>(*queue, lock_key(run_.stack)));
        stored.value.stack = run_.stack;
        stored.value.holder.login = "linus";
        stored.value.expires_at_ms = clock.now_ms() + time.count();
        Commit one;
        one.records.push_back(save(lock_key(run_.stack), stored));
        REQUIRE(run_task(own, queue->commit(std::move(one))) == Committed::done);
    }
    // It does not begin, and waits again for this reason.
    void waits_again(Cause cause) {
        const auto answer = begin();
        CHECK_FALSE(answer.allowed);
        CHECK_FALSE(answer.reason.empty());
        CHECK(now().state == RunState::unconfirmed);
        CHECK(now().reason.cause == cause);
        CHECK_FALSE((now().confirmation && now().confirmation->approval));
        CHECK(left("consider/" + pull_name.text(), "service"));
    }
};

}  // namespace

TEST_CASE("W5: an apply begins where everything still holds, and only for the lease that took it") {
    Confirmed bench;
    CHECK(bench.begin().allowed);
    CHECK(bench.now().state == RunState::applying);
    REQUIRE(bench.now().confirmation.value().approval);
    CHECK(bench.now().confirmation->approval->approval == Approval::approved);
    CHECK(bench.begin().allowed);  // its answer was lost
    auto other = bench.lease;
    ++other.fence;
    CHECK_FALSE(bench.begin(other).allowed);
}

TEST_CASE("R6: an apply begins by the work of an apply only") {
    Confirmed bench;
    const auto gateway = make_in_process_gateway(bench.io.get_executor(), bench.context);
    Commit left;
    left.jobs.push_back(perform_job(bench.context, bench.run_, Phase::plan));
    bench.commit(std::move(left));
    const auto plans = bench.claimed("work/default").lease;
    CHECK_THROWS_AS(run_task(bench.io, gateway->begin_apply(plans, plan_of(bench.run_).digest)),
                    Failure);
    CHECK(
        run_task(bench.io, gateway->begin_apply(bench.lease, plan_of(bench.run_).digest)).allowed);
}

TEST_CASE(
    "T20, W5: an apply of another plan, of a run that moved on or is not known does not begin") {
    Confirmed other_plan;
    auto answer = run_task(other_plan.io,
                           begin_apply(other_plan.context, RunId("t"), other_plan.lease, "0000"));
    CHECK_FALSE(answer.allowed);
    CHECK(other_plan.now().state == RunState::confirmed);

    Confirmed discarded;
    REQUIRE(discarded.answer(discarded.request(Verb::cancel, "grace")).kind == Answer::Kind::done);
    CHECK_FALSE(discarded.begin().allowed);
    CHECK(discarded.now().state == RunState::discarded);

    Confirmed unknown;
    answer =
        run_task(unknown.io, begin_apply(unknown.context, RunId("gone"), unknown.lease, "9f3c"));
    CHECK_FALSE(answer.allowed);
    CHECK_FALSE(answer.reason.empty());
}

TEST_CASE("W5: a plan policy that denies by now, or fails, ends the run") {
    Confirmed denied;
    denied.policies.plan.verdict = Verdict::denied;
    Finding finding;
    finding.policy = "no-fridays";
    denied.policies.plan.findings = {finding};
    CHECK_FALSE(denied.begin().allowed);
    CHECK(denied.now().state == RunState::failed);
    CHECK(denied.now().reason == Reason{Cause::denied, "no-fridays"});

    Confirmed broken;
    broken.policies.plan.verdict = Verdict::error;
    CHECK_FALSE(broken.begin().allowed);
    CHECK(broken.now().state == RunState::failed);
    CHECK(broken.now().reason.cause == Cause::plan_policy_error);

    Confirmed warned;  // somebody confirmed it, warning and all
    warned.policies.plan.verdict = Verdict::warned;
    CHECK(warned.begin().allowed);
}

TEST_CASE("T21, W5: a review that was dismissed meanwhile counts") {
    const std::pair<Approval, Cause> cases[] = {{Approval::undecided, Cause::approvals_missing},
                                                {Approval::rejected, Cause::approval_rejected},
                                                {Approval::error, Cause::approval_error}};
    for (const auto& [approval, cause] : cases) {
        Confirmed bench;
        bench.policies.approval.approval = approval;
        bench.waits_again(cause);
        CHECK_FALSE(bench.now().confirmation);
    }
}

TEST_CASE("W5: a freeze that began meanwhile counts, and is the reason that is shown") {
    Confirmed bench;
    bench.policies.approval.approval = Approval::undecided;
    bench.policies.approval.missing = {{"frozen until Monday", 0, ""}};
    bench.waits_again(Cause::approvals_missing);
    CHECK(bench.now().reason.text == "frozen until Monday");

    Confirmed both;  // a person is missing, too
    both.policies.approval.approval = Approval::undecided;
    both.policies.approval.missing = {{"frozen until Monday", 0, ""}, {"1 of team dba", 1, "dba"}};
    both.waits_again(Cause::approvals_missing);
    CHECK(both.now().reason.text.empty());
}

TEST_CASE("W5: a stack that is only observed by now is not applied, whoever confirmed it") {
    Confirmed bench;
    auto run = bench.now();
    run.settings.mode = Mode::observe;
    bench.put(run);
    bench.waits_again(Cause::observed);
}

TEST_CASE("W5: a commit that left its branch is not applied, and never by itself again") {
    Confirmed bench;
    auto& git = bench.with_git();  // one commit more: the run's is contained
    git.git({"checkout", "-q", "--orphan", "other"});
    git.commit_all("Another history");
    git.git({"branch", "-f", "main", "other"});
    bench.waits_again(Cause::off_branch);
    CHECK(bench.now().must_confirm == Reason{Cause::off_branch, "main"});
}

TEST_CASE("W5: a commit that the branch has gone on from may still be applied") {
    Confirmed bench;
    bench.with_git();
    CHECK(bench.begin().allowed);
}

TEST_CASE("W5: what nobody confirmed begins only while all its conditions hold") {
    Confirmed fine;
    auto run = fine.now();
    run.confirmation = Confirmation{"slipway", std::nullopt};
    fine.put(run);
    CHECK(fine.begin().allowed);

    Confirmed stack_confirms;
    run = stack_confirms.now();
    run.confirmation = Confirmation{"slipway", std::nullopt};
    run.settings.apply_start = ApplyStart::confirmed;
    stack_confirms.put(run);
    stack_confirms.waits_again(Cause::stack_confirms);

    Confirmed warned;
    run = warned.now();
    run.confirmation = Confirmation{"slipway", std::nullopt};
    warned.put(run);
    warned.policies.plan.verdict = Verdict::warned;
    warned.waits_again(Cause::policy_warns);

    Confirmed other_plan;
    run = other_plan.now();
    run.confirmation = Confirmation{"slipway", std::nullopt};
    set_plan(run).change_digest = "other changes";
    other_plan.put(run);
    other_plan.waits_again(Cause::other_plan);
}

TEST_CASE("T20, W5: before the merge, the pull request must still be what was looked at") {
    Confirmed fine(true);
    CHECK(fine.begin().allowed);

    Confirmed closed(true);
    closed.forge->pulls[7].state = PullState::closed;
    closed.waits_again(Cause::pull_not_open);
    CHECK(confirmed_by(closed.now()) == "forge.test/grace");  // who asked has asked all the same

    Confirmed gone(true);
    gone.forge->pulls.clear();
    gone.waits_again(Cause::pull_not_open);

    Confirmed pushed(true);
    pushed.forge->pulls[7].head = CommitSha(std::string(40, 'c'));
    pushed.waits_again(Cause::pull_has_other_head);

    Confirmed retargeted(true);
    retargeted.forge->pulls[7].base_branch = "release";
    retargeted.waits_again(Cause::pull_has_other_base);

    Confirmed other_plan(true);
    auto run = other_plan.now();
    set_plan(run).change_digest = "other changes";
    other_plan.put(run);
    other_plan.waits_again(Cause::other_plan);
}

TEST_CASE("R4: a plan that was begun once is never begun again, and its end is looked for") {
    Confirmed bench;
    Commit taken;
    taken.once.push_back("done/" + plan_of(bench.run_).digest);
    bench.commit(std::move(taken));
    CHECK_FALSE(bench.begin().allowed);
    CHECK(bench.now().state == RunState::unknown);
    CHECK(bench.left("perform/t/find_out", "work/default"));
}

TEST_CASE("a worker whose lease has gone begins nothing") {
    Confirmed bench;
    auto old = bench.lease;
    --old.fence;
    CHECK_FALSE(bench.begin(old).allowed);
    CHECK(bench.now().state == RunState::confirmed);
}

TEST_CASE("an apply whose plan cannot be read does not begin") {
    Confirmed bench;
    auto run = bench.now();
    set_plan(run).document = BlobId("gone");
    bench.put(run);
    CHECK_THROWS_AS(bench.begin(), Failure);
    CHECK(bench.now().state == RunState::confirmed);
}

TEST_CASE("W5: an apply does not begin while its stack is locked, and waits for that") {
    for (const bool before_merge : {false, true}) {
        CAPTURE(before_merge);
        Confirmed bench(before_merge);
        bench.lock(std::chrono::hours(1));
        bench.waits_again(Cause::locked);
        CHECK(bench.now().reason.name == "linus");
        bench.clock.advance(std::chrono::hours(1));
        CHECK(bench.left(lock_expiry(bench.stack_lock()).id.value, "service"));
    }
    Confirmed expired;
    expired.lock(std::chrono::hours(1));
    expired.clock.advance(std::chrono::hours(1));
    CHECK(expired.begin().allowed);
}

TEST_CASE("W5: a lock that is set while an apply is looked at again keeps it from beginning") {
    Confirmed bench;
    int looked = 0;
    bench.policies.decides = [&](const ApprovalQuestion&) {  // the last that is read
        if (++looked == 1) bench.lock(std::chrono::hours(1));
        ApprovalDecision out;
        out.approval = Approval::approved;
        return out;
    };
    bench.waits_again(Cause::locked);
    CHECK(looked == 2);
}
