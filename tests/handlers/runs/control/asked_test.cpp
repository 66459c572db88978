// Runs that people ask for by a call, looks for drift and destroys: who may, and what follows; and
// an apply that somebody wants to end early.
#include <doctest/doctest.h>

#include "service/model/drift.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

struct Bench : ControlBench {
    std::unique_ptr<RunGateway> gateway = make_in_process_gateway(io.get_executor(), context);
    int calls = 0;

    Bench() {
        with_roles();
        all_may_write();
        organisation->stacks = {in_tree("net", {}), in_tree("web", {"net"}),
                                in_tree("page", {"web"})};
    }
    Stack in_tree(const char* id, std::vector<const char*> needs) const {
        Stack out;
        out.id = StackId(id);
        out.space = SpaceId("production");
        out.repository = infra;
        for (const char* one : needs) out.depends_on.emplace_back(one);
        return out;
    }
    // As the API leaves it.
    Answer call(Verb verb, const char* stack, Role granted, const char* confirm = "") {
        Request out;
        out.verb = verb;
        out.granted = granted;
        out.actor.login = "ci";
        out.targets = {{stack, ""}};
        out.confirm = confirm;
        out.given_at_ms = clock.now_ms();
        const auto job = make_job(jobs::api_command(std::to_string(++calls)), out);
        work(job, answer_request);
        return run_task(io, load<Answer>(*queue, answer_key(job.id))).value;
    }
    bool says(const Answer& answer, const char* text) {
        return answer.text.find(text) != std::string::npos;
    }
    // A finished run of the stack, as it shows how much its state holds.
    void manages(const char* stack, int resources) {
        auto run = planned(RunKind::tracked, stack);
        run.id = RunId("of-" + std::to_string(++calls));
        run.created_at_ms = clock.now_ms() + calls;
        run.stack = run.settings.id = StackId(stack);
        run.state = RunState::finished;
        run.applied = ApplyOutcome{{}, resources};
        Commit one;
        announce_run(one, run);
        commit(std::move(one));
    }
    // In the lane of `net`.
    Run in_lane(const char* id, RunState state, bool destroy) {
        auto run = planned(RunKind::tracked, id);
        run.pull.reset();
        run.state = state;
        run.destroy = run.asked = destroy;
        Commit one;
        create_run(one, run);
        commit(std::move(one));
        return run;
    }
};

// An apply that runs, and the lease of its worker.
struct Applying : Bench {
    Lease lease;

    Applying() {
        auto run = planned(RunKind::tracked, "t");
        run.state = RunState::confirmed;
        run.confirmation = Confirmation{"forge.test/ada", std::nullopt};
        put(run);
        Commit left;
        left.jobs.push_back(perform_job(context, run, Phase::apply));
        commit(std::move(left));
        lease = claimed("work/default").lease;
        auto begun = run_task(io, load<Run>(*queue, run_key(run.id)));
        advance(begun.value, RunEvent::begun, clock.now_ms(), "slipway");
        Commit begins;
        begins.records.push_back(save(run_key(run.id), begun));
        commit(std::move(begins));
    }
    Renewed renewed() { return run_task(io, gateway->renew(lease)); }
    Answer cancel(const char* login) {
        auto wanted = request(Verb::cancel, login);
        wanted.targets = {{"net", ""}};
        wanted.note = "wrong region";
        wanted.comment_id = "c" + std::to_string(++calls);
        return answer(wanted);
    }
};

}  // namespace

TEST_CASE("W2: a look for drift needs the role writer, a destroy the role admin") {
    Bench bench;
    CHECK(bench.call(Verb::drift, "net", Role::reader).kind == Answer::Kind::refused);
    CHECK(bench.call(Verb::destroy, "page", Role::writer, "page").kind == Answer::Kind::refused);
    CHECK(bench.call(Verb::drift, "net", Role::writer).kind == Answer::Kind::done);
    CHECK(bench.call(Verb::destroy, "page", Role::admin, "page").kind == Answer::Kind::done);
}

TEST_CASE("what is asked for is a run at once, and begins where its branch is looked at") {
    Bench bench;
    const auto answer = bench.call(Verb::drift, "net", Role::writer);
    REQUIRE_FALSE(answer.run.empty());
    const auto run = bench.run(answer.run.value.c_str());
    CHECK(run.kind == RunKind::drift);
    CHECK(run.state == RunState::queued);
    CHECK(run.asked);
    CHECK_FALSE(run.destroy);
    CHECK(run.head.value.empty());
    CHECK(bench.lane().empty());
    CHECK(bench.left("look/for/" + answer.run.value, "service"));
}

