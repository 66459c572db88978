// What follows from what a worker found, one outcome after the other.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "service/model/provider.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

using Outcome = PhaseResult::Outcome;

struct Worked : ControlBench {
    PhaseResult result;

    Worked() {
        result.outcome = Outcome::planned;
        result.plan_document = plan_document();
        result.plan_digest = "9f3c";
        result.change_digest = "changes";
        result.inputs = {{InputKind::provider, "registry.terraform.io/hashicorp/null", "h1"},
                         {InputKind::module, "vpc", "m1"}};
        result.tool_version = "1.9.0";
        result.sandbox = "bubblewrap";
        result.started_at_ms = clock.now_ms();
        result.ended_at_ms = clock.now_ms() + 2'000;
    }
    Run begun(RunKind kind, RunState state) {
        auto run = planned(kind, "r");
        run.state = state;
        run.plan.reset();
        set_plan(run).changes = false;
        set_plan(run).counts = PlanCounts();
        set_plan(run).document = plan_document(5);
        return run;
    }
    // The run, once the result is judged.
    Run judged(const Run& run, Phase phase = Phase::plan) {
        put(run);
        const RunPhase which{run.id, phase};
        auto stored = run_task(io, load<PhaseResult>(*queue, result_key(which)));
        stored.value = result;
        Commit kept;
        kept.records.push_back(save(result_key(which), stored));
        commit(std::move(kept));
        work(make_job(jobs::judge(which), which), judge);
        return this->run("r");
    }
    // Pull request 9 is open, and has a plan of the same stack.
    void plan_of_another_pull() {
        auto other = planned(RunKind::proposed, "other");
        other.pull = 9;
        other.created_at_ms = clock.now_ms() - 1'000;
        Stored<PullRecord> record;
        record.value.pull.name = {infra, 9};
        record.value.stacks.emplace_back();
        record.value.stacks.back().proposed = other.id;
        Commit made;
        create_run(made, other);
        made.records.push_back(save(pull_key(record.value.pull.name), record));
        commit(std::move(made));
    }
    Run of_branch(Outcome outcome = Outcome::planned) {
        result.outcome = outcome;
        auto run = begun(RunKind::tracked, RunState::planning);
        run.pull.reset();
        return judged(run);
    }
    Run applied(Outcome outcome, Phase phase = Phase::apply, RunState state = RunState::applying) {
        result.outcome = outcome;
        return judged(begun(RunKind::tracked, state), phase);
    }
};

}  // namespace

TEST_CASE("a plan of a pull request is finished, with what it found, and its approvals are asked") {
    Worked bench;
    const auto run = bench.judged(bench.begun(RunKind::proposed, RunState::planning));
    CHECK(run.state == RunState::finished);
    CHECK(plan_of(run).digest == "9f3c");
    CHECK(plan_of(run).counts.create == 1);
    CHECK(plan_of(run).changes);
    CHECK(run.tool_version == "1.9.0");
    CHECK(run.sandbox == "bubblewrap");
    REQUIRE(plan_of(run).inputs.size() == 2);
    CHECK(std::is_sorted(plan_of(run).inputs.begin(), plan_of(run).inputs.end()));
    CHECK_FALSE(plan_of(run).inputs_digest.empty());
    CHECK(bench.left("consider/" + bench.pull_name.text(), "service"));
}

TEST_CASE("what moves a stack on has other pull requests planned again, and nothing else does") {
    const auto planned_again = [](Outcome outcome, Phase phase, bool changes) {
        Worked bench;
        bench.plan_of_another_pull();
        bench.result.outcome = outcome;
        if (!changes) bench.result.plan_document = bench.plans.put(Plan());
        const bool plans = phase == Phase::plan;
        const auto state = plans ? RunState::planning : RunState::applying;
        bench.judged(bench.begun(RunKind::tracked, state), phase);
        return bench.left("look/forge.test/acme/infra#9/since/r", "service");
    };
    CHECK(planned_again(Outcome::applied, Phase::apply, true));
    CHECK(planned_again(Outcome::failed, Phase::apply, true));
    CHECK_FALSE(planned_again(Outcome::unknown, Phase::apply, true));
    CHECK(planned_again(Outcome::planned, Phase::plan, false));  // the branch has moved on
    CHECK_FALSE(planned_again(Outcome::planned, Phase::plan, true));
}

TEST_CASE("a new plan of a stack has the other pull requests that change it reported") {
    Worked bench;
    bench.plan_of_another_pull();
    bench.judged(bench.begun(RunKind::proposed, RunState::planning));
    CHECK(bench.left("report/forge.test/acme/infra#9", "service"));
}

