// What the workers of this process get from the service, and what becomes of what they bring.
#include <doctest/doctest.h>

#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

struct Service : ControlBench {
    std::unique_ptr<RunGateway> gateway = make_in_process_gateway(io.get_executor(), context);

    Run waiting(Phase phase, RunState state) {
        auto run = planned(RunKind::tracked, "t");
        run.state = state;
        set_plan(run).document = plan_document();
        put(run);
        Commit left;
        left.jobs.push_back(perform_job(context, run, phase));
        commit(std::move(left));
        return run;
    }
    Work next() {
        auto work =
            run_task(io, gateway->next("worker-1", "default", std::chrono::milliseconds(0)));
        REQUIRE(work);
        return *work;
    }
};

}  // namespace

TEST_CASE("a worker claims work of its pool, and there is none of another") {
    Service bench;
    const auto run = bench.waiting(Phase::plan, RunState::planning);
    CHECK_FALSE(
        run_task(bench.io, bench.gateway->next("w", "other", std::chrono::milliseconds(0))));
    const auto work = bench.next();
    CHECK(work.spec.run == run.id);
    CHECK(run_task(bench.io, bench.gateway->renew(work.lease)) == Renewed::held);
    CHECK(run_task(bench.io, bench.gateway->append_log(run.id, work.lease, "hello\n")));
    CHECK(run_task(bench.io, bench.queue->read_log("t", 0, 100)) == "hello\n");
}

TEST_CASE("a worker stores what it made and gets what the service keeps") {
    Service bench;
    const auto sealed = run_task(bench.io, bench.gateway->put_blob("bytes", true));
    CHECK(run_task(bench.io, bench.gateway->get_blob(sealed)) == "bytes");
    const auto shown = run_task(bench.io, bench.gateway->put_blob("log", false));
    CHECK(bench.blobs->get(shown) == "log");
    CHECK_FALSE(run_task(bench.io, bench.gateway->get_blob(BlobId("gone"))));
}

TEST_CASE("a plan is stored with the places where its resources are declared") {
    Service bench;
    auto& git = bench.with_git();
    std::vector<CommitSha> none;
    std::vector<std::string> main{"main"};
    auto remote = bench.forge->remote;
    run_task(bench.io, bench.mirrors->fetch(bench.infra.text(), remote, none, main));
    auto run = bench.planned(RunKind::tracked, "t");
    run.tree = git.tree();
    run.settings.directory = "stacks/net";
    bench.put(run);
    Plan plan;
    for (const char* address : {"terraform_data.a[0]", "terraform_data.elsewhere"}) {
        Change change;
        change.address = address;
        plan.changes.push_back(change);
    }
    const auto id = run_task(bench.io, bench.gateway->put_plan(run.id, plan));
    const auto kept = bench.plans.get(id);
    REQUIRE(kept);
    CHECK(kept->changes[0].file == "stacks/net/main.tf");
    CHECK(kept->changes[0].line == 1);
    CHECK(kept->changes[1].file.empty());
}

TEST_CASE("what a worker reports is judged, and only while it holds its lease") {
    Service bench;
    const auto run = bench.waiting(Phase::apply, RunState::applying);
    const auto work = bench.next();
    PhaseResult result;
    result.outcome = PhaseResult::Outcome::applied;
    auto stale = work.lease;
    --stale.fence;
    CHECK_FALSE(run_task(bench.io, bench.gateway->report(run.id, stale, result)));
    CHECK(run_task(bench.io, bench.gateway->report(run.id, work.lease, result)));
    const RunPhase which{run.id, Phase::apply};
    CHECK(run_task(bench.io, load<PhaseResult>(*bench.queue, result_key(which))).value.outcome ==
          PhaseResult::Outcome::applied);
    CHECK(bench.left("judge/t/apply", "service"));
}

TEST_CASE("work that is given back is claimed again") {
    Service bench;
    bench.waiting(Phase::plan, RunState::planning);
    const auto work = bench.next();
    run_task(bench.io, bench.gateway->give_back(work.lease));
    CHECK(bench.next().lease.fence != work.lease.fence);
}

TEST_CASE("W5: a worker may not begin an apply that nobody confirmed") {
    Service bench;
    const auto run = bench.waiting(Phase::apply, RunState::unconfirmed);
    const auto work = bench.next();
    CHECK_FALSE(
        run_task(bench.io, bench.gateway->begin_apply(run.id, work.lease, plan_of(run).digest))
            .allowed);
}

TEST_CASE("an end that the journal knows is looked up, unless it is known") {
    Service bench;
    auto run = bench.waiting(Phase::plan, RunState::unknown);
    run_task(bench.io, bench.gateway->ask_for_its_end(run.id));
    CHECK(bench.left("perform/t/find_out", "work/default"));

    Service over;
    run = over.waiting(Phase::plan, RunState::finished);
    run_task(over.io, over.gateway->ask_for_its_end(run.id));
    CHECK_FALSE(over.left("perform/t/find_out", "work/default"));
}
