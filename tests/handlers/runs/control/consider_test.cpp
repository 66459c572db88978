// How often the reviews of a pull request are read while its stacks are judged one after the other.
#include <doctest/doctest.h>

#include "handlers/runs/control/control.hpp"
#include "tests/support/recording_forge.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;

namespace {

const RepositoryName infra{"forge.test", "acme/infra"};

// Says that ada's approval counts, where there is one.
class AdaDecides final : public Policies {
  public:
    Task<PushDecision> decide_push(PolicySet, PushQuestion) override { co_return PushDecision(); }
    Task<PlanDecision> decide_plan(PolicySet, PlanQuestion) override { co_return PlanDecision(); }
    Task<ApprovalDecision> decide_approval(PolicySet, ApprovalQuestion question) override {
        ApprovalDecision out;
        for (const auto& review : question.reviews)
            if (review.author == "ada" && review.approves) out.approval = Approval::approved;
        out.missing = {"ada"};
        co_return out;
    }
    Task<std::vector<Finding>> check(PolicySet) override { co_return std::vector<Finding>(); }
    Task<PolicyTestResult> test(std::string, bool) override { co_return PolicyTestResult(); }
};

// A pull request of twenty stacks, each with a plan that changes something.
struct Scene {
    asio::io_context io;
    FixedClock clock{1'700'000'000'000};
    Pool pool{1};
    Scratch scratch;
    std::unique_ptr<Queue> queue = make_memory_queue(io.get_executor(), clock);
    std::unique_ptr<Mirrors> mirrors = make_mirrors(scratch.path / "mirrors", io.get_executor());
    std::unique_ptr<UsesReader> uses = make_uses_reader(io.get_executor(), pool);
    std::unique_ptr<Blobs> blobs = make_memory_blobs();
    Plans plans{*blobs};
    AdaDecides policies;
    std::shared_ptr<Organisation> organisation = std::make_shared<Organisation>();
    RecordingForge* forge = new RecordingForge();
    Forges forges;
    PullRequestName name{infra, 7};

    Scene() {
        forges[infra.forge].reset(forge);
        forge->configuration.name = infra.forge;
        forge->permissions["ada"] = Permission::write;
        Stored<PullRecord> record;
        record.value.pull.name = name;
        record.value.pull.head = CommitSha(std::string(40, 'a'));
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
            run.value.head = record.value.pull.head;
            run.value.state = RunState::planning;
            commit.records.push_back(save(run_key(run.value.id), run));
            record.value.stacks.push_back(std::move(stack));
        }
        commit.records.push_back(save(pull_key(name), record));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }
    Stored<PullRecord> record() { return run_task(io, load<PullRecord>(*queue, pull_key(name))); }
    void store(const Stored<PullRecord>& record) {
        Commit commit;
        commit.records.push_back(save(pull_key(name), record));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }
    // As judge() leaves it.
    void judged(int i) {
        const auto key = run_key(RunId("run-" + std::to_string(i)));
        auto run = run_task(io, load<Run>(*queue, key));
        run.value.state = RunState::finished;
        run.value.changes = true;
        run.value.counts.create = 1;
        run.value.plan_digest = "plan-" + std::to_string(i);
        run.value.planned_at_ms = clock.now_ms();
        Commit commit;
        commit.records.push_back(save(key, run));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
        consider_now();
    }
    void consider_now() {
        auto job = make_job(JobKind::consider, name.text(), name);
        auto work = [this, job]() -> Task<void> {
            Commit commit;
            commit.jobs.push_back(job);
            co_await queue->commit(std::move(commit));
            ControlContext context{
                *queue,       forges,      *mirrors,   *uses, policies,
                *blobs,       plans,       pool,       clock, [this] { return organisation; },
                scratch.path, Secret("k"), Secret("k")};
            for (bool considered = false; !considered;) {
                auto claimed = co_await queue->claim("service", "test", std::chrono::seconds(30),
                                                     std::chrono::milliseconds(0));
                REQUIRE(claimed);
                const auto lease = claimed->lease;
                considered = claimed->job.kind == JobKind::consider;
                if (considered) co_await consider(context, std::move(*claimed));
                co_await queue->finish(lease);
            }
        };
        run_task(io, work());
    }
    void approve() {
        ForgeReview review;
        review.author = {infra.forge, "ada"};
        review.state = ReviewState::approved;
        review.commit = CommitSha(std::string(40, 'a'));
        review.submitted_at_ms = clock.now_ms() + 1'000;
        forge->given_reviews.push_back(std::move(review));
    }
    int approved() {
        int out = 0;
        for (const auto& stack : record().value.stacks)
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
    auto record = scene.record();
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
    auto record = scene.record();
    Stored<Run> waiting;
    waiting.value = run_task(scene.io, load<Run>(*scene.queue, run_key(RunId("run-0")))).value;
    waiting.value.id = record.value.stacks[0].tracked = RunId("tracked");
    waiting.value.kind = RunKind::tracked;
    waiting.value.approved_run = RunId("run-0");
    waiting.value.state = RunState::unconfirmed;
    waiting.value.change_digest = waiting.value.inputs_digest = "same";
    waiting.value.settings.apply_start = ApplyStart::automatic;
    auto approved_run = run_task(scene.io, load<Run>(*scene.queue, run_key(RunId("run-0"))));
    approved_run.value.change_digest = approved_run.value.inputs_digest = "same";
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
    CHECK(run.reason == "approvals are missing");

    scene.approve();
    scene.consider_now();
    CHECK(scene.forge->count("reviews") == 3);
    run = run_task(scene.io, load<Run>(*scene.queue, run_key(RunId("tracked")))).value;
    CHECK(run.state == RunState::confirmed);
}
