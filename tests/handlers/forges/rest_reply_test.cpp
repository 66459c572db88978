// What replies of different forges mean, and how texts are cut to their limits.
#include "handlers/forges/rest/reply.hpp"

#include <doctest/doctest.h>

#include "handlers/forges/github/check_text.hpp"
#include "handlers/forges/github/dialect.hpp"
#include "handlers/forges/rest/text.hpp"
#include "tests/support/scripted_http.hpp"

using namespace slipway;
using namespace slipway::rest;

namespace {

constexpr std::int64_t start_ms = 1'800'000'000'000;

}  // namespace

TEST_CASE("What GitHub's refusals mean") {
    const auto now = start_ms;
    const auto reset = std::to_string(now / 1'000 + 90);
    struct Case {
        const char* name;
        HttpReply reply;
        int limits_in_a_row;
        ReplyKind kind;
        std::int64_t wait_ms;
    };
    const Case cases[] = {
        {"fine", reply(200), 0, ReplyKind::success, 0},
        {"retry-after on 429", reply(429, {{"retry-after", "30"}}), 0, ReplyKind::limited, 30'000},
        {"retry-after on 403", reply(403, {{"retry-after", "30"}}), 0, ReplyKind::limited, 30'000},
        {"retry-after beats reset",
         reply(
             403,
             {{"retry-after", "5"}, {"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", reset}}),
         0, ReplyKind::limited, 5'000},
        {"nothing remains",
         reply(403, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", reset}}), 0,
         ReplyKind::limited, 90'000},
        {"a reset that passed",
         reply(403, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1"}}), 0,
         ReplyKind::limited, 1'000},
        {"a secondary limit in words",
         reply(403, {}, R"({"message":"You have exceeded a secondary rate limit."})"), 0,
         ReplyKind::limited, 60'000},
        {"the third in a row",
         reply(403, {}, R"({"message":"You have exceeded a secondary rate limit."})"), 2,
         ReplyKind::limited, 240'000},
        {"for ever", reply(429), 100, ReplyKind::limited, 960'000},
        {"an absurd wait", reply(429, {{"retry-after", "99999999"}}), 0, ReplyKind::limited,
         3'600'000},
        {"a malformed wait", reply(429, {{"retry-after", "soon"}}), 0, ReplyKind::limited, 60'000},
        {"a missing permission",
         reply(403, {{"x-ratelimit-remaining", "4999"}},
               R"({"message":"Resource not accessible by integration"})"),
         0, ReplyKind::forbidden, 0},
        {"worn out", reply(401), 0, ReplyKind::unauthorised, 0},
        {"gone", reply(410), 0, ReplyKind::missing, 0},
        {"invalid", reply(422), 0, ReplyKind::refused, 0},
        {"broken", reply(502), 0, ReplyKind::broken, 0},
        {"renamed", reply(301), 0, ReplyKind::moved, 0},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        auto meaning = meaning_of(c.reply, github::dialect(), now, c.limits_in_a_row);
        CHECK(meaning.kind == c.kind);
        CHECK(meaning.wait.count() == c.wait_ms);
    }
}

TEST_CASE("A forge's hints are read from the headers that its dialect names") {
    Dialect other;  // as GitLab has them
    other.limit = "ratelimit-limit";
    other.left = "ratelimit-remaining";
    other.reset = "ratelimit-reset";
    const auto reset = std::to_string(start_ms / 1'000 + 45);
    const auto limited = reply(
        429,
        {{"ratelimit-limit", "600"}, {"ratelimit-remaining", "0"}, {"ratelimit-reset", reset}});
    CHECK(meaning_of(limited, other, start_ms, 0).kind == ReplyKind::limited);
    CHECK(meaning_of(limited, other, start_ms, 0).wait.count() == 45'000);
    const auto left = calls_left(limited, other, start_ms);
    REQUIRE(left);
    CHECK(left->limit == 600);
    CHECK(left->until_reset.count() == 45'000);

    const Dialect bare;  // one without hints
    CHECK_FALSE(calls_left(limited, bare, start_ms));
    CHECK(meaning_of(limited, bare, start_ms, 0).wait.count() == 60'000);
    CHECK(meaning_of(reply(429, {{"retry-after", "7"}}), bare, start_ms, 0).wait.count() == 7'000);
    const auto in_words = reply(403, {}, R"({"message":"secondary rate limit"})");
    CHECK(meaning_of(in_words, bare, start_ms, 0).kind == ReplyKind::forbidden);
    CHECK(meaning_of(in_words, github::dialect(), start_ms, 0).kind == ReplyKind::limited);
}

TEST_CASE("F20: Texts are cut within GitHub's limits, with their fences closed") {
    const auto limit = github::text_limits.comment_bytes;
    std::string text = "Intro\n```diff\n";
    while (text.size() < 80'000) text += "+ a line of a diff, ünd söme möre\n";
    auto cut = fitted(text, limit, "GitHub");
    CHECK(cut.size() <= limit);
    CHECK(cut.size() > limit - 500);
    std::size_t fences = 0;
    for (auto at = cut.find("\n```"); at != cut.npos; at = cut.find("\n```", at + 1)) ++fences;
    CHECK(fences == 2);
    CHECK(fitted("short", limit, "GitHub") == "short");
    CHECK(cut.ends_with("the whole text is too long for GitHub.*\n"));
    std::string umlauts;
    while (umlauts.size() < 70'000) umlauts += "ü";
    CHECK(parse_json(slipway::quoted(fitted(umlauts, limit, "GitHub"))).ok());  // no half character
}
