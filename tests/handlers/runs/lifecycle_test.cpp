// What follows from each change in the life of a run, on the queue in memory.
#include "handlers/runs/lifecycle.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "service/base/clock.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;

namespace {

struct Bench {
    asio::io_context io;
    FixedClock clock{1'700'000'000'000};
    std::unique_ptr<Queue> queue = make_memory_queue(io.get_executor(), clock);

    Run run(const char* id, RunKind kind = RunKind::tracked, const char* stack = "net") const {
        Run out;
        out.id = RunId(id);
        out.stack = out.settings.id = StackId(stack);
        out.kind = kind;
        out.repository = {"forge.test", "acme/infra"};
        out.pull = 7;
        begin_history(out, clock.now_ms(), "ada");
        return out;
    }
    void commit(Commit one) {
        REQUIRE(run_task(io, queue->commit(std::move(one))) == Committed::done);
    }
    void create(const Run& one) {
        Commit made;
        create_run(made, one);
        commit(std::move(made));
    }
    StoredRun stored(const char* id) { return run_task(io, load<Run>(*queue, run_key(RunId(id)))); }
    // In a state, and with the job that it waits for.
    StoredRun in(const char* id, RunState state, const std::string& job, const char* where) {
        auto one = stored(id);
        one.value.state = state;
        Commit moved;
        moved.records.push_back(save(run_key(one.value.id), one));
        moved.cancel.push_back(JobId("prepare/" + one.value.id.value));
        if (!job.empty())
            moved.jobs.push_back(
                make_job(JobName{JobKind::perform, JobId("perform/" + job)}, one.value.id, where));
        commit(std::move(moved));
        return stored(id);
    }
    bool waits(const std::string& job) {
        return run_task(io, queue->place_in_queue(JobId(job))).has_value();
    }
    std::vector<std::string> lane() { return run_task(io, queue->lane("stack/net")); }
    Cancellation by_ada() const {
        Cancellation out;
        out.by = "ada";
        out.note = "not today";
        out.reason = {Cause::ended_by, "ada", "not today"};
        out.now_ms = clock.now_ms();
        return out;
    }
};

}  // namespace

TEST_CASE("a proposed run is prepared at once and takes no lane") {
    Bench bench;
    bench.create(bench.run("p", RunKind::proposed));
    CHECK(bench.waits("prepare/p"));
    CHECK(bench.lane().empty());
    CHECK(bench.stored("p").value.history.size() == 1);
    CHECK(run_task(bench.io, bench.queue->list("runs/net", 0, 10)).size() == 1);
    CHECK(run_task(bench.io, bench.queue->list("runs", 0, 10)).size() == 1);
}

TEST_CASE("runs of the branch go through their stack's lane one after the other") {
    Bench bench;
    bench.create(bench.run("a"));
    bench.create(bench.run("b"));
    CHECK(bench.lane() == std::vector<std::string>{"a", "b"});
    CHECK(bench.waits("prepare/a"));
    CHECK_FALSE(bench.waits("prepare/b"));
}

TEST_CASE("a run that depends on another of the same push enters its lane when that has finished") {
    Bench bench;
    auto app = bench.run("app", RunKind::tracked, "app");
    app.settings.depends_on = {StackId("net"), StackId("elsewhere")};
    Commit commit;
    create_runs(commit, {app, bench.run("net")});  // in whatever order
    bench.commit(std::move(commit));
    CHECK(bench.stored("app").value.waits_for == std::vector<RunId>{RunId("net")});
    CHECK(bench.stored("net").value.dependents == std::vector<RunId>{RunId("app")});
    CHECK(bench.waits("prepare/net"));
    CHECK_FALSE(bench.waits("prepare/app"));

    auto run = bench.stored("app");
    auto upstream = bench.stored("net").value;
    Commit released;
    CHECK(release_run(released, run, {upstream}, bench.clock.now_ms()) == Release::waits);
    upstream.state = RunState::finished;
    CHECK(release_run(released, run, {upstream}, bench.clock.now_ms()) == Release::enters);
    bench.commit(std::move(released));
    CHECK(bench.waits("prepare/app"));
}

TEST_CASE("a run whose upstream did not finish is skipped, and so are those behind it") {
    for (const auto state : {RunState::failed, RunState::canceled, RunState::skipped}) {
        Bench bench;
        auto waiting = bench.run("app", RunKind::tracked, "app");
        waiting.dependents = {RunId("web")};
        waiting.waits_for = {RunId("net")};
        bench.create(waiting);
        auto run = bench.stored("app");
        auto upstream = bench.run("net");
        upstream.state = state;
        Commit commit;
        CHECK(release_run(commit, run, {upstream}, bench.clock.now_ms()) == Release::skipped);
        bench.commit(std::move(commit));
        CHECK(bench.stored("app").value.state == RunState::skipped);
        CHECK(bench.stored("app").value.reason ==
              Reason{Cause::upstream_ended, "net", std::string(word(state))});
        CHECK(bench.waits("release/web"));
    }
}

TEST_CASE(
    "a run whose upstreams changed nothing that it reads is skipped, and those behind it go on") {
    Bench bench;
    auto waiting = bench.run("app", RunKind::tracked, "app");
    waiting.waits_for = {RunId("net")};
    waiting.dependents = {RunId("web")};
    bench.create(waiting);
    auto upstream = bench.run("net");
    upstream.state = RunState::finished;
    auto run = bench.stored("app");
    Commit commit;
    CHECK(release_run(commit, run, {upstream}, bench.clock.now_ms(), "net.id") == Release::skipped);
    bench.commit(std::move(commit));
    CHECK(bench.stored("app").value.reason == Reason{Cause::upstream_ended, "net.id"});
    CHECK(bench.stored("app").value.history.back().event == RunEvent::unneeded);
    CHECK(bench.waits("release/web"));

    auto web = bench.run("web", RunKind::tracked, "web");
    web.waits_for = {RunId("app")};
    bench.create(web);
    auto behind = bench.stored("web");
    Commit released;
    CHECK(release_run(released, behind, {bench.stored("app").value}, bench.clock.now_ms()) ==
          Release::enters);
}

