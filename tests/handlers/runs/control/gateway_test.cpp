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
        set_plan(run).file = sealed("the plan file");
        run.prepared.emplace().archive = sealed("the source");
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
    BlobId sealed(const char* text) { return blobs->put_sealed(chunks_of(text)); }
    // Nullopt: there is none. Throws Failure where it is refused.
    std::optional<std::string> read(const Lease& lease, const BlobId& id) {
        std::string bytes;
        ChunkSink sink = [&bytes](std::string_view piece) { bytes += piece; };
        if (!run_task(io, gateway->get_blob(lease, id, std::move(sink)))) return std::nullopt;
        return bytes;
    }
    BlobId write(const Lease& lease, BlobKind kind, std::string text) {
        return run_task(io, gateway->put_blob(lease, kind, chunks_of(std::move(text))));
    }
    bool log(const Lease& lease) { return run_task(io, gateway->append_log(lease, "line\n")); }
    BeginAnswer begin(const Lease& lease, const Run& run) {
        return run_task(io, gateway->begin_apply(lease, plan_of(run).digest));
    }
    void ask_for_end(const Run& run, Phase phase) {
        run_task(io, gateway->ask_for_its_end({jobs::perform({run.id, phase}).id, 1}));
    }
    // The queue takes back what nobody renewed.
    void lapse() {
        clock.advance(std::chrono::seconds(31));
        run_task(io, queue->expire());
    }
};

// What is refused, is refused for good.
template <class F>
bool refused(F&& call) {
    try {
        call();
    } catch (const Failure& failure) {
        CHECK(failure.retry() == Retry::never);
        return true;
    }
    return false;
}

}  // namespace

TEST_CASE("a worker claims work of its pool, and there is none of another") {
    Service bench;
    const auto run = bench.waiting(Phase::plan, RunState::planning);
    CHECK_FALSE(
        run_task(bench.io, bench.gateway->next("w", "other", std::chrono::milliseconds(0))));
    const auto work = bench.next();
    CHECK(work.spec.run == run.id);
    CHECK(run_task(bench.io, bench.gateway->renew(work.lease)) == Renewed::held);
    CHECK(run_task(bench.io, bench.gateway->append_log(work.lease, "hello\n")));
    CHECK(run_task(bench.io, bench.queue->read_log("t", 0, 100)) == "hello\n");
}

TEST_CASE("a worker stores what it made and gets what the service keeps") {
    Service bench;
    const auto run = bench.waiting(Phase::plan, RunState::planning);
    const auto work = bench.next();
    CHECK(bench.read(work.lease, run.prepared.value().archive) == "the source");
    const auto sealed = bench.write(work.lease, BlobKind::sealed, "bytes");
    std::string opened;
    const ChunkSink sink = [&](std::string_view piece) { opened += piece; };
    CHECK(bench.blobs->get_sealed(sealed, sink));
    CHECK(opened == "bytes");
    const auto shown = bench.write(work.lease, BlobKind::document, "log");
    CHECK(bench.blobs->get(shown) == "log");
}

TEST_CASE("a blob that is gone is none, and no failure") {
    Service bench;
    auto run = bench.planned(RunKind::tracked, "t");
    run.prepared.emplace().archive = BlobId(std::string(64, 'a'));
    bench.put(run);
    Commit left;
    left.jobs.push_back(perform_job(bench.context, run, Phase::plan));
    bench.commit(std::move(left));
    CHECK_FALSE(bench.read(bench.next().lease, run.prepared.value().archive));
}

TEST_CASE("R6: a lease reads the blobs that its specification names, and no other") {
    Service bench;
    const auto run = bench.waiting(Phase::plan, RunState::planning);
    const auto plan = bench.next();
    CHECK(bench.read(plan.lease, run.prepared.value().archive) == "the source");
    // Of the same run, but an apply's; and somebody else's.
    CHECK(refused([&] { bench.read(plan.lease, plan_of(run).file); }));
    const auto other = bench.sealed("of another run");
    CHECK(refused([&] { bench.read(plan.lease, other); }));
    CHECK(refused([&] { bench.read(plan.lease, BlobId()); }));

    Service applies;
    const auto confirmed = applies.waiting(Phase::apply, RunState::confirmed);
    const auto apply = applies.next();
    CHECK(applies.read(apply.lease, confirmed.prepared.value().archive) == "the source");
    CHECK(applies.read(apply.lease, plan_of(confirmed).file) == "the plan file");
}