TEST_CASE("a destroy is a tracked run that nobody lets apply by itself") {
    Bench bench;
    const auto answer = bench.call(Verb::destroy, "page", Role::admin, "page");
    const auto run = bench.run(answer.run.value.c_str());
    CHECK(run.kind == RunKind::tracked);
    CHECK(run.destroy);
    CHECK(run.must_confirm.cause == Cause::destroys_stack);
    CHECK(kind_word(run) == "destroy");
    Considered considered;
    considered.approval.approval = Approval::approved;
    considered.carried_over = true;
    CHECK(why_not_automatic(run, considered).cause == Cause::destroys_stack);
}

TEST_CASE("a destroy is refused where the stack is not named twice, or is only observed") {
    Bench bench;
    for (const char* confirm : {"", "pag", "net"}) {
        CAPTURE(confirm);
        const auto answer = bench.call(Verb::destroy, "page", Role::admin, confirm);
        CHECK(answer.kind == Answer::Kind::refused);
        CHECK(bench.says(answer, "--confirm page"));
    }
    CHECK(bench.call(Verb::destroy, "pag*", Role::admin, "pag*").kind == Answer::Kind::refused);
    CHECK(bench.call(Verb::destroy, "*", Role::admin, "*").kind == Answer::Kind::impossible);
    bench.organisation->stacks[2].mode = Mode::observe;
    CHECK(bench.call(Verb::destroy, "page", Role::admin, "page").kind == Answer::Kind::refused);
}

TEST_CASE("a stack is destroyed after all that needs it, directly or not") {
    Bench bench;
    bench.manages("net", 3);
    bench.manages("web", 2);
    bench.manages("page", 1);
    const auto first = bench.call(Verb::destroy, "net", Role::admin, "net");
    CHECK(first.kind == Answer::Kind::refused);
    CHECK(bench.says(first, "Destroy in this order: `page`, `web`; then `net`."));
    bench.manages("page", 0);
    const auto second = bench.call(Verb::destroy, "net", Role::admin, "net");
    CHECK(bench.says(second, "Destroy in this order: `web`; then `net`."));
    bench.manages("web", 0);
    CHECK(bench.call(Verb::destroy, "net", Role::admin, "net").kind == Answer::Kind::done);
}

TEST_CASE(
    "a dependent whose apply failed may still manage something; one that never ran does not") {
    Bench bench;
    CHECK(bench.call(Verb::destroy, "web", Role::admin, "web").kind == Answer::Kind::done);
    auto run = bench.planned(RunKind::tracked, "broken");
    run.stack = run.settings.id = StackId("page");
    run.state = RunState::failed;
    StateChange applying;
    applying.state = RunState::applying;
    run.history = {applying};
    Commit one;
    announce_run(one, run);
    bench.commit(std::move(one));
    CHECK(bench.call(Verb::destroy, "web", Role::admin, "web").kind == Answer::Kind::refused);
}

TEST_CASE("who asks for what is under way already hears of that run") {
    Bench bench;
    const auto before = bench.in_lane("d", RunState::unconfirmed, true);
    const auto again = bench.call(Verb::destroy, "net", Role::admin, "net");
    CHECK(again.kind == Answer::Kind::refused);
    CHECK(bench.says(again, "run d waits for a confirmation"));
    const auto behind = bench.call(Verb::drift, "net", Role::writer);
    CHECK(bench.says(behind, "It begins after run d, which waits for a confirmation."));
    auto run = run_task(bench.io, load<Run>(*bench.queue, run_key(behind.run)));
    Commit begins;
    begin_asked_run(begins, run);
    bench.commit(std::move(begins));
    CHECK(bench.lane() == std::vector<std::string>{"d", behind.run.value});
    const auto same = bench.call(Verb::drift, "net", Role::writer);
    CHECK(same.run == behind.run);
    CHECK(bench.says(same, "already"));
}

