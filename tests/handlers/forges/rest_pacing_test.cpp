// How often a forge is asked, with the limits that GitHub documents and without any.
#include "handlers/forges/rest/pacing.hpp"

#include <doctest/doctest.h>

#include "handlers/forges/github/dialect.hpp"

using namespace slipway;
using namespace slipway::rest;

namespace {

// When a call of that kind was made that was wanted at `now`, asked for as early as the pace
// allows.
std::int64_t made_at(Pace& pace, CallKind kind, Need need, std::int64_t now) {
    while (auto wait = pace.wait_for(kind, need, now).count()) now += wait;
    pace.made(kind, now);
    return now;
}

}  // namespace

TEST_CASE(
    "A quiet account spends a minute's creations at once; no minute and no hour has more than the "
    "limits") {
    Pace pace{github::documented_spacing()};
    std::vector<std::int64_t> made;
    for (std::int64_t i = 0, now = 1'000; i < 1'200; ++i)
        made.push_back(now = made_at(pace, CallKind::creates, Need::decides, now));
    CHECK(made[79] == 1'000);
    CHECK(made[80] > 60'000);
    CHECK(made[80] < 62'000);
    for (std::size_t i = 0; i + 80 < made.size(); ++i) REQUIRE(made[i + 80] - made[i] >= 60'000);
    for (std::size_t i = 0; i + 500 < made.size(); ++i)
        REQUIRE(made[i + 500] - made[i] >= 3'600'000);
    CHECK(made[499] < 7 * 60'000);
    CHECK(made[500] < 3'603'000);
    CHECK(pace.wait_for(CallKind::edits, Need::decides, made.back()).count() == 0);
}

TEST_CASE("Reads and edits are counted in points") {
    Pace pace{github::documented_spacing()};
    for (int i = 0; i < 170; ++i)
        CHECK(made_at(pace, CallKind::edits, Need::decides, 1'000) == 1'000);
    for (int i = 0; i < 50; ++i)
        CHECK(made_at(pace, CallKind::reads, Need::decides, 2'000) == 2'000);
    CHECK(made_at(pace, CallKind::reads, Need::decides, 2'000) == 61'250);
}

TEST_CASE("F19: What can wait leaves room for what decides") {
    Pace pace{github::documented_spacing()};
    for (int i = 0; i < 60; ++i) CHECK(made_at(pace, CallKind::creates, Need::can_wait, 0) == 0);
    CHECK(pace.wait_for(CallKind::creates, Need::can_wait, 0).count() > 59'000);
    for (int i = 0; i < 20; ++i) CHECK(made_at(pace, CallKind::creates, Need::decides, 0) == 0);
    CHECK(pace.wait_for(CallKind::creates, Need::decides, 0).count() > 59'000);

    SUBCASE("of an hour's creations, too") {
        Pace hour{github::documented_spacing()};
        for (int i = 0; i < 400; ++i) made_at(hour, CallKind::creates, Need::decides, i * 1'000);
        CHECK(hour.wait_for(CallKind::creates, Need::can_wait, 500'000).count() > 3'000'000);
        CHECK(hour.wait_for(CallKind::edits, Need::can_wait, 500'000).count() == 0);
        CHECK(hour.wait_for(CallKind::creates, Need::decides, 500'000).count() == 0);
    }
    SUBCASE("of the hour's calls, when less than a fifth is left") {
        Pace scarce{github::documented_spacing()};
        scarce.told({5'000, 1'000, milliseconds(90'000)}, 1'000);
        CHECK(scarce.wait_for(CallKind::edits, Need::can_wait, 1'000).count() == 0);
        scarce.told({5'000, 999, milliseconds(90'000)}, 1'000);
        CHECK(scarce.wait_for(CallKind::edits, Need::can_wait, 1'000).count() == 90'000);
        CHECK(scarce.wait_for(CallKind::creates, Need::decides, 1'000).count() == 0);
        CHECK(scarce.wait_for(CallKind::edits, Need::can_wait, 91'000).count() == 0);
    }
}

TEST_CASE(
    "Ten pull requests of twenty stacks at once: all are decided at once, the rest keeps the "
    "limits") {
    Pace pace{github::documented_spacing()};
    std::int64_t now = 0, decided = 0;
    int left_out = 0;
    for (int pull = 0; pull < 10; ++pull) {
        for (int i = 0; i < 2; ++i)
            decided = std::max(decided, made_at(pace, CallKind::creates, Need::decides, now));
        for (int stack = 0; stack < 20; ++stack)
            if (pace.wait_for(CallKind::creates, Need::can_wait, now).count() == 0)
                pace.made(CallKind::creates, now);
            else
                ++left_out;
    }
    CHECK(decided == 0);
    CHECK(left_out == 200 - 54);
    while (left_out-- > 0) now = made_at(pace, CallKind::creates, Need::can_wait, now);
    CHECK(now < 4 * 60'000);
}

TEST_CASE("A forge that names no limits is held up by nothing but its own refusals") {
    Pace pace{Spacing{}};
    for (int i = 0; i < 2'000; ++i)
        REQUIRE(made_at(pace, CallKind::creates, Need::can_wait, 1'000) == 1'000);
    pace.limited(milliseconds(30'000), 1'000);
    CHECK(pace.wait_for(CallKind::reads, Need::decides, 1'000).count() == 30'000);
}
