// Whose plans an ended run makes stale, and in which order they are made again.
#include "handlers/runs/control/stale.hpp"

#include <doctest/doctest.h>

#include "service/model/request.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

constexpr std::int64_t a_minute_ms = 60'000;

struct Stale : ControlBench {
    Run ended = planned(RunKind::tracked, "t");

    Stale() { ended.pull = 1; }

    // A pull request with a plan of the stack that is so old.
    void pull_with_plan(int number, std::int64_t age_ms,
                        const std::function<void(PullRecord&, Run&)>& change = {}) {
        auto run = planned(RunKind::proposed, ("p" + std::to_string(number)).c_str());
        run.pull = number;
        run.created_at_ms = clock.now_ms() - age_ms;
        Stored<PullRecord> record;
        record.value.pull.name = {infra, number};
        record.value.stacks.emplace_back();
        record.value.stacks.back().settings = run.settings;
        record.value.stacks.back().proposed = run.id;
        if (change) change(record.value, run);
        Commit made;
        create_run(made, run);
        made.records.push_back(save(pull_key(record.value.pull.name), record));
        commit(std::move(made));
    }
    std::vector<int> stale() {
        std::vector<int> out;
        for (const auto& one : run_task(io, stale_pulls(context, ended)))
            out.push_back(one.name.number);
        return out;
    }
};

LookRequest look_of(const Job& job) {
    auto out = decode<LookRequest>(std::string_view(job.payload));
    REQUIRE(out);
    return *out;
}

}  // namespace

TEST_CASE("an ended run makes the plans of other open pull requests stale, and no others") {
    Stale bench;
    bench.pull_with_plan(1, a_minute_ms);  // its own
    bench.pull_with_plan(2, a_minute_ms);
    bench.pull_with_plan(3, -a_minute_ms);  // when the clock went ahead
    bench.pull_with_plan(4, a_minute_ms,
                         [](PullRecord& record, Run&) { record.pull.state = PullState::merged; });
    bench.pull_with_plan(5, a_minute_ms, [](PullRecord& record, Run&) {
        record.stacks.back().proposed = RunId("newer");
    });
    bench.pull_with_plan(6, a_minute_ms, [](PullRecord& record, Run&) {
        record.discovering_stacks = true;  // a look is under way, and plans it afresh
    });
    bench.pull_with_plan(7, a_minute_ms, [](PullRecord&, Run& run) {
        run.state = RunState::planning;  // of the state that was there while it began
        run.plan.reset();
    });
    CHECK(bench.stale() == std::vector<int>{2, 3, 7});
}

TEST_CASE("a plan that its pull request shows is stale, also where another run looks newer") {
    Stale bench;
    bench.pull_with_plan(2, a_minute_ms);
    // Of an earlier head, made when the clock went ahead, or in the same millisecond.
    auto other = bench.planned(RunKind::proposed, "z");
    other.pull = 2;
    other.created_at_ms = bench.clock.now_ms() - a_minute_ms / 2;
    Commit made;
    create_run(made, other);
    bench.commit(std::move(made));
    CHECK(bench.stale() == std::vector<int>{2});
}

TEST_CASE("stale plans are made again after what people wait for: approved ones first, then new") {
    Stale bench;
    Commit commit;
    const auto at = [&](int number, bool approved, std::int64_t planned_at_ms) {
        return StalePull{{bench.infra, number}, approved, planned_at_ms};
    };
    plan_stale_pulls(commit, bench.ended, {at(2, false, 10), at(3, false, 30), at(4, true, 20)});
    REQUIRE(commit.jobs.size() == 3);
    std::vector<int> order;
    for (const auto& job : commit.jobs) {
        const auto look = look_of(job);
        order.push_back(look.pull.number);
        CHECK(job.kind == JobKind::look);
        CHECK(job.priority < 0);
        CHECK(look.stale);
        CHECK(look.targets == std::vector<StackId>{bench.ended.stack});
    }
    CHECK(order == std::vector<int>{4, 3, 2});
}
