// A table of causes, the edges of paths, and a slow obvious answer to agree with.
#include "service/model/concerned.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "service/model/glob.hpp"

using namespace slipway;

namespace {

using Paths = std::vector<std::string>;

// The reasons why one stack is concerned, joined; "" where it is not.
std::string why(const Paths& changed, std::string directory, Paths globs = {}, Paths used = {},
                bool unknown = false) {
    Stack stack;
    stack.directory = std::move(directory);
    stack.also_triggered_by = std::move(globs);
    const Uses uses{std::move(used), unknown};
    const auto concerned = stacks_concerned({{&stack, &uses}}, changed);
    std::string out;
    for (const auto& concern : concerned)
        for (const auto& path : concern.because) out += (out.empty() ? "" : " ") + path;
    return out;
}

}  // namespace

TEST_CASE("A stack is concerned by its directory, its globs and what it uses") {
    struct Case {
        const char* name;
        Paths changed;
        std::string directory;
        Paths globs, used;
        bool unknown;
        std::string because;
    };
    const Case cases[] = {
        {"own file", {"s/a/main.tf", "s/b/main.tf"}, "s/a", {}, {}, false, "s/a/main.tf"},
        {"nested file", {"s/a/t/x.tpl"}, "s/a", {}, {}, false, "s/a/t/x.tpl"},
        {"a name that only begins alike",
         {"s/ab/main.tf", "s/a.tf", "s/a-b/x"},
         "s/a",
         {},
         {},
         false,
         ""},
        {"names around the slash in byte order",
         {"s/a-b/x", "s/a/y", "s/a.z", "s/a0"},
         "s/a",
         {},
         {},
         false,
         "s/a/y"},
        {"the parent's file", {"s/main.tf"}, "s/a", {}, {}, false, ""},
        {"the root", {"README.md", "s/a/x"}, ".", {}, {}, false, "README.md s/a/x"},
        {"written with a dot and slashes", {"s/a/x"}, "./s/a/", {}, {}, false, "s/a/x"},
        {"a glob", {"m/v/x.tf", "m/w/x.tf"}, "s/a", {"m/v/**"}, {}, false, "m/v/x.tf"},
        {"a glob from the root", {"m/v/x.tf"}, "s/a", {"/m/v/*.tf"}, {}, false, "m/v/x.tf"},
        {"a glob in the middle",
         {"m/v/x.tf", "m/v/x.md"},
         "s/a",
         {"m/*/*.tf"},
         {},
         false,
         "m/v/x.tf"},
        {"a glob anywhere",
         {"x/versions.hcl", "versions.hcl", "y/z"},
         "s/a",
         {"**/versions.hcl"},
         {},
         false,
         "versions.hcl x/versions.hcl"},
        {"a pattern without a star", {"go.work"}, "s/a", {"go.work"}, {}, false, "go.work"},
        {"alternatives", {"b/x"}, "s/a", {"{a,b}/x"}, {}, false, "b/x"},
        {"a glob that matches nothing", {"m/v/x.tf"}, "s/a", {"m/w/**", "**/*.md"}, {}, false, ""},
        {"a used directory", {"m/v/sub/x.tf"}, "s/a", {}, {"m/v"}, false, "m/v/sub/x.tf"},
        {"a used file",
         {"shared/x.yaml", "shared/y.yaml"},
         "s/a",
         {},
         {"shared/x.yaml"},
         false,
         "shared/x.yaml"},
        {"the root is used", {"y"}, "s/a", {}, {"."}, false, "y"},
        {"something unknown is used", {"docs/x"}, "s/a", {}, {}, true, "docs/x"},
        {"a link above it changed", {"s"}, "s/a", {}, {}, false, "s"},
        {"a file became a directory", {"s/a", "s/a/x"}, "s/a", {}, {}, false, "s/a s/a/x"},
        {"and a longer name lies between them",
         {"s/a", "s/a-b/x", "s/a/x"},
         "s/a",
         {},
         {},
         false,
         "s/a s/a/x"},
        {"each file once, its own first",
         {"m/v/x", "s/a/y"},
         "s/a",
         {"m/**", "s/**"},
         {"m/v"},
         true,
         "s/a/y m/v/x"},
        {"a file twice in the list", {"s/a/y", "s/a/y"}, "s/a", {}, {}, false, "s/a/y"},
        {"nothing changed", {}, ".", {"**"}, {"."}, true, ""},
        {"an empty path says nothing", {""}, "s/a", {}, {}, false, ""}};
    for (const auto& c : cases) {
        CAPTURE(c.name);
        CHECK(why(c.changed, c.directory, c.globs, c.used, c.unknown) == c.because);
    }
}

