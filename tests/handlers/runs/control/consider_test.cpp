// How often the reviews of a pull request are read while its stacks are judged one after the other.
#include <doctest/doctest.h>

#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

ApprovalDecision ada_decides(const ApprovalQuestion& question) {
    ApprovalDecision out;
    for (const auto& review : question.reviews)
        if (review.author == "ada" && review.approves) out.approval = Approval::approved;
    out.missing = {{"ada", 1, ""}};
    return out;
}

// A pull request of twenty stacks, each with a plan that changes something.
struct Scene : ControlBench {
    Scene() {
        policies.decides = ada_decides;
        forge->permissions["ada"] = Permission::write;
        Commit commit;
        for (int i = 0; i < 20; ++i) {
            PullStack stack;
            stack.settings.id = StackId("stack-" + std::to_string(i));
            stack.proposed = RunId("run-" + std::to_string(i));
            Stored<Run> run;
            run.value.id = stack.proposed;
            run.value.stack = stack.settings.id;
            run.value.settings = stack.settings;
            run.value.repository = infra;
            run.value.pull = 7;
            run.value.head = head;
            run.value.state = RunState::planning;
            commit.records.push_back(save(run_key(run.value.id), run));
            pull.value.stacks.push_back(std::move(stack));
        }
        commit.records.push_back(save(pull_key(pull_name), pull));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }
    Stored<PullRecord> stored() {
        return run_task(io, load<PullRecord>(*queue, pull_key(pull_name)));
    }
    void store(const Stored<PullRecord>& record) {
        Commit commit;
        commit.records.push_back(save(pull_key(pull_name), record));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }
    // As judge() leaves it.
    void judged(int i) {
        const auto key = run_key(RunId("run-" + std::to_string(i)));
        auto run = run_task(io, load<Run>(*queue, key));
        run.value.state = RunState::finished;
        set_plan(run.value).changes = true;
        set_plan(run.value).counts.create = 1;
        set_plan(run.value).digest = "plan-" + std::to_string(i);
        set_plan(run.value).at_ms = clock.now_ms();
        Commit commit;
        commit.records.push_back(save(key, run));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
        consider_now();
    }
    void consider_now() { work(make_job(jobs::consider(pull_name), pull_name), consider); }
    void approve() { forge->given_reviews.push_back(review("ada")); }
    int approved() {
        int out = 0;
        for (const auto& stack : record().stacks)
            out += stack.approval.approval == Approval::approved;
        return out;
    }
};

}  // namespace

TEST_CASE(
    "the reviews of a pull request are read once for twenty stacks, and again when one is given") {
    Scene scene;
    scene.consider_now();
    CHECK(scene.forge->count("reviews") == 0);  // no plan needs them yet
    for (int i = 0; i < 20; ++i) scene.judged(i);
    CHECK(scene.forge->count("reviews") == 1);
    CHECK(scene.approved() == 0);

    scene.approve();
    auto record = scene.stored();
    record.value.reviews_read = false;  // as the review's event leaves it
    scene.store(record);
    scene.consider_now();
    CHECK(scene.forge->count("reviews") == 2);
    CHECK(scene.approved() == 20);
}

TEST_CASE("where an apply may begin the reviews are read afresh") {
    Scene scene;
    scene.approve();
    scene.judged(0);
    CHECK(scene.approved() == 1);
    auto record = scene.stored();
    Stored<Run> waiting;
    waiting.value = run_task(scene.io, load<Run>(*scene.queue, run_key(RunId("run-0")))).value;
    waiting.value.id = record.value.stacks[0].tracked = RunId("tracked");
    waiting.value.kind = RunKind::tracked;
    waiting.value.approved_run = RunId("run-0");
    waiting.value.state = RunState::unconfirmed;
    set_plan(waiting.value).change_digest = set_plan(waiting.value).inputs_digest = "same";
    waiting.value.settings.apply_start = ApplyStart::automatic;
    auto approved_run = run_task(scene.io, load<Run>(*scene.queue, run_key(RunId("run-0"))));
    set_plan(approved_run.value).change_digest = set_plan(approved_run.value).inputs_digest =
        "same";
    Commit commit;
    commit.records.push_back(save(run_key(waiting.value.id), waiting));
    commit.records.push_back(save(run_key(RunId("run-0")), approved_run));
    REQUIRE(run_task(scene.io, scene.queue->commit(std::move(commit))) == Committed::done);
    scene.store(record);

    scene.forge->given_reviews.clear();  // dismissed, and the event of that was lost
    scene.consider_now();
    CHECK(scene.forge->count("reviews") == 2);
    auto run = run_task(scene.io, load<Run>(*scene.queue, run_key(RunId("tracked")))).value;
    CHECK(run.state == RunState::unconfirmed);
    CHECK(run.reason.cause == Cause::approvals_missing);

    scene.approve();
    scene.consider_now();
    CHECK(scene.forge->count("reviews") == 3);
    run = run_task(scene.io, load<Run>(*scene.queue, run_key(RunId("tracked")))).value;
    CHECK(run.state == RunState::confirmed);
}
