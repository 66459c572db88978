// Checking policies without judging anything, and running their own tests.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "policies/engine/library.hpp"
#include "tests/support/policies.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

struct Folder {
    fs::path path;
    Folder() {
        char name[] = "/tmp/slipway-policies-XXXXXX";
        REQUIRE(mkdtemp(name));
        path = name;
    }
    ~Folder() { fs::remove_all(path); }
    void write(const std::string& file, const std::string& text) const {
        fs::create_directories((path / file).parent_path());
        std::ofstream(path / file) << text;
    }
};

TEST_CASE(
    "T50: check names every fault of every policy by file, line and column, the library's once") {
    PolicyBench bench;
    PolicySet set;
    set.policies = {
        a_policy("fine", PolicyKind::plan, "package slipway\ndeny[\"x\"] { input.x }\n"),
        a_policy("unsafe", PolicyKind::plan,
                 "package slipway\nimport rego.v1\ndeny contains x if y == 1\n"),
        a_policy("elsewhere", PolicyKind::push, "package elsewhere\ntrack := true\n")};
    auto findings = run_task(bench.io, bench.policies->check(set));
    REQUIRE(findings.size() == 2);
    CHECK(findings[0].place == Place{"policies/plan/unsafe.rego", 3, 15});
    CHECK(findings[0].message.starts_with("var x is unsafe"));
    CHECK(findings[1].place == Place{"policies/push/elsewhere.rego", 1, 1});
    CHECK(findings[1].severity == Finding::Severity::error);
    CHECK(findings[1].policy == "elsewhere");

    set.policies.resize(1);
    set.policies.push_back(
        a_policy("fine-too", PolicyKind::plan, "package slipway\nwarn[\"x\"] { input.x }\n"));
    set.library["policies/lib/broken.rego"] = "package lib.broken\n\nx := y\nz := }\n";
    findings = run_task(bench.io, bench.policies->check(set));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].place.file == "policies/lib/broken.rego");
    CHECK(findings[0].place.line == 4);
}

TEST_CASE("every ready-made policy compiles, whatever its kind") {
    PolicyBench bench;
    PolicySet set;
    for (const auto& [path, text] : policy_library()) {
        const auto slash = path.find('/');
        const auto kind = parse_word<PolicyKind>(path.substr(0, slash));
        REQUIRE(kind);
        set.policies.push_back(
            a_policy(std::string(path.substr(slash + 1)), *kind, std::string(text)));
    }
    CHECK(set.policies.size() >= 7);
    for (const auto& finding : run_task(bench.io, bench.policies->check(set)))
        FAIL_CHECK(finding.place.file << ":" << finding.place.line << ": " << finding.message);
}

TEST_CASE("the library's README lists every ready-made policy") {
    std::ifstream in(SLIPWAY_SOURCE_DIR "/policies/library/README.md");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const auto& entry : policy_library()) {
        const std::string path(entry.path);
        CAPTURE(path);
        CHECK(text.find("(" + path + ")") != text.npos);
    }
}

TEST_CASE("the ready-made policies pass their own tests") {
    PolicyBench bench;
    const std::string directory = SLIPWAY_SOURCE_DIR "/policies/library";
    const auto result = run_task(bench.io, bench.policies->test(directory, true));
    CHECK(result.failed == 0);
    CHECK(result.passed >= 30);
    INFO(result.text);
    CHECK(result.text.ends_with(std::to_string(result.passed) + " passed, 0 failed\n"));
    CHECK(result.coverage["files"].members().size() >= 6);
}

TEST_CASE("a failing policy test is named with file and line, and the last line counts") {
    Folder folder;
    folder.write("plan/x.rego",
                 "package slipway\nimport rego.v1\ndeny contains \"no\" if input.bad\n");
    folder.write("plan/x_test.rego", R"(package slipway_test
import rego.v1
import data.slipway

test_bad if slipway.deny == {"no"} with input as {"bad": true}

test_wrong if {
	print("looking")
	slipway.deny == {"yes"} with input as {"bad": true}
}
)");
    folder.write("plan/broken_test.rego", "package slipway_test\n\ntest_x if {\n");
    folder.write(".hidden/y_test.rego", "package hidden\n\ntest_y if false\n");
    PolicyBench bench;
    const auto at = folder.path.string();
    const auto result = run_task(bench.io, bench.policies->test(at, false));
    CHECK(result.passed == 1);
    CHECK(result.failed == 2);
    CHECK(result.text ==
          at + "/plan/broken_test.rego:4: unexpected eof token\n" + at +
              "/plan/x_test.rego:9: test_wrong failed: this is not true: slipway.deny == "
              "{\"yes\"} with input as {\"bad\": true}\nlooking\n1 passed, 2 failed\n");
    CHECK(result.coverage.is_null());
}

TEST_CASE("a directory that is not there is a failure in words") {
    PolicyBench bench;
    CHECK_THROWS_AS(run_task(bench.io, bench.policies->test("/nowhere/at/all", false)), Failure);
}

}  // namespace
}  // namespace slipway