TEST_CASE("a look for drift that is over leaves its lane, and what it found is known") {
    Bench bench;
    auto run = bench.planned(RunKind::drift, "d");
    run.pull.reset();
    run.plan.reset();
    run.state = RunState::planning;
    Commit one;
    create_run(one, run);
    bench.commit(std::move(one));
    REQUIRE(bench.lane() == std::vector<std::string>{"d"});
    Plan plan;
    plan.counts.update = 2;
    PhaseResult result;
    result.outcome = PhaseResult::Outcome::planned;
    result.plan_document = bench.plans.put(std::move(plan));
    const RunPhase which{run.id, Phase::plan};
    Commit kept;
    kept.records.push_back(save(result_key(which), Stored<PhaseResult>{result, 0}));
    bench.commit(std::move(kept));
    bench.work(make_job(jobs::judge(which), which), judge);
    const auto judged = bench.run("d");
    CHECK(judged.state == RunState::finished);
    CHECK(plan_of(judged).changes);
    CHECK(bench.lane().empty());
    const auto found = run_task(bench.io, load<DriftRecord>(*bench.queue, drift_key("net"))).value;
    CHECK(found.run == run.id);
    CHECK(found.counts.update == 2);
    CHECK(found.at_ms == bench.clock.now_ms());
    // It is none of what the branch was planned with.
    CHECK(run_task(bench.io, bench.queue->read(providers_key(run.settings.id))).version == 0);
}

TEST_CASE("an apply is interrupted when somebody says so twice within a few minutes") {
    Applying bench;
    const auto first = bench.cancel("ada");
    CHECK(first.kind == Answer::Kind::done);
    CHECK_FALSE(first.counts);
    CHECK(bench.says(first, "say `/slipway cancel net` again within 5 min"));
    CHECK(bench.renewed() == Renewed::held);
    CHECK_FALSE(is_interrupted(bench.run("t")));
    const auto second = bench.cancel("grace");
    CHECK(second.counts);
    CHECK(bench.renewed() == Renewed::cancel_wanted);
    const auto run = bench.run("t");
    CHECK(run.state == RunState::applying);
    CHECK(is_interrupted(run));
    CHECK(run.interrupt->by == "forge.test/grace");
    CHECK(bench.cancel("ada").kind == Answer::Kind::refused);
}

TEST_CASE("a cancel that comes much later asks once more") {
    Applying bench;
    bench.cancel("ada");
    bench.clock.advance(std::chrono::milliseconds(interrupt_patience_ms + 1));
    CHECK_FALSE(bench.cancel("ada").counts);
    CHECK_FALSE(is_interrupted(bench.run("t")));
    CHECK(bench.cancel("ada").counts);
    CHECK(is_interrupted(bench.run("t")));
}

TEST_CASE("W2: who may not write interrupts nothing, and is not the first of two") {
    Applying bench;
    CHECK(bench.cancel("linus").kind == Answer::Kind::refused);
    CHECK_FALSE(bench.cancel("ada").counts);
    CHECK(bench.cancel("linus").kind == Answer::Kind::refused);
    CHECK(bench.renewed() == Renewed::held);
}

TEST_CASE("an interrupted apply failed by somebody's name, and says how far it came") {
    Applying bench;
    bench.cancel("ada");
    bench.cancel("ada");
    const RunPhase which{RunId("t"), Phase::apply};
    PhaseResult result;
    result.begun = true;
    result.error = "the apply was interrupted";
    result.progress.emplace().made = {"a"};
    SUBCASE("it was stopped") {
        result.outcome = PhaseResult::Outcome::stopped;
        Commit kept;
        kept.records.push_back(save(result_key(which), Stored<PhaseResult>{result, 0}));
        bench.commit(std::move(kept));
        bench.work(make_job(jobs::judge(which), which), judge);
        const auto run = bench.run("t");
        CHECK(run.state == RunState::failed);
        CHECK(run.reason.cause == Cause::ended_by);
        CHECK(run.reason.name == "ada");
        CHECK(run.reason.text == "wrong region");
        CHECK(run.error.empty());
        CHECK(run.progress.value().made == std::vector<std::string>{"a"});
    }
    SUBCASE("it came to its end all the same") {
        result.outcome = PhaseResult::Outcome::applied;
        Commit kept;
        kept.records.push_back(save(result_key(which), Stored<PhaseResult>{result, 0}));
        bench.commit(std::move(kept));
        bench.work(make_job(jobs::judge(which), which), judge);
        CHECK(bench.run("t").state == RunState::finished);
        CHECK(bench.run("t").reason.empty());
    }
}
