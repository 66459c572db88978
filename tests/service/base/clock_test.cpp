#include "service/base/clock.hpp"

#include <doctest/doctest.h>

using namespace slipway;

TEST_CASE("A moment is written in UTC, also before 1970 and on a leap day") {
    struct Case {
        std::int64_t ms;
        const char* iso;
        const char* minutes;
    };
    const Case cases[] = {{0, "1970-01-01T00:00:00Z", "1970-01-01 00:00 UTC"},
                          {-1, "1969-12-31T23:59:59Z", "1969-12-31 23:59 UTC"},
                          {1709164799999, "2024-02-28T23:59:59Z", "2024-02-28 23:59 UTC"},
                          {1709164800000, "2024-02-29T00:00:00Z", "2024-02-29 00:00 UTC"},
                          {1795425245000, "2026-11-23T09:14:05Z", "2026-11-23 09:14 UTC"}};
    for (const auto& c : cases) {
        CAPTURE(c.iso);
        CHECK(utc_iso(c.ms) == c.iso);
        CHECK(utc_minutes(c.ms) == c.minutes);
    }
}

TEST_CASE("RFC 3339 is read with Z, offsets and fractions") {
    struct Case {
        const char* text;
        std::int64_t ms;
    };
    const Case cases[] = {{"2026-11-23T09:14:05Z", 1795425245000},
                          {"2026-11-23t09:14:05z", 1795425245000},
                          {"2026-11-23T11:14:05+02:00", 1795425245000},
                          {"2026-11-22T21:44:05-11:30", 1795425245000},
                          {"2026-11-23T09:14:05.1Z", 1795425245100},
                          {"2026-11-23T09:14:05.123456789Z", 1795425245123},
                          {"2016-12-31T23:59:60Z", 1483228800000}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(parse_utc_iso(c.text) == c.ms);
    }
}

TEST_CASE("What is not a moment of RFC 3339 is zero") {
    for (const char* text :
         {"", "2026", "2026-11-23", "2026-11-23T09:14:05", "2026-11-23 09:14:05Z",
          "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z",
          "2026-11-23T09:60:05Z", "2026-11-23T09:14:05.Z", "2026-11-23T09:14:05Zx",
          "2026-11-23T09:14:05+2:00", "2026-11-23T09:14:05+0200", "-026-11-23T09:14:05Z",
          "2026-11-23T+9:14:05Z"}) {
        CAPTURE(text);
        CHECK(parse_utc_iso(text) == 0);
    }
}

TEST_CASE("A fixed clock stands until it is advanced") {
    FixedClock clock(1000);
    CHECK(clock.now_ms() == 1000);
    clock.advance(std::chrono::seconds(2));
    CHECK(clock.now_ms() == 3000);
    CHECK(SystemClock().now_ms() > 1700000000000);
}