TEST_CASE("At most ten reasons are given, and stacks keep their order") {
    Paths changed;
    for (int i = 0; i < 50; ++i) changed.push_back("s/b/" + std::to_string(100 + i));
    Stack first, second, third;
    first.directory = "s/b";
    second.directory = "s/c";
    third.directory = "s";
    const auto concerned =
        stacks_concerned({{&third, nullptr}, {&second, nullptr}, {&first, nullptr}}, changed);
    REQUIRE(concerned.size() == 2);
    CHECK(concerned[0].stack == &third);
    CHECK(concerned[1].stack == &first);
    CHECK(concerned[1].because.size() == 10);
    CHECK(concerned[1].because[0] == "s/b/100");
}

TEST_CASE("Two hundred random repositories are judged as the obvious rule says") {
    std::mt19937 random(11);
    const auto path = [&](std::size_t most) {
        static const char* const words[] = {"a", "a-b", "ab", "b", "a.tf", "m"};
        std::string out = words[random() % 6];
        for (auto more = random() % most; more > 0; --more)
            out += std::string("/") + words[random() % 6];
        return out;
    };
    const auto lies_below = [](const std::string& file, const std::string& place) {
        return place == "." || file == place || file.starts_with(place + "/") ||
               place.starts_with(file + "/");
    };
    for (int round = 0; round < 200; ++round) {
        Paths changed;
        for (auto n = random() % 20; n > 0; --n) changed.push_back(path(4));
        std::vector<Stack> stacks(20);
        std::vector<Uses> uses(20);
        std::vector<StackWithUses> both;
        std::set<const Stack*> expected;
        for (std::size_t i = 0; i < stacks.size(); ++i) {
            auto& stack = stacks[i];
            stack.directory = random() % 10 == 0 ? "." : path(3);
            if (random() % 2) stack.also_triggered_by.push_back(path(2) + "/**");
            if (random() % 3 == 0) stack.also_triggered_by.push_back("**/" + path(1));
            if (random() % 3 == 0) stack.also_triggered_by.push_back(path(2) + "/*");
            if (random() % 3 == 0) uses[i].paths.push_back(path(3));
            uses[i].unknown = random() % 20 == 0;
            both.push_back({&stack, &uses[i]});
            for (const auto& file : changed) {
                bool hit = uses[i].unknown || lies_below(file, stack.directory);
                for (const auto& used : uses[i].paths) hit = hit || lies_below(file, used);
                for (const auto& glob : stack.also_triggered_by)
                    hit = hit || glob_matches(glob, file) ||
                          (glob.ends_with("/**") && glob.starts_with(file + "/"));
                if (hit) expected.insert(&stack);
            }
        }
        std::set<const Stack*> found;
        for (const auto& concern : stacks_concerned(both, changed)) found.insert(concern.stack);
        CHECK(found == expected);
    }
}

TEST_CASE("Patterns in the place of the directory: the last that matches decides, modules count") {
    const auto why_listed = [](const Paths& changed, Paths patterns, Paths used = {}) {
        Stack stack;
        stack.directory = "s/a";
        stack.also_triggered_by = std::move(patterns);
        stack.only_triggered_by_these = true;
        const Uses uses{std::move(used), true};
        std::string out;
        for (const auto& concern : stacks_concerned({{&stack, &uses}}, changed))
            for (const auto& path : concern.because) out += (out.empty() ? "" : " ") + path;
        return out;
    };
    const Paths tf = {"s/a/*.tf/**"};
    CHECK(why_listed({"s/a/main.tf", "s/a/README.md", "x"}, tf) == "s/a/main.tf");
    CHECK(why_listed({"s/a/README.md"}, tf) == "");
    const Paths all_but = {"s/a/**", "!s/a/*.md/**", "s/a/KEEP.md/**"};
    CHECK(why_listed({"s/a/x.md", "s/a/KEEP.md", "s/a/y"}, all_but) == "s/a/KEEP.md s/a/y");
    CHECK(why_listed({"modules/net/main.tf"}, tf, {"modules/net"}) == "modules/net/main.tf");
    CHECK(why_listed({"modules/net/main.tf"}, {"!modules/**"}, {"modules/net"}) == "");
}
