#include "service/wording/numbers.hpp"

#include <doctest/doctest.h>

#include "tests/support/reports.hpp"

using namespace slipway;
using namespace slipway::situations;

TEST_CASE("counts, durations and places are said in one way") {
    PlanCounts counts;
    CHECK(counts_text(counts) == "no changes");
    CHECK(counts_sentence(counts) == "no changes");
    counts.create = 1, counts.update = 2, counts.replace = 1;
    CHECK(counts_text(counts) == "+1 ~2 ±1");
    CHECK(counts_sentence(counts) == "1 to add, 2 to change, 1 to replace");
    counts.remove = 3, counts.move = 1, counts.import = 2, counts.forget = 1;
    CHECK(counts_text(counts) == "+1 ~2 -3 ±1 1 moved 2 imported 1 forgotten");

    counts = PlanCounts();
    counts.predicted_only = true;
    CHECK(counts_text(counts) == "no changes, predicted only");
    counts.update = 2;
    CHECK(counts_text(counts) == "~2, predicted only");
    CHECK(counts_sentence(counts) == "2 to change, predicted only");

    CHECK(duration_text(0) == "1 s");
    CHECK(duration_text(48'400) == "48 s");
    CHECK(duration_text(125'000) == "2 min 5 s");
    CHECK(duration_text(3'780'000) == "1 h 3 min");
    CHECK(queue_place_text(0) == "next");
    CHECK(queue_place_text(1) == "second");
    CHECK(queue_place_text(10) == "11th");
    CHECK(queue_place_text(20) == "21st");
    CHECK(queue_place_text(111) == "112th");
    CHECK(list_of({"a"}) == "a");
    CHECK(list_of({"a", "b"}) == "a and b");
    CHECK(list_of({"a", "b", "c"}) == "a, b and c");
    CHECK(list_of({"a", "b", "c", "d"}, 3) == "a, b and 2 more");
    CHECK(number_of(1, "stack") == "1 stack");
    CHECK(number_of(2, "reply") == "2 replies");
    CHECK(size_text(812) == "812 bytes");
    CHECK(size_text(1'234'567) == "1.2 MB");
}

TEST_CASE("a run's state is said in words") {
    CHECK(state_text(*queued("a", 0).run, 1, nine_fourteen) == "queued, second");
    CHECK(state_text(*queued("a", 0).run, std::nullopt, nine_fourteen) == "queued");
    CHECK(state_text(*planning("a", 11 * second).run, std::nullopt, nine_fourteen) ==
          "planning, 11 s");
    CHECK(state_text(*planning("a", 11 * second).run, 0, nine_fourteen) == "queued, next");
    CHECK(state_text(*planned("a", network_plan()).run, std::nullopt, nine_fourteen) ==
          "planned in 6 s");
    CHECK(state_text(*tracked("a", network_plan(), RunState::finished).run, std::nullopt,
                     nine_fourteen) == "applied in 48 s");
    CHECK(state_text(*tracked("a", network_plan(), RunState::failed).run, std::nullopt,
                     nine_fourteen) == "apply failed after 48 s");
    CHECK(state_text(*failed("a", "", "").run, std::nullopt, nine_fourteen) == "plan failed");
}
