// Places, kinds, and everything that foreign configuration may try.
#include "service/base/yaml.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace slipway;

namespace {

Yaml good(std::string_view text) {
    auto parsed = parse_yaml(text, "a.yaml");
    if (auto* error = std::get_if<YamlError>(&parsed)) FAIL(error->message);
    return std::get<Yaml>(std::move(parsed));
}

std::string finding(std::string_view text) {
    auto parsed = parse_yaml(text, "a.yaml");
    if (!std::holds_alternative<YamlError>(parsed)) return "";
    const auto& error = std::get<YamlError>(parsed);
    return error.place.file + ":" + std::to_string(error.place.line) + ":" +
           std::to_string(error.place.column) + ": " + error.message;
}

std::string repeated(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

}  // namespace

TEST_CASE("Every node knows its line and column, counted from one") {
    const auto root = good("# a comment\nstacks:\n  - id: one\n    labels: [a, \"b\"]\n");
    CHECK(root.kind == Yaml::Kind::map);
    CHECK(root.map[0].place == Place{"a.yaml", 2, 1});
    const auto& stack = root.find("stacks")->list[0];
    CHECK(stack.place == Place{"a.yaml", 3, 5});
    CHECK(stack.find("id")->place == Place{"a.yaml", 3, 9});
    CHECK(stack.find("labels")->list[1].place == Place{"a.yaml", 4, 17});
    CHECK(stack.find("labels")->list[1].scalar == "b");
    CHECK(stack.find("other") == nullptr);
}

TEST_CASE("Quoted and plain scalars differ, and null is no text") {
    const auto root = good("a: 3\nb: \"3\"\nc: '3'\nd:\ne: ~\nf: null\ng: \"\"\nh: |\n  3\n");
    CHECK_FALSE(root.find("a")->quoted);
    CHECK(root.find("b")->quoted);
    CHECK(root.find("c")->quoted);
    for (const char* null : {"d", "e", "f"}) {
        CAPTURE(null);
        CHECK(root.find(null)->kind == Yaml::Kind::null);
    }
    CHECK(root.find("d")->place == Place{"a.yaml", 4, 1});
    CHECK(root.find("g")->kind == Yaml::Kind::scalar);
    CHECK(root.find("h")->scalar == "3\n");
}

TEST_CASE("An empty text, a comment and an empty document are null") {
    for (const char* text : {"", "\n", "# only this\n", "---\n", "---\n...\n"}) {
        CAPTURE(text);
        CHECK(good(text).kind == Yaml::Kind::null);
    }
}

TEST_CASE("Aliases are copies, and merges give what a map does not say itself") {
    const auto root = good(
        "base: &base {a: 1, b: 2}\nmore: &more {b: 5, c: 6}\n"
        "one:\n  <<: *base\n  b: 3\ntwo:\n  <<: [*base, *more]\n  d: *base\n");
    CHECK(root.find("one")->find("a")->scalar == "1");
    CHECK(root.find("one")->find("b")->scalar == "3");
    CHECK(root.find("two")->find("b")->scalar == "2");
    CHECK(root.find("two")->find("c")->scalar == "6");
    CHECK(root.find("two")->find("d")->find("a")->scalar == "1");
    CHECK(root.find("two")->find("<<") == nullptr);
}

TEST_CASE("What is refused says where and why") {
    struct Case {
        std::string text;
        std::string finding;
    };
    const Case cases[] = {
        {"a: 1\nb: 2\na: 3\n", "a.yaml:3:1: the key \"a\" stands here twice, first on line 1"},
        {"a: {b: 1, b: 2}\n", "a.yaml:1:11: the key \"b\" stands here twice, first on line 1"},
        {"[a]: 1\n", "a.yaml:1:1: a key must be a text"},
        {"? {a: 1}\n: 1\n", "a.yaml:1:3: a key must be a text"},
        {"~: 1\n", "a.yaml:1:1: a key must be a text"},
        {"a: &x k\n*x : 1\n", "a.yaml:2:1: a key must be a text, not an alias"},
        {"a: 1\n---\nb: 2\n", "a.yaml:2:1: only one document is read; remove what follows ---"},
        {"a: !!int 3\n",
         "a.yaml:1:4: the tag tag:yaml.org,2002:int has no meaning here; remove it"},
        {"a: !env X\n", "a.yaml:1:4: the tag !env has no meaning here; remove it"},
        {"a: &x [*x]\n", "a.yaml:1:8: an alias cannot stand inside what it names"},
        {"<<: 3\n", "a.yaml:1:1: << takes a map, or a list of maps"},
        {"a: \"\\0\"\n", "a.yaml:1:4: a text must not contain a NUL"},
        {"a: 1\nb: \x01\n", "a.yaml:2:4: a control character; remove it"},
        {"a: \xff\n", "a.yaml:1:1: not UTF-8; save it in that encoding"}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(finding(c.text) == c.finding);
    }
}

TEST_CASE("what is not valid YAML is said in words, at the place of the mistake, with its line") {
    struct Case {
        std::string text;
        std::string finding;
    };
    const std::string star =
        "a value that begins with `*` repeats one that is marked with `&` above, and none is; put "
        "quotes around a text: ";
    const std::string never_closed = "or put quotes around the value if it is a text (the line: ";
    const Case cases[] = {
        {"a: 1\ntool: @TOOL@\n",
         "a.yaml:2:7: a value cannot begin with `@`; put quotes around it: \"@TOOL@\" (the line: "
         "tool: @TOOL@)"},
        {"a: {b: `x`, c: 1}\n",
         "a.yaml:1:8: a value cannot begin with a backtick; put quotes around it: \"`x`\" (the "
         "line: a: {b: `x`, c: 1})"},
        {"a: %x\"y # z\n",
         "a.yaml:1:4: a value cannot begin with `%`; put quotes around it: '%x\"y' (the line: a: "
         "%x\"y # z)"},
        {"a: , b\n",
         "a.yaml:1:4: a value cannot begin with `,`; put quotes around it: \", b\" (the line: a: , "
         "b)"},
        {"# c\n%x: 1\n",
         "a.yaml:2:1: a line cannot begin with `%`; put quotes around it (the line: %x: 1)"},
        {"a:\n\tb: 1\n",
         "a.yaml:2:1: the line is indented with a tab; write spaces instead (the line: b: 1)"},
        {"a:\n\t- 1\n",
         "a.yaml:2:1: the line is indented with a tab; write spaces instead (the line: - 1)"},
        {"a: {b: 1\nc: {d: 2}\n",
         "a.yaml:1:4: this `{` is never closed; add `}`, " + never_closed + "a: {b: 1)"},
        {"it's: {a: \"}\"}\nb: [\"]\", 2 # ]\n",
         "a.yaml:2:4: this `[` is never closed; add `]`, " + never_closed + "b: [\"]\", 2 # ])"},
        {"a: [1]]\n",
         "a.yaml:1:7: `]` closes nothing; remove it, or put quotes around the value (the line: a: "
         "[1]])"},
        {"name: Acme\n  people:\n    x: y\n",
         "a.yaml:2:3: this key is indented deeper than line 1, which has a value already; indent "
         "it "
         "like that line's key (the line: people:)"},
        {"a:\n  b: 1\n c: 2\n",
         "a.yaml:3:2: this line is indented by 1 space, and none above it is (they have 0, 2); "
         "indent it like the lines that it belongs to (the line: c: 2)"},
        {"a:\n  - b: 1\n   c: 2\n",
         "a.yaml:3:4: this line is indented by 3 spaces, and none above it is (they have 0, 2, 4); "
         "indent it like the lines that it belongs to (the line: c: 2)"},
        {"a:\n  - b: 1\n  c: 2\n",
         "a.yaml:3:3: a key stands where a list item (`- `) must be; indent it like the keys of "
         "the "
         "item that it belongs to (the line: c: 2)"},
        {"a: 1\n- b\n",
         "a.yaml:2:1: a list item stands where a key must be; indent it below the key that it "
         "belongs to (the line: - b)"},
        {"- a\nb: 1\n",
         "a.yaml:2:1: what is written above is complete, and this is neither an item nor a key of "
         "it; remove it, or indent it where it belongs (the line: b: 1)"},
        {"a: b: c\n",
         "a.yaml:1:5: the value before this colon has a colon itself; put quotes around it, or "
         "begin a line for the second key (the line: a: b: c)"},
        {"a: b\nc\n\nd: e\n",
         "a.yaml:2:1: this line is no `key: value`; add the colon, or quotes around a text that "
         "goes on here (the line: c)"},
        {"a: 'it's'\n",
         "a.yaml:1:8: text follows a closing quote; put one pair of quotes around the whole value, "
         "and write a ' inside single quotes as '' (the line: a: 'it's')"},
        {"a: \"x\nb: 1\n",
         "a.yaml:1:4: the quote that opens here is never closed; add the closing one (the line: a: "
         "\"x)"},
        {"a: 'x''\n",
         "a.yaml:1:4: the quote that opens here is never closed; add the closing one (the line: a: "
         "'x'')"},
        {"a: \"\\q\"\n",
         "a.yaml:1:7: `\\q` has no meaning in double quotes; write `\\\\q`, or use single quotes "
         "(the line: a: \"\\q\")"},
        {"a: *gone\n", "a.yaml:1:4: " + star + "\"*gone\" (the line: a: *gone)"},
        {"a: [*, b]\n", "a.yaml:1:5: " + star + "\"*\" (the line: a: [*, b])"},
        {"a: {{x}}\n",
         "a.yaml:1:5: a value that begins with `{{` needs quotes (the line: a: {{x}})"},
        {"a: - b\n",
         "a.yaml:1:4: a list item begins a line of its own; put it below the key, or write [a, b] "
         "(the line: a: - b)"},
        {"a: > x\n",
         "a.yaml:1:6: this is not YAML: unexpected character in block scalar (the line: a: > x)"},
        {"a: [" + repeated("ä", 40) + "\n", "a.yaml:1:4: this `[` is never closed; add `]`, " +
                                                never_closed + "a: [" + repeated("ä", 28) + "…)"}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(finding(c.text) == c.finding);
    }
}

TEST_CASE("Quotes that are closed, and signs inside of texts, are taken as they are") {
    for (const char* text :
         {"a: 'it''s'\n", "a: ''\n", "a: \"\"\n", "a: ''''\n", "a: \"x\\\"y\"\n", "a: \"x\n  y\"\n",
          "a: 100%\n", "a: x@y\n", "a: |\n  %x: `y`\n  @\n", "a: &x 'y'\nb: *x\n", "a: ! 'b'\n"}) {
        CAPTURE(text);
        CHECK(finding(text) == "");
    }
}

TEST_CASE("Nesting is bounded, written out or through aliases, in flow and in block") {
    CHECK(finding("a: " + repeated("[", 60) + repeated("]", 60)) == "");
    CHECK(finding("a: " + repeated("[", 70) + repeated("]", 70)) ==
          "a.yaml:1:67: nested deeper than 64 levels");
    CHECK(finding(repeated("[", 100'000)) != "");
    CHECK(finding(repeated("{a: ", 100'000)) != "");
    CHECK(finding(repeated("- ", 100'000)).find("nested deeper") != std::string::npos);
    CHECK(finding("a: &a " + repeated("[", 40) + repeated("]", 40) + "\nb: " + repeated("[", 40) +
                  "*a" + repeated("]", 40)) == "a.yaml:2:44: nested deeper than 64 levels");
}

TEST_CASE("A bomb of aliases is refused in no time") {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
                repeated(before + ", ", 9) + before + "]\n";
    }
    const auto begin = std::chrono::steady_clock::now();
    CHECK(finding(bomb).find("more than 200000 values") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("An alias costs what it names, every time") {
    const auto aliases = [](int times) {
        return "a: &a [" + repeated("x, ", 1000) + "]\nb: [" + repeated("*a, ", times) + "]\n";
    };
    CHECK(finding(aliases(150)) == "");
    CHECK(finding(aliases(250)).find("more than 200000 values") != std::string::npos);
}

TEST_CASE("A text beyond the limit is refused unread") {
    CHECK(finding(std::string(4 * 1024 * 1024 + 1, '#')) ==
          "a.yaml:1:1: larger than 4 MB; split it into several files");
    CHECK(finding(std::string(1024 * 1024, '#')) == "");
}