TEST_CASE("R6: a lease that has gone reads and writes nothing") {
    Service bench;
    const auto run = bench.waiting(Phase::plan, RunState::planning);
    const auto work = bench.next();
    bench.lapse();
    CHECK(refused([&] { bench.read(work.lease, run.prepared.value().archive); }));
    CHECK(refused([&] { bench.write(work.lease, BlobKind::document, "x"); }));
    CHECK(refused([&] { bench.write(work.lease, BlobKind::sealed, "x"); }));
    CHECK(refused([&] { run_task(bench.io, bench.gateway->put_plan(work.lease, Plan())); }));
    CHECK_FALSE(bench.log(work.lease));
    CHECK_FALSE(run_task(bench.io, bench.gateway->report(work.lease, PhaseResult())));
    // Whoever has it now may.
    const auto again = bench.next();
    CHECK(bench.read(again.lease, run.prepared.value().archive) == "the source");
    CHECK(bench.log(again.lease));
    CHECK(refused([&] { bench.read(work.lease, run.prepared.value().archive); }));
}

TEST_CASE("R6: an apply that began keeps writing its log and documents after its lease has gone") {
    for (const auto state : {RunState::applying, RunState::unknown}) {
        Service bench;
        const auto run = bench.waiting(Phase::apply, state);
        const auto work = bench.next();
        bench.lapse();
        CHECK(bench.log(work.lease));
        CHECK(bench.blobs->get(bench.write(work.lease, BlobKind::document, "outputs")) ==
              "outputs");
        CHECK(refused([&] { bench.write(work.lease, BlobKind::sealed, "a plan"); }));
        CHECK(refused([&] { bench.read(work.lease, run.prepared.value().archive); }));
    }
    // Not where it did not begin, nor for another phase than the apply.
    Service bench;
    bench.waiting(Phase::apply, RunState::confirmed);
    const auto confirmed = bench.next();
    Service finds;
    finds.waiting(Phase::find_out, RunState::unknown);
    const auto found = finds.next();
    bench.lapse();
    finds.lapse();
    CHECK_FALSE(bench.log(confirmed.lease));
    CHECK(refused([&] { bench.write(confirmed.lease, BlobKind::document, "x"); }));
    CHECK_FALSE(finds.log(found.lease));
    CHECK(refused([&] { finds.write(found.lease, BlobKind::document, "x"); }));
}

TEST_CASE("R6: a phase does what is its own, and a job that is not a worker's does nothing") {
    Service bench;
    bench.waiting(Phase::apply, RunState::confirmed);
    const auto apply = bench.next();
    CHECK(refused([&] { run_task(bench.io, bench.gateway->put_plan(apply.lease, Plan())); }));

    Service service;
    const auto preparing = service.waiting(Phase::plan, RunState::queued);
    Commit left;
    left.jobs.push_back(make_job(jobs::prepare(preparing.id), preparing.id));
    service.commit(std::move(left));
    const auto job = run_task(
        service.io, service.queue->claim(service_queue, "somebody", std::chrono::seconds(30),
                                         std::chrono::seconds(0)));
    REQUIRE(job);
    CHECK(refused([&] { service.read(job->lease, preparing.prepared.value().archive); }));
    CHECK(refused([&] { run_task(service.io, service.gateway->report(job->lease, {})); }));
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
    Commit left;
    left.jobs.push_back(perform_job(bench.context, run, Phase::plan));
    bench.commit(std::move(left));
    const auto work = bench.next();
    Plan plan;
    for (const char* address : {"terraform_data.a[0]", "terraform_data.elsewhere"}) {
        Change change;
        change.address = address;
        plan.changes.push_back(change);
    }
    const auto id = run_task(bench.io, bench.gateway->put_plan(work.lease, plan));
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
    CHECK_FALSE(run_task(bench.io, bench.gateway->report(stale, result)));
    CHECK(run_task(bench.io, bench.gateway->report(work.lease, result)));
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
    CHECK_FALSE(bench.begin(work.lease, run).allowed);
}

TEST_CASE("an end that the journal knows is looked up, unless it is known") {
    Service bench;
    auto run = bench.waiting(Phase::plan, RunState::unknown);
    CHECK(refused([&] { bench.ask_for_end(run, Phase::plan); }));
    CHECK_FALSE(bench.left("perform/t/find_out", "work/default"));
    bench.ask_for_end(run, Phase::apply);
    CHECK(bench.left("perform/t/find_out", "work/default"));

    Service over;
    run = over.waiting(Phase::plan, RunState::finished);
    over.ask_for_end(run, Phase::apply);
    CHECK_FALSE(over.left("perform/t/find_out", "work/default"));
}
