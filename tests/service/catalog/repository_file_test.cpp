// .slipway.yaml, and what `slipway check` looks at.
#include <doctest/doctest.h>

#include "service/catalog/catalog.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_fixture.hpp"

namespace slipway {

namespace {

std::vector<std::string> texts(const std::vector<ConfigFinding>& findings) {
    std::vector<std::string> out;
    for (const auto& finding : findings) out.push_back(finding.text());
    return out;
}

Loaded read(std::string_view text, std::vector<std::string> may_set = {}) {
    return read_repository_file(text, ".slipway.yaml", {"github.com", "acme/infra"}, "trunk",
                                SpaceId("production"), may_set);
}

template <class T>
T run(Task<T> task) {
    asio::io_context io;
    return run_task(io, std::move(task));
}

}  // namespace

TEST_CASE("a repository describes its stacks, which are named after it") {
    auto loaded = read(
        "version: 1\n"
        "stacks:\n"
        "  network: {directory: stacks/network}\n"
        "  payments: {directory: stacks/payments, depends_on: {network: {outputs: {id: ID}}}, "
        "apply: {start: "
        "automatic}}\n");
    CHECK(texts(loaded.findings).empty());
    REQUIRE(loaded.organisation.stacks.size() == 2);
    const Stack& payments = loaded.organisation.stacks[1];
    CHECK(payments.id.value == "github.com/acme/infra/payments");
    CHECK(payments.depends_on == std::vector<StackId>{StackId("github.com/acme/infra/network")});
    CHECK(payments.references ==
          std::vector<OutputReference>{{StackId("github.com/acme/infra/network"), "id", "ID"}});
    CHECK(payments.branch == "trunk");
    CHECK(payments.space == SpaceId("production"));
    CHECK(payments.repository.text() == "github.com/acme/infra");
    CHECK(payments.self_described);
    CHECK(payments.apply_start == ApplyStart::automatic);
    CHECK(payments.place.line == 4);
}

TEST_CASE("C5: a repository's own file sets only what its space lists") {
    auto loaded = read(
        "version: 1\n"
        "stacks:\n"
        "  network: {directory: a, apply: {start: automatic}, tool: terraform}\n",
        {"tool", "version"});
    CHECK(texts(loaded.findings) ==
          std::vector<std::string>{
              ".slipway.yaml:3:27: `apply` may not be set by the repository: the organisation's "
              "space production lets it set directory, tool, version"});
}

TEST_CASE(
    "C5: a repository uses a tool of the workers' configuration only where its space lists it") {
    const auto read_with = [](const std::vector<std::string>& tools) {
        return read_repository_file(
            "version: 1\nstacks:\n  site: {directory: site, tool: custom/ansible}\n",
            ".slipway.yaml", {"github.com", "acme/infra"}, "trunk", SpaceId("production"), {"tool"},
            tools);
    };
    const std::vector<std::string> refused{
        ".slipway.yaml:3:33: `tool` may not be custom/ansible: the organisation's space production "
        "does not list it under `tools` of github.com/acme/infra"};
    CHECK(texts(read_with({}).findings) == refused);
    CHECK(texts(read_with({"custom/other"}).findings) == refused);
    const auto loaded = read_with({"custom/other", "custom/ansible"});
    CHECK(texts(loaded.findings).empty());
    CHECK(loaded.organisation.stacks.at(0).configured_tool == "ansible");
    CHECK(word(loaded.organisation.stacks.at(0).tool) == "custom");
}

TEST_CASE("C5: it can name neither another repository's stacks nor take their names") {
    struct Case {
        std::string stack;
        std::string finding;
    };
    const Case cases[] = {
        {"{directory: a, id: payments-prod}", ".slipway.yaml:3:25: `id` is given"},
        {"{directory: a, repository: github.com/acme/other}",
         ".slipway.yaml:3:33: `repository` is given"},
        {"{directory: a, depends_on: [payments-prod]}",
         ".slipway.yaml:3:34: there is no stack github.com/acme/infra/payments-prod"},
        {"{directory: ../other}",
         ".slipway.yaml:3:18: `directory` is a path inside the repository"},
        {"{directory: a, variables: {X: {secret: other/x}}}",
         ".slipway.yaml:3:45: `secret` is not part"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.stack);
        auto loaded = read("version: 1\nstacks:\n  s: " + c.stack + "\n");
        for (const auto& stack : loaded.organisation.stacks) {
            CHECK(stack.id.value == "github.com/acme/infra/s");
            CHECK(stack.repository.text() == "github.com/acme/infra");
        }
        REQUIRE_FALSE(loaded.findings.empty());
        CAPTURE(loaded.findings.front().text());
        CHECK(loaded.findings.front().text().starts_with(c.finding));
    }
}

TEST_CASE("what is no such file is told") {
    struct Case {
        std::string text;
        std::string finding;
    };
    const Case cases[] = {
        {"stacks: {}", ".slipway.yaml:1:1: the file needs `version`"},
        {"", ".slipway.yaml:1:1: the file needs `stacks`"},
        {"version: 2\nstacks: {}\n", ".slipway.yaml:1:10: `version` is a whole number from 1 to 1"},
        {"version: 1\n", ".slipway.yaml:1:1: the file needs `stacks`"},
        {"version: 1\nstacks: [a]\n", ".slipway.yaml:2:9: `stacks` is a map"},
        {"version: 1\nstacks: {a: {directory: x}}\nprojects: []\n",
         ".slipway.yaml:3:1: the file has no key `projects`"},
        {"version: 1\nstacks: {a b: {directory: x}}\n",
         ".slipway.yaml:2:10: the name of a stack is made of"},
        {"version: 1\nstacks: {a: x}\n", ".slipway.yaml:2:13: the stack a is a map, not a text"},
        {"a: [", ".slipway.yaml:"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        auto found = texts(read(c.text).findings);
        REQUIRE_FALSE(found.empty());
        CAPTURE(found.front());
        CHECK(found.front().starts_with(c.finding));
    }
}

TEST_CASE(
    "check looks at a repository's file with its directories, at a tree, or says what is missing") {
    TempDir dir;
    write_tree(
        dir.path() / "repo",
        {{".slipway.yaml", "version: 1\nstacks:\n  a: {directory: here}\n  b: {directory: gone}\n"},
         {"here/main.tf", ""}});
    CHECK(texts(check_directory(dir.path() / "repo").findings) ==
          std::vector<std::string>{".slipway.yaml:4:18: the repository has no directory gone"});
    write_tree(dir.path() / "org", {{"space.yaml", "nam: x\n"}});
    CHECK(
        texts(check_directory(dir.path() / "org").findings) ==
        std::vector<std::string>{"space.yaml:1:1: a space has no key `nam`; did you mean `name`?"});
    write_tree(dir.path() / "other", {{"README.md", ""}});
    CHECK(texts(check_directory(dir.path() / "other").findings)
              .front()
              .find("is neither an organisation tree") != std::string::npos);
    CHECK(texts(check_directory(dir.path() / "absent").findings)
              .front()
              .ends_with("there is no such directory"));
}

TEST_CASE(
    "the catalogue loads again what changed, and a broken tree leaves the last good one in force") {
    TempDir dir;
    auto org = dir.path() / "org";
    write_tree(org, {{"stacks/a.yaml", "repository: local/infra\ndirectory: a\n"}});
    Catalog catalog(org);
    CHECK(catalog.current()->stacks.size() == 1);
    CHECK(catalog.findings().empty());
    CHECK_FALSE(run(catalog.poll()));

    write_tree(org, {{"stacks/b.yaml", "repository: local/infra\ndirectry: b\n"}});
    CHECK(run(catalog.poll()));
    CHECK(catalog.findings().size() == 2);
    CHECK(catalog.current()->stacks.size() == 1);
    CHECK_FALSE(run(catalog.poll()));

    auto before = catalog.current();
    write_tree(org, {{"stacks/b.yaml", "repository: local/infra\ndirectory: b\n"}});
    CHECK(run(catalog.poll()));
    CHECK(catalog.findings().empty());
    CHECK(catalog.current()->stacks.size() == 2);
    CHECK(before->stacks.size() == 1);
    CHECK(before->digest != catalog.current()->digest);

    std::filesystem::remove(org / "stacks/a.yaml");
    CHECK(run(catalog.poll()));
    CHECK(catalog.current()->stacks.size() == 1);

    Catalog none(std::nullopt);
    CHECK(none.current()->stacks.empty());
    CHECK_FALSE(run(none.poll()));
}

TEST_CASE(
    "a tree that only its judge objects to is not taken into force, and judged until it is found "
    "good") {
    TempDir dir;
    auto org = dir.path() / "org";
    write_tree(org, {{"stacks/a.yaml", "repository: local/infra\ndirectory: a\n"}});
    Catalog catalog(org);
    std::vector<ConfigFinding> faults;
    int asked = 0;
    Catalog::Judge judge = [&](auto) -> Task<std::vector<ConfigFinding>> {
        ++asked;
        co_return faults;
    };
    CHECK_FALSE(run(catalog.poll(judge)));
    CHECK_FALSE(run(catalog.poll(judge)));
    CHECK(asked == 1);

    faults = {{{"policies/plan/p.rego", 3, 1}, "unexpected eof token"}};
    write_tree(org, {{"stacks/b.yaml", "repository: local/infra\ndirectory: b\n"}});
    CHECK(run(catalog.poll(judge)));
    CHECK(texts(catalog.findings()) ==
          std::vector<std::string>{"policies/plan/p.rego:3:1: unexpected eof token"});
    CHECK(catalog.current()->stacks.size() == 1);
    CHECK_FALSE(catalog.newest_in_force());
    CHECK_FALSE(run(catalog.poll(judge)));
    CHECK(asked == 3);

    faults.clear();
    CHECK(run(catalog.poll(judge)));
    CHECK(catalog.current()->stacks.size() == 2);
    CHECK_FALSE(run(catalog.poll(judge)));
    CHECK(asked == 4);
}

TEST_CASE(
    "where there is no good tree the newest that can be read is in force, until there is one") {
    TempDir dir;
    auto org = dir.path() / "org";
    write_tree(org, {{"stacks/a.yaml", "repository: local/infra\ndirectory: a\n"}});
    Catalog catalog(org);
    std::vector<ConfigFinding> faults{{{"policies/plan/a.rego", 1, 1}, "broken"},
                                      {{"policies/plan/b.rego", 1, 1}, "broken"}};
    Catalog::Judge judge = [&](auto) -> Task<std::vector<ConfigFinding>> { co_return faults; };
    CHECK(run(catalog.poll(judge)));
    CHECK(catalog.newest_in_force());
    CHECK(catalog.findings().size() == 2);

    faults.pop_back();
    write_tree(org, {{"stacks/b.yaml", "repository: local/infra\ndirectory: b\n"}});
    CHECK(run(catalog.poll(judge)));
    CHECK(catalog.current()->stacks.size() == 2);
    write_tree(org, {{"stacks/c.yaml", "repository: local/infra\ndirectry: c\n"}});
    CHECK(run(catalog.poll(judge)));
    CHECK(catalog.current()->stacks.size() == 2);
    CHECK_FALSE(catalog.newest_in_force());
}

TEST_CASE("a judge that cannot answer is asked again") {
    TempDir dir;
    auto org = dir.path() / "org";
    write_tree(org, {{"stacks/a.yaml", "repository: local/infra\ndirectory: a\n"}});
    Catalog catalog(org);
    bool away = true;
    Catalog::Judge judge = [&](auto) -> Task<std::vector<ConfigFinding>> {
        if (away) throw Failure("away");
        co_return std::vector<ConfigFinding>{{{"p.rego", 1, 1}, "broken"}};
    };
    CHECK_THROWS_AS(run(catalog.poll(judge)), Failure);
    away = false;
    CHECK(run(catalog.poll(judge)));
    CHECK(catalog.findings().size() == 1);
}

}  // namespace slipway
