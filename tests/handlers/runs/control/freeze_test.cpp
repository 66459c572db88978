// A policy that holds a run until a time: it is looked at again then, by itself. And what the
// policies were asked is kept with what they let happen.
#include "policies/kept_input.hpp"
#include "service/base/pause.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

constexpr std::int64_t hour_ms = 3600 * 1000;

// A run of the branch that would apply by itself, were it not frozen.
struct Frozen : ControlBench {
    std::int64_t until_ms = clock.now_ms() + hour_ms;

    Frozen() {
        with_roles();
        all_may_write();
        policies.decides = [this](const ApprovalQuestion& question) {
            ApprovalDecision out;
            if (question.now_ms >= until_ms) {
                out.approval = Approval::approved;
                return out;
            }
            MissingApproval wait;
            wait.text = "frozen until later";
            wait.count = 0;
            wait.until_ms = until_ms;
            out.missing = {wait};
            return out;
        };
        put(planned(RunKind::proposed, "p"));
        auto run = planned(RunKind::tracked, "t");
        run.approved_run = RunId("p");
        put(run);
    }
    void consider_now() { work(make_job(jobs::consider(pull_name), pull_name), consider); }
    // What waits in the service's queue, done as far as it is about reviews.
    std::vector<std::string> serve() {
        std::vector<std::string> done;
        for (;;) {
            auto claimed = run_task(io, queue->claim("service", "test", std::chrono::seconds(30),
                                                     std::chrono::milliseconds(0)));
            if (!claimed) return done;
            done.push_back(claimed->job.id.value);
            const auto lease = claimed->lease;
            if (claimed->job.kind == JobKind::consider)
                run_task(io, consider(context, std::move(*claimed)));
            run_task(io, queue->finish(lease));
        }
    }
    std::int64_t delayed() { return run_task(io, queue->status()).delayed; }
    std::optional<Json> kept(const BlobId& input) {
        std::string document;
        if (!blobs->get_sealed(input, [&](auto piece) { document += piece; })) return std::nullopt;
        return find_kept(document, StackId("net"));
    }
};

}  // namespace

TEST_CASE("a run that a policy holds until a time is looked at again then, and applies") {
    Frozen bench;
    bench.consider_now();
    bench.serve();
    CHECK(bench.run("t").state == RunState::unconfirmed);
    CHECK(bench.run("t").reason.text == "frozen until later");
    bench.clock.advance(std::chrono::milliseconds(hour_ms - 1));
    CHECK(bench.serve().empty());
    bench.clock.advance(std::chrono::seconds(11));  // times are rounded up to ten seconds
    CHECK_FALSE(bench.serve().empty());
    CHECK(bench.run("t").state == RunState::confirmed);
    CHECK(bench.left("perform/t/apply", "work/default"));
}

TEST_CASE("however often a held run is considered, one look at its time is left") {
    Frozen bench;
    for (int i = 0; i < 5; ++i) bench.consider_now();
    CHECK(bench.delayed() == 1);
}

TEST_CASE("a policy that moves its time leaves few looks, and one in the past leaves none") {
    Frozen bench;
    for (int i = 0; i < 5; ++i) {
        bench.until_ms += 10;
        bench.consider_now();
    }
    CHECK(bench.delayed() == 1);
    ApprovalDecision past;
    past.missing.resize(1);
    past.missing[0].count = 0;
    past.missing[0].until_ms = bench.clock.now_ms() - hour_ms;
    Commit commit;
    leave_look_at(commit, bench.pull_name, past, bench.clock.now_ms());
    CHECK(commit.jobs.empty());
}

TEST_CASE("where the queue's clock is ahead, the time to look again is waited for") {
    Frozen bench;
    auto job = make_job(jobs::consider_at(bench.pull_name, bench.until_ms), bench.pull_name);
    job.not_before_ms = bench.until_ms;
    ClaimedJob early{job, {job.id, 1}, 1};
    CHECK_THROWS_AS(run_task(bench.io, consider(bench.context, early)), Pause);
}

TEST_CASE("what approval policies were asked is kept sealed, anew where they answer otherwise") {
    Frozen bench;
    bench.consider_now();
    const auto first = bench.record().stacks.front().approval.input;
    REQUIRE_FALSE(first.empty());
    bench.consider_now();
    CHECK(bench.record().stacks.front().approval.input == first);
    const auto kept = bench.kept(first);
    REQUIRE(kept);
    CHECK((*kept)["kind"].text() == "approval");
    CHECK((*kept)["outcome"].text() == "undecided");
    CHECK((*kept)["input"]["stack"]["id"].text() == "net");
    CHECK_FALSE(bench.blobs->get(first).value_or("").find("\"net\"") != std::string::npos);

    bench.clock.advance(std::chrono::hours(2));
    bench.consider_now();
    const auto run = bench.run("t");
    REQUIRE(run.confirmation);
    const auto& input = run.confirmation->approval->input;
    CHECK(input != first);
    REQUIRE(run.history.back().vote);
    CHECK(run.history.back().vote->input == input);
    REQUIRE(bench.kept(input));
    CHECK((*bench.kept(input))["outcome"].text() == "approved");
}

TEST_CASE("of a stack's settings no variable is kept with what was asked") {
    ApprovalQuestion question;
    Variable secret;
    secret.value = "hunter2";
    question.stack.id = StackId("net");
    question.stack.variables.emplace("PASSWORD", secret);
    const auto document = kept_document({kept_input(question)});
    REQUIRE(document);
    CHECK(document->find("hunter2") == std::string::npos);
    CHECK(document->find("PASSWORD") == std::string::npos);
}

TEST_CASE("what would be too large is not kept") {
    PlanQuestion question;
    question.document = Json::object({{"text", std::string(kept_input_limit, 'x')}});
    CHECK_FALSE(kept_document({kept_input(question)}));
}
