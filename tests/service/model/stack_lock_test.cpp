#include "service/model/stack_lock.hpp"

#include <doctest/doctest.h>

using namespace slipway;

TEST_CASE("a lock holds until the very millisecond in which it expires") {
    StackLock lock;
    CHECK_FALSE(holds(lock, 0));
    CHECK(why_locked(lock, 0).empty());
    lock.holder = {"forge.test", "ada"};
    lock.note = "migration tonight";
    lock.expires_at_ms = 1000;
    CHECK(holds(lock, 999));
    CHECK_FALSE(holds(lock, 1000));
    CHECK(why_locked(lock, 1000).empty());
    const auto why = why_locked(lock, 999);
    CHECK(why.cause == Cause::locked);
    CHECK(why.name == "ada");
    CHECK(why.text == "migration tonight");
    CHECK(why.until_ms == 1000);
}

TEST_CASE("how long a lock holds is said in one unit, 30 days at most") {
    struct Case {
        const char* text;
        std::int64_t seconds;  // 0: it is refused
    };
    const Case cases[] = {{"1s", 1},
                          {"90s", 90},
                          {"30m", 1800},
                          {"4h", 14'400},
                          {"2d", 172'800},
                          {"30d", 2'592'000},
                          {"720h", 2'592'000},
                          {"31d", 0},
                          {"721h", 0},
                          {"0h", 0},
                          {"-4h", 0},
                          {"+4h", 0},
                          {"4", 0},
                          {"h", 0},
                          {"", 0},
                          {"4H", 0},
                          {"4 h", 0},
                          {"4hours", 0},
                          {"1.5h", 0},
                          {"9999999d", 0},
                          {"99999999999999999d", 0}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(parse_lock_duration(c.text).value_or(0) == c.seconds * 1000);
    }
}
