// What a map may hold is asked for key by key; everything else is a finding, and all of them come
// at once.
#include "service/base/yaml_reader.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace slipway;

namespace {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

// The findings after `read` has asked a map of this text.
std::string findings_of(const std::string& text, const std::function<void(MapReader&)>& read) {
    const auto parsed = parse_yaml(text, "a.yaml");
    Findings findings;
    {
        MapReader reader(std::get<Yaml>(parsed), "a stack", findings);
        read(reader);
    }
    return findings.text();
}

}  // namespace

TEST_CASE("What fits is read without a finding, and what is absent or null is nothing") {
    const auto findings = findings_of(
        "id: \"7\"\nn: 7\nyes: true\nlist: [a, \"b\"]\ncolour: green\nnone:\n", [](MapReader& map) {
            CHECK(map.text("id") == "7");
            CHECK(map.whole("n", 0, 7) == 7);
            CHECK(map.text("n") == "7");
            CHECK(map.boolean("yes") == true);
            CHECK(map.texts("list") == std::vector<std::string>{"a", "b"});
            CHECK(map.word<Colour>("colour") == Colour::green);
            CHECK_FALSE(map.text("none").has_value());
            CHECK_FALSE(map.whole("absent", 0, 1).has_value());
            CHECK(map.texts("absent").empty());
            CHECK(map.require("id"));
        });
    CHECK(findings == "");
}

TEST_CASE("What does not fit is a finding at its value") {
    struct Case {
        std::string text;
        std::function<void(MapReader&)> read;
        std::string finding;
    };
    const Case cases[] = {
        {"a: [x]", [](auto& map) { map.text("a"); }, "a.yaml:1:4: `a` is a text, not a list"},
        {"a: ''", [](auto& map) { map.text("a"); }, "a.yaml:1:4: `a` is empty"},
        {"a: 8", [](auto& map) { map.whole("a", 0, 7); },
         "a.yaml:1:4: `a` is a whole number from 0 to 7"},
        {"a: '7'", [](auto& map) { map.whole("a", 0, 7); },
         "a.yaml:1:4: `a` is a whole number from 0 to 7"},
        {"a: 7x", [](auto& map) { map.whole("a", 0, 7); },
         "a.yaml:1:4: `a` is a whole number from 0 to 7"},
        {"a: yes", [](auto& map) { map.boolean("a"); }, "a.yaml:1:4: `a` is true or false"},
        {"a: x", [](auto& map) { map.texts("a"); }, "a.yaml:1:4: `a` is a list, not a text"},
        {"a: [x, {}]", [](auto& map) { map.texts("a"); }, "a.yaml:1:8: `a` is a list of texts"},
        {"a: blue", [](auto& map) { map.template word<Colour>("a"); },
         "a.yaml:1:4: `a` is one of red, green"},
        {"a: 1", [](auto& map) { map.find("a"), map.require("id"); },
         "a.yaml:1:1: a stack needs `id`"},
        {"- a", [](auto& map) { map.require("id"); }, "a.yaml:1:1: a stack is a map, not a list"}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(findings_of(c.text, c.read) == c.finding);
    }
}

TEST_CASE("A key that nobody asked for is a finding, with a guess where one is near") {
    const auto ask = [](MapReader& map) {
        map.find("branch"), map.find("directory"), map.find("id");
    };
    CHECK(findings_of("brunch: x", ask) ==
          "a.yaml:1:1: a stack has no key `brunch`; did you mean `branch`?");
    CHECK(findings_of("ids: x", ask) == "a.yaml:1:1: a stack has no key `ids`; did you mean `id`?");
    CHECK(findings_of("workspace: x", ask) == "a.yaml:1:1: a stack has no key `workspace`");
    CHECK(findings_of("zz: 1\nyy: 2\nid: 3\n", ask) ==
          "a.yaml:1:1: a stack has no key `zz`\na.yaml:2:1: a stack has no key `yy`");
}

TEST_CASE("Findings are told in the order of their places, without what is unknown of them") {
    Findings findings;
    findings.add({"b", 2, 1}, "third");
    findings.add({"a", 9, 0}, "second");
    findings.add({"a", 0, 0}, "first");
    CHECK(findings.text() == "a: first\na:9: second\nb:2:1: third");
    CHECK(ConfigFinding{{}, "alone"}.text() == "alone");
}
