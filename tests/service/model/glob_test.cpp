// A table of meanings, a slow obvious matcher to agree with, and patterns that want to take for
// ever.
#include "service/model/glob.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <random>

using namespace slipway;

TEST_CASE("Patterns match as documented") {
    struct Case {
        std::string pattern, path;
        bool matches;
    };
    const Case cases[] = {{"a", "a", true},
                          {"a", "b", false},
                          {"a", "ab", false},
                          {"ab", "a", false},
                          {"", "", true},
                          {"", "a", false},
                          {"*.tf", "main.tf", true},
                          {"*.tf", "a/main.tf", false},
                          {"*.tf", ".tf", true},
                          {"*", ".hidden", true},
                          {"a/*", "a/b", true},
                          {"a/*", "a/b/c", false},
                          {"a/*", "a", false},
                          {"a/*", "a/", true},
                          {"a/?", "a/b", true},
                          {"a?b", "a/b", false},
                          {"?", "ä", true},
                          {"??", "ä", false},
                          {"**", "a", true},
                          {"**", "a/b/c", true},
                          {"**", "", true},
                          {"a/**", "a/b", true},
                          {"a/**", "a/b/c", true},
                          {"a/**", "a", true},
                          {"a/**", "ab", false},
                          {"a/**", "b/a/c", false},
                          {"**/b", "b", true},
                          {"**/b", "a/b", true},
                          {"**/b", "a/c/b", true},
                          {"**/b", "ab", false},
                          {"**/b", "a/b/c", false},
                          {"a/**/b", "a/b", true},
                          {"a/**/b", "a/x/y/b", true},
                          {"a/**/b", "ab", false},
                          {"a/**/b", "a/xb", false},
                          {"a/**/*.tf", "a/b/c/x.tf", true},
                          {"**/a/**/b/**", "x/a/b", true},
                          {"**/a/**/b/**", "a/x/b/y/z", true},
                          {"a**b", "axxb", true},
                          {"a**b", "ax/xb", false},
                          {"a/b**", "a/bc", true},
                          {"a/b**", "a/b/c", false},
                          {"a**/b", "ax/b", true},
                          {"a**/b", "a/x/b", false},
                          {"[abc].tf", "b.tf", true},
                          {"[abc].tf", "d.tf", false},
                          {"[a-c]", "b", true},
                          {"[!a-c]", "b", false},
                          {"[^a-c]", "d", true},
                          {"[!a]", "/", false},
                          {"[]a]", "]", true},
                          {"[!]a]", "]", false},
                          {"[a-]", "-", true},
                          {"[\\]]", "]", true},
                          {"[ä-ö]", "ö", true},
                          {"[ä-ö]", "a", false},
                          {"{a,b}", "a", true},
                          {"{a,b}", "b", true},
                          {"{a,b}", "c", false},
                          {"{a,b}", "ab", false},
                          {"x{a,b}y", "xby", true},
                          {"x{,b}y", "xy", true},
                          {"{a/b,c}/d", "a/b/d", true},
                          {"{a,{b,c}d}", "cd", true},
                          {"{a,{b,c}d}", "c", false},
                          {"{a}", "a", true},
                          {"*.{tf,tfvars}", "x.tfvars", true},
                          {"{**/a,b}", "x/a", true},
                          {"{stacks,modules}/**", "modules/x/y", true},
                          {"{a/**,b}", "a/x/y", true},
                          {"{[},],b}", "}", true},
                          {"{a\\,b,c}", "a,b", true},
                          {"\\*", "*", true},
                          {"\\*", "a", false},
                          {"a\\/b", "a/b", true},
                          {"a[b", "a[b", true},
                          {"a{b", "a{b", true},
                          {"a}b", "a}b", true},
                          {"a,b", "a,b", true},
                          {"a\\", "a\\", true},
                          {"\xff*", "\xff\xfe", true}};
    for (const auto& c : cases) {
        CAPTURE(c.pattern);
        CAPTURE(c.path);
        CHECK(glob_matches(c.pattern, c.path) == c.matches);
    }
}

namespace {
// The meaning of * ? and ** said by recursion, without a thought for time.
bool obvious(std::string_view pattern, std::string_view path, bool starts = true) {
    if (pattern.empty()) return path.empty();
    if (pattern == "/**" && path.empty()) return true;
    if (starts && pattern == "**") return true;
    if (starts && pattern.starts_with("**/")) {
        if (obvious(pattern.substr(3), path)) return true;
        const auto slash = path.find('/');
        return slash != path.npos && obvious(pattern, path.substr(slash + 1));
    }
    if (pattern[0] == '*')
        return obvious(pattern.substr(1), path, false) ||
               (!path.empty() && path[0] != '/' && obvious(pattern, path.substr(1), false));
    if (path.empty()) return false;
    if (pattern[0] == '?')
        return path[0] != '/' && obvious(pattern.substr(1), path.substr(1), false);
    return pattern[0] == path[0] && obvious(pattern.substr(1), path.substr(1), path[0] == '/');
}
}  // namespace

TEST_CASE("Twenty thousand random patterns and paths match as the obvious matcher says") {
    std::mt19937 random(7);
    const auto some = [&](std::string_view alphabet, std::size_t most) {
        std::string out;
        for (auto size = random() % (most + 1); size > 0; --size)
            out += alphabet[random() % alphabet.size()];
        return out;
    };
    int matched = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto pattern = some("ab/***?", 8), path = some("aab/", 7);
        CAPTURE(pattern);
        CAPTURE(path);
        const bool expected = obvious(pattern, path);
        REQUIRE(glob_matches(pattern, path) == expected);
        matched += expected;
    }
    CHECK(matched > 500);
}

TEST_CASE("A hostile pattern takes no longer than its length times the path's") {
    std::string stars, globstars, braces;
    for (int i = 0; i < 100; ++i) stars += "*a";
    for (int i = 0; i < 100; ++i) globstars += "**/a/";
    for (int i = 0; i < 100; ++i) braces += "{a,aa,*}";
    std::string path(1000, 'a'), deep;
    for (int i = 0; i < 300; ++i) deep += "a/";
    const auto begin = std::chrono::steady_clock::now();
    CHECK_FALSE(glob_matches(stars + "b", path));
    CHECK_FALSE(glob_matches(globstars + "b", deep + "c"));
    CHECK_FALSE(glob_matches(braces + "b", path));
    CHECK_FALSE(glob_matches(std::string(1000, '{'), path));
    std::string mixed;
    for (int i = 0; i < 500; ++i) mixed += "{[";
    CHECK_FALSE(glob_matches(mixed, path));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("A pattern that is not well formed is told why") {
    struct Case {
        std::string pattern, trouble;
    };
    const Case cases[] = {{"a/**/{b,c}[!x]\\{", ""},
                          {"", "is empty"},
                          {"a[b", "has a [ without its ]"},
                          {"a{b", "has a { without its }"},
                          {"a}b", "has a } without its {"},
                          {"a\\", "ends in a \\"},
                          {"{{{{{{{{{a}}}}}}}}}", "has braces nested deeper than 8"},
                          {std::string(1001, 'a'), "is longer than 1000 bytes"}};
    for (const auto& c : cases) {
        CAPTURE(c.pattern);
        CHECK(glob_error(c.pattern) == c.trouble);
    }
}