TEST_CASE("a plan waits for the plans whose outputs it reads, and goes on however they end") {
    for (const auto state : {RunState::finished, RunState::failed, RunState::canceled}) {
        Bench bench;
        auto app = bench.run("app", RunKind::proposed, "app");
        app.settings.depends_on = {StackId("net"), StackId("dns")};
        app.settings.references = {{StackId("net"), "id", "ID"}};
        Commit commit;
        create_runs(commit, {app, bench.run("net", RunKind::proposed),
                             bench.run("dns", RunKind::proposed, "dns")});
        bench.commit(std::move(commit));
        CHECK(bench.stored("app").value.waits_for == std::vector<RunId>{RunId("net")});
        CHECK_FALSE(bench.waits("prepare/app"));
        CHECK(bench.waits("prepare/dns"));
        auto net = bench.stored("net");
        net.value.state = state;
        Commit ended;
        store_run(ended, net);
        bench.commit(std::move(ended));
        CHECK(bench.waits("release/app"));
        CHECK(bench.lane().empty());
        auto run = bench.stored("app");
        Commit released;
        CHECK(release_run(released, run, {net.value}, bench.clock.now_ms()) == Release::enters);
        bench.commit(std::move(released));
        CHECK(bench.waits("prepare/app"));
    }
}

TEST_CASE("a run that is cancelled takes its job along, whatever it waits for") {
    struct Case {
        RunState state;
        std::string job, where;
        RunState ends;
    };
    const Case cases[] = {
        {RunState::queued, "", "", RunState::canceled},
        {RunState::planning, "a/plan", "work/default", RunState::stopped},
        {RunState::confirmed, "a/apply", "work/default", RunState::discarded},
    };
    for (const auto& one : cases) {
        CAPTURE(word(one.state));
        Bench bench;
        bench.create(bench.run("a"));
        auto run = one.job.empty() ? bench.stored("a")
                                   : bench.in("a", one.state, one.job, one.where.c_str());
        const auto job = one.job.empty() ? std::string("prepare/a") : "perform/" + one.job;
        REQUIRE(bench.waits(job));
        Commit commit;
        CHECK(cancel_run(commit, run, bench.by_ada()));
        bench.commit(std::move(commit));
        CHECK_FALSE(bench.waits(job));
        CHECK(bench.lane().empty());
        CHECK(bench.stored("a").value.state == one.ends);
        CHECK(bench.stored("a").value.reason == bench.by_ada().reason);
        CHECK(bench.stored("a").value.history.back().note == "not today");
        CHECK(bench.waits("report/forge.test/acme/infra#7"));
    }
}

TEST_CASE("what has begun or is over is not cancelled, and nothing is left behind") {
    for (const auto state : {RunState::applying, RunState::finished, RunState::unknown}) {
        Bench bench;
        auto run = StoredRun{bench.run("a"), 1};
        run.value.state = state;
        Commit commit;
        CHECK_FALSE(cancel_run(commit, run, bench.by_ada()));
        CHECK(run.value.state == state);
        CHECK(commit.records.empty());
        CHECK(commit.cancel.empty());
    }
}

TEST_CASE("a new look supersedes what the pull request asked for, and leaves the branch alone") {
    Bench bench;
    auto before_merge = bench.run("b");
    before_merge.before_merge = true;
    bench.create(bench.run("p", RunKind::proposed));
    bench.create(before_merge);
    bench.create(bench.run("t", RunKind::tracked, "other"));
    Commit commit;
    supersede_runs(commit, {bench.stored("p"), bench.stored("b"), bench.stored("t")},
                   {Cause::superseded, "8e21"}, bench.clock.now_ms());
    bench.commit(std::move(commit));
    for (const char* id : {"p", "b"}) {
        CHECK(bench.stored(id).value.state == RunState::canceled);
        CHECK(bench.stored(id).value.reason.cause == Cause::superseded);
        CHECK_FALSE(bench.waits(std::string("prepare/") + id));
    }
    CHECK(bench.lane().empty());
    CHECK(bench.stored("t").value.state == RunState::queued);
    CHECK(bench.waits("prepare/t"));
}

TEST_CASE("an apply that somebody resolves leaves the lane to a plan of what is left") {
    for (const bool applied : {true, false}) {
        Bench bench;
        bench.create(bench.run("a"));
        auto run = bench.in("a", RunState::unknown, "a/find_out", "work/default");
        Commit commit;
        resolve_run(commit, run, bench.run("f"), applied, bench.by_ada());
        bench.commit(std::move(commit));
        CHECK(bench.stored("a").value.state == (applied ? RunState::finished : RunState::failed));
        CHECK_FALSE(bench.waits("perform/a/find_out"));
        CHECK(bench.lane() == std::vector<std::string>{"f"});
        CHECK(bench.waits("prepare/f"));
    }
}

TEST_CASE("runs that are not known are left out") {
    Bench bench;
    bench.create(bench.run("a"));
    std::vector<RunId> ids{RunId("gone"), RunId("a")};
    const auto runs = run_task(bench.io, load_runs(*bench.queue, ids));
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].value.id == RunId("a"));
    CHECK(runs[0].version == 1);
}