TEST_CASE("R4: the digest of the inputs tells every one of them apart") {
    std::set<std::string> digests;
    for (const char* digest : {"m1", "m2"}) {
        Worked bench;
        bench.result.inputs[1].digest = digest;
        digests.insert(plan_of(bench.judged(bench.begun(RunKind::proposed, RunState::planning)))
                           .inputs_digest);
    }
    CHECK(digests.size() == 2);
}

TEST_CASE("an apply leaves what its stack costs from now on, also one that is found out late") {
    for (const auto state : {RunState::applying, RunState::unknown}) {
        Worked bench;
        bench.result.outcome = Outcome::applied;
        auto run = bench.begun(RunKind::tracked, state);
        auto& cost = set_plan(run).cost.emplace();
        cost.before = "10";
        cost.after = "12.5";
        cost.incomplete = true;
        const bool late = state == RunState::unknown;
        bench.judged(run, late ? Phase::find_out : Phase::apply);
        const auto kept = run_task(bench.io, cost_history(bench.context, run.stack)).value;
        REQUIRE(kept.applied.size() == 1);
        CHECK(kept.stack == run.stack);
        CHECK(kept.applied[0].run == run.id);
        CHECK(kept.applied[0].before == "10");
        CHECK(kept.applied[0].after == "12.5");
        CHECK(kept.applied[0].incomplete);
        CHECK(kept.applied[0].at_ms == bench.clock.now_ms());
    }
}

TEST_CASE("an apply that failed changes nothing in what its stack costs") {
    Worked bench;
    bench.result.outcome = Outcome::failed;
    auto run = bench.begun(RunKind::tracked, RunState::applying);
    set_plan(run).cost.emplace().after = "12.5";
    bench.judged(run, Phase::apply);
    CHECK(run_task(bench.io, cost_history(bench.context, run.stack)).version == 0);
}

TEST_CASE("W5: a plan of the branch waits, until its approvals are looked at or for a person") {
    Worked with_pull;
    auto run = with_pull.judged(with_pull.begun(RunKind::tracked, RunState::planning));
    CHECK(run.state == RunState::unconfirmed);
    CHECK(run.awaits_consideration);
    CHECK(run.reason.cause == Cause::being_considered);

    Worked without;
    run = without.of_branch();
    CHECK(run.state == RunState::unconfirmed);
    CHECK_FALSE(run.awaits_consideration);
    CHECK(run.reason.cause == Cause::unconfirmed);

    Worked forced;
    auto pushed = forced.begun(RunKind::tracked, RunState::planning);
    pushed.pull.reset();
    pushed.must_confirm = {Cause::forced_push, "main"};
    CHECK(forced.judged(pushed).reason == pushed.must_confirm);
}

TEST_CASE("R3: what the branch was planned with is known from then on, and not what a head says") {
    Worked tracked;
    tracked.of_branch();
    auto basis =
        run_task(tracked.io, load<ProviderBasis>(*tracked.queue, providers_key(StackId("net"))));
    CHECK(basis.value.commit == tracked.head);
    CHECK(basis.value.used == std::vector<std::string>{"registry.terraform.io/hashicorp/null"});

    Worked proposed;
    proposed.judged(proposed.begun(RunKind::proposed, RunState::planning));
    basis =
        run_task(proposed.io, load<ProviderBasis>(*proposed.queue, providers_key(StackId("net"))));
    CHECK(basis.version == 0);
}

TEST_CASE("a plan that changes nothing is finished, and its lane free") {
    Worked bench;
    Plan nothing;
    bench.result.plan_document = bench.plans.put(nothing);
    CHECK(bench.of_branch().state == RunState::finished);
    CHECK(bench.lane().empty());

    Worked outputs;
    Plan changed;
    changed.outputs = {"address"};
    outputs.result.plan_document = outputs.plans.put(changed);
    CHECK(outputs.of_branch().state == RunState::unconfirmed);
}

TEST_CASE("P1: a plan that a policy denies, or that none could be asked of, fails") {
    Worked denied;
    Finding warning, denial;
    warning.severity = Finding::Severity::warn;
    warning.policy = "careful";
    denial.policy = "no-fridays";
    denied.policies.plan.verdict = Verdict::denied;
    denied.policies.plan.findings = {warning, denial};
    auto run = denied.of_branch();
    CHECK(run.state == RunState::failed);
    CHECK(run.reason == Reason{Cause::denied, "no-fridays"});

    Worked broken;
    broken.policies.plan.verdict = Verdict::error;
    run = broken.of_branch();
    CHECK(run.state == RunState::failed);
    CHECK(run.reason.cause == Cause::plan_policy_error);
}

