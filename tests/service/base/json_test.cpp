// Strict reading, safe access, exact numbers, and writing that can always be read.
#include "service/base/json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace slipway;

namespace {

Json good(std::string_view text) {
    auto json = parse_json(text);
    if (!json) FAIL(json.error().message);
    return std::move(*json);
}

std::string repeated(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

}  // namespace

TEST_CASE("What RFC 8259 refuses is refused, with the byte") {
    const std::string bad[] = {"",
                               " ",
                               "{",
                               "[",
                               "[1,]",
                               "{\"a\":1,}",
                               "{a:1}",
                               "'a'",
                               "01",
                               "+1",
                               "1.",
                               ".5",
                               "1e",
                               "- 1",
                               "nul",
                               "True",
                               "NaN",
                               "Infinity",
                               "[1] x",
                               "[1][2]",
                               "\"\n\"",
                               "\"\t\"",
                               "\"\\x41\"",
                               "\"\\u12\"",
                               "\"\\ud800\"",
                               "\"\\udc00\\ud800\"",
                               "\"\\ude00\"",
                               "{\"\\udc00\":1}",
                               "\"\xff\"",
                               "\"\xc0\x80\"",
                               "\"\xed\xa0\x80\"",
                               "\"a",
                               "{\"a\"}",
                               "// a\n1",
                               std::string("1\0", 2),
                               std::string("\0", 1),
                               "\"a raw escape, long enough for a register: \x1b\"",
                               "\"\x1f\"",
                               "{\"a\":1 \"b\":2}"};
    for (const auto& text : bad) {
        CAPTURE(text);
        const auto json = parse_json(text);
        REQUIRE_FALSE(json.ok());
        CHECK(json.error().message.starts_with("not valid JSON at byte "));
    }
    CHECK(parse_json("[1, x]").error().message.starts_with("not valid JSON at byte 4: "));
}

TEST_CASE("Nesting is bounded and needs no stack, open or closed") {
    CHECK(parse_json(repeated("[", 512) + repeated("]", 512)).ok());
    CHECK(parse_json(repeated("[", 513) + repeated("]", 513)).error().message ==
          "not valid JSON at byte 512: nested deeper than 512 levels");
    CHECK_FALSE(parse_json(repeated("[", 200'000)).ok());
    CHECK_FALSE(parse_json(repeated("{\"a\":", 200'000)).ok());
    CHECK(parse_json("[[1]]", 2).ok());
    CHECK_FALSE(parse_json("[[[1]]]", 2).ok());
}

TEST_CASE("Reading what is not there gives the fallback") {
    const auto json = good(R"({"a": {"b": [1, "x", true, null]}, "n": 3})");
    CHECK(json["a"]["b"][0].int_or(9) == 1);
    CHECK(json["a"]["b"][1].text() == "x");
    CHECK(json["a"]["b"][2].bool_or(false));
    CHECK(json["a"]["b"][3].is_null());
    CHECK(json["a"]["b"][99].is_null());
    CHECK(json["a"]["none"]["deeper"][3]["more"].is_null());
    CHECK(json["n"]["a"].is_null());
    CHECK(json["n"][0].is_null());
    CHECK(json["n"].string_or("no text") == "no text");
    CHECK(json["a"].int_or(7) == 7);
    CHECK(json["a"].items().empty());
    CHECK(json["n"].members().empty());
    CHECK(json.has("n"));
    CHECK_FALSE(json.has("x"));
    CHECK_FALSE(json["n"].has("x"));
}

TEST_CASE("Numbers keep their text, and whole ones are whole or nothing") {
    struct Case {
        std::string text;
        std::int64_t whole;
        double real;
    };
    const Case cases[] = {{"0", 0, 0},
                          {"-0", 0, 0},
                          {"9223372036854775807", 9223372036854775807, 9223372036854775807.0},
                          {"-9223372036854775808", INT64_MIN, -9223372036854775808.0},
                          {"9223372036854775808", -1, 9223372036854775808.0},
                          {"12345678901234567890", -1, 12345678901234567890.0},
                          {"1.5", -1, 1.5},
                          {"1e3", -1, 1000},
                          {"0.1000", -1, 0.1}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        const auto json = good(c.text);
        CHECK(json.is_number());
        CHECK(json.dump() == c.text);
        CHECK(json.int_or(-1) == c.whole);
        CHECK(json.double_or(-1) == doctest::Approx(c.real));
    }
    CHECK(Json(std::uint64_t(18446744073709551615u)).dump() == "18446744073709551615");
}

TEST_CASE("Members keep their order, and of equal names the last counts") {
    const auto json = good(R"({"b":1,"a":2,"b":3})");
    CHECK(json["b"].int_or(0) == 3);
    CHECK(json.dump() == R"({"b":1,"a":2,"b":3})");
}

TEST_CASE("Building turns a null into what it becomes") {
    Json json;
    json.set("list", Json().push(1).push("two"));
    json.at("map").set("x", true).set("x", false);
    json.set("none", nullptr);
    CHECK(json.dump() == R"({"list":[1,"two"],"map":{"x":false},"none":null})");
    json.erase("list");
    json.erase("absent");
    CHECK(json.dump_pretty() == "{\n  \"map\": {\n    \"x\": false\n  },\n  \"none\": null\n}");
    CHECK(Json::array().dump() == "[]");
    CHECK(Json::object({{"a", 1}}).dump() == R"({"a":1})");
}

TEST_CASE("Equal documents are equal, and order counts") {
    CHECK(good("[1,{\"a\":null}]") == good(" [ 1 , { \"a\" : null } ] "));
    CHECK_FALSE(good("{\"a\":1,\"b\":2}") == good("{\"b\":2,\"a\":1}"));
    CHECK_FALSE(good("1") == good("1.0"));
}

TEST_CASE("Whatever bytes a text holds, what is written can be read") {
    std::string every;
    for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
    const std::string texts[] = {every,
                                 repeated(every, 3),
                                 "a long text before it: \x1a\x1b\x1c\x1d\x1e\x1f",
                                 "\xf0\x9f\x98\x80 ok",
                                 "\xed\xa0\x80",
                                 "\xf0\x9f\x98"};
    for (const auto& text : texts) {
        const auto json = Json::object({{text, Json(text)}});
        const auto written = json.dump();
        const auto again = parse_json(written);
        REQUIRE(again.ok());
        CHECK(again->members().size() == 1);
        for (unsigned char c : written) REQUIRE(c >= 0x20);
    }
    CHECK(good(Json(texts[3]).dump()).text() == texts[3]);
    CHECK(quoted("a\"b\\\n\x01") == R"("a\"b\\\n\u0001")");
    CHECK(quoted("\xff") == "\"\xEF\xBF\xBD\"");
}

TEST_CASE("Escapes are read as what they stand for") {
    CHECK(good(R"("\u0041\n\/\ud83d\ude00")").text() == "A\n/\xf0\x9f\x98\x80");
    CHECK(good("\xef\xbb\xbf[1]")[0].int_or(0) == 1);  // a byte order mark is passed over
}
