#include "service/base/utf8.hpp"

#include <doctest/doctest.h>

using namespace slipway;

TEST_CASE("a code point is read whole, and a byte that begins none stands for itself") {
    struct Case {
        const char* name;
        std::string text;
        char32_t value;
        std::size_t bytes;
    };
    const Case cases[] = {
        {"ascii", "a", 'a', 1},
        {"two bytes", "\xC3\xA9", 0xE9, 2},
        {"three bytes", "\xE2\x82\xAC", 0x20AC, 3},
        {"four bytes", "\xF0\x9F\x9A\xA2", 0x1F6A2, 4},
        {"the last code point", "\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
        {"beyond the last", "\xF4\x90\x80\x80", replacement_character, 1},
        {"overlong slash", "\xC0\xAF", replacement_character, 1},
        {"overlong in three", "\xE0\x80\xAF", replacement_character, 1},
        {"a surrogate", "\xED\xA0\x80", replacement_character, 1},
        {"cut short", "\xE2\x82", replacement_character, 1},
        {"a continuation alone", "\x80", replacement_character, 1},
        {"not continued", "\xE2\x28\xA1", replacement_character, 1},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        auto point = code_point_at(c.text, 0);
        CHECK(point.value == c.value);
        CHECK(point.bytes == c.bytes);
    }
}

TEST_CASE("what is appended reads back") {
    for (char32_t value : {U'a', U'\u00e9', U'\u20ac', U'\U0001F6A2', U'\U0010FFFF'}) {
        std::string out;
        append_utf8(out, value);
        CHECK(code_point_at(out, 0).value == value);
        CHECK(code_point_at(out, 0).bytes == out.size());
    }
}

TEST_CASE("a text is never cut inside a code point") {
    const std::string text = "a\xE2\x82\xAC\xF0\x9F\x9A\xA2z";
    for (std::size_t limit = 0; limit <= text.size() + 1; ++limit) {
        CAPTURE(limit);
        auto cut = utf8_prefix(text, limit);
        CHECK(cut.size() <= limit);
        for (std::size_t at = 0; at < cut.size();) {
            auto point = code_point_at(cut, at);
            CHECK(point.value != replacement_character);
            at += point.bytes;
        }
    }
    CHECK(utf8_prefix(text, 5) == "a\xE2\x82\xAC");
    CHECK(code_points(text) == 4);
}