TEST_CASE("a plan that failed, took too long or was stopped ends its run") {
    Worked failed;
    failed.result.error = "Error: no such resource";
    auto run = failed.of_branch(Outcome::failed);
    CHECK(run.state == RunState::failed);
    CHECK(run.error == "Error: no such resource");

    Worked slow;
    run = slow.of_branch(Outcome::timed_out);
    CHECK(run.state == RunState::failed);
    CHECK(run.reason.cause == Cause::took_too_long);

    Worked stopped;
    CHECK(stopped.of_branch(Outcome::stopped).state == RunState::stopped);
}

TEST_CASE("R3: a provider that nobody knows is no error of the tool") {
    Worked bench;
    bench.result.error = "acme/dns was not started";
    bench.result.unknown_providers = {"acme/dns"};
    const auto run = bench.of_branch(Outcome::failed);
    CHECK(run.state == RunState::failed);
    CHECK(run.error.empty());
    CHECK(run.unknown_providers == std::vector<std::string>{"acme/dns"});
}

TEST_CASE("an apply that came to its end is finished, and its dependents may go") {
    Worked bench;
    bench.result.outputs = BlobId("outputs");
    bench.result.outcome = Outcome::applied;
    auto run = bench.begun(RunKind::tracked, RunState::applying);
    run.dependents = {RunId("d")};
    run.reason = {Cause::unconfirmed};
    run = bench.judged(run, Phase::apply);
    CHECK(run.state == RunState::finished);
    CHECK(run.applied.value().outputs == BlobId("outputs"));
    CHECK(resources_in_state(run) == 5);
    CHECK(run.reason.empty());
    CHECK(bench.left("release/d", "service"));
}

TEST_CASE("an apply that failed says so, whether it had begun or not") {
    Worked bench;
    bench.result.error = "Error: BucketAlreadyExists";
    auto run = bench.applied(Outcome::failed);
    CHECK(run.state == RunState::failed);
    CHECK(run.error == "Error: BucketAlreadyExists");

    Worked slow;
    CHECK(slow.applied(Outcome::timed_out).reason.cause == Cause::took_too_long);

    Worked not_begun;
    run = not_begun.applied(Outcome::failed, Phase::apply, RunState::confirmed);
    CHECK(run.state == RunState::failed);
}

TEST_CASE("an apply whose end nobody saw is unknown, and somebody is to find out") {
    Worked bench;
    bench.result.error = "the worker was killed";
    const auto run = bench.applied(Outcome::unknown);
    CHECK(run.state == RunState::unknown);
    CHECK(run.reason.cause == Cause::end_unseen);
    CHECK(run.error == "the worker was killed");
    CHECK(bench.left("perform/r/find_out", "work/default"));
}

TEST_CASE("what is found out late ends a run as it would have in time") {
    Worked applied;
    auto run = applied.applied(Outcome::applied, Phase::find_out, RunState::unknown);
    CHECK(run.state == RunState::finished);
    CHECK(resources_in_state(run) == 5);

    Worked failed;
    CHECK(failed.applied(Outcome::failed, Phase::find_out, RunState::unknown).state ==
          RunState::failed);

    Worked rest;
    run = rest.applied(Outcome::unknown, Phase::find_out, RunState::unknown);
    CHECK(run.state == RunState::unknown);
    CHECK(run.reason.cause == Cause::end_unseen_rest);

    Worked no_plan;
    no_plan.result.error = "no plan could be made\nand so on";
    run = no_plan.applied(Outcome::unknown, Phase::find_out, RunState::unknown);
    CHECK(run.reason == Reason{Cause::end_not_found_out, "", "no plan could be made"});

    Worked begun;  // the queue had forgotten that it began
    begun.result.begun = true;
    CHECK(begun.applied(Outcome::failed, Phase::apply, RunState::confirmed).state ==
          RunState::failed);
}

TEST_CASE("a result that nobody waits for changes nothing") {
    for (const auto state : {RunState::stopped, RunState::unconfirmed, RunState::finished}) {
        Worked bench;
        const auto run = bench.judged(bench.begun(RunKind::tracked, state));
        CHECK(run.state == state);
        CHECK(plan_of(run).digest.empty());
    }
    Worked bench;
    CHECK(bench.applied(Outcome::applied, Phase::apply, RunState::unconfirmed).state ==
          RunState::unconfirmed);
    Worked unknown;
    const RunPhase gone{RunId("gone"), Phase::plan};
    unknown.work(make_job(jobs::judge(gone), gone), judge);
    CHECK(unknown.run("gone").id.empty());
}

TEST_CASE("a plan that cannot be read is not taken for one without changes") {
    Worked bench;
    bench.result.plan_document = BlobId("gone");
    CHECK_THROWS_AS(bench.of_branch(), Failure);
    CHECK(bench.run("r").state == RunState::planning);
}
