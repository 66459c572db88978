// What stacks use, read from real repositories by the real slipway-hcl; and whom a change then
// concerns.
#include <doctest/doctest.h>

#include "service/catalog/uses.hpp"

#include <algorithm>
#include <thread>

#include "service/catalog/detail/uses_protocol.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

struct Reading {
    TempDir dir;
    GitRepo repo{dir.path()};
    asio::io_context io;
    Pool pool{2};
    std::unique_ptr<UsesReader> reader = std::make_unique<UsesReader>(io.get_executor(), pool);

    explicit Reading(const Files& files) { repo.commit(files); }

    std::vector<DirectoryFacts> read(std::vector<std::string> directories) {
        return run_task(
            io, reader->read(open_repository(repo.path()), repo.tree(), std::move(directories)));
    }
    DirectoryFacts read(const std::string& directory) {
        return read(std::vector<std::string>{directory}).front();
    }
};

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("modules are followed transitively, in circles too, with the paths that each names") {
    Reading reading({
        {"stacks/a/main.tf",
         "module \"vpc\" { source = \"../../modules/vpc\" }\nlocals { x = "
         "file(\"../../shared/x.yaml\") }\n"},
        {"modules/vpc/main.tf",
         "module \"dns\" { source = \"../dns\" }\nresource \"r\" \"vpc\" {}\n"
         "locals {\n t = templatefile(\"${path.module}/../../templates/t.tpl\", {})\n c = "
         "file(\"extra/y.json\")\n}\n"},
        {"modules/dns/main.tf.json",
         "{\"module\": {\"again\": {\"source\": \"../vpc\"}},\n \"resource\": {\"r\": {\"dns\": "
         "{}}}}"},
        {"templates/t.tpl", "plain"},
        {"stacks/b/main.tf", "module \"far\" { source = \"hashicorp/consul/aws\" }\n"},
    });
    auto facts = reading.read({"stacks/a", "stacks/b", "stacks/none", "./stacks//b/"});
    REQUIRE(facts.size() == 4);
    CAPTURE(facts[0].why_unknown);
    CHECK_FALSE(facts[0].uses.unknown);
    // A path without path.module is relative to where the tool runs: extra/y.json of the stack, not
    // of the module.
    CHECK(facts[0].uses.paths ==
          Paths{"modules/dns", "modules/vpc", "shared/x.yaml", "templates/t.tpl"});
    for (int i : {1, 2, 3}) {
        CHECK(facts[i].uses.paths.empty());
        CHECK_FALSE(facts[i].uses.unknown);
    }
    std::vector<std::string> declared;
    for (const auto& [address, place] : facts[0].declarations.resources)
        declared.push_back(address + " " + place.file + ":" + std::to_string(place.line));
    CHECK(declared ==
          std::vector<std::string>{"module.vpc.r.vpc modules/vpc/main.tf:2",
                                   "module.vpc.module.dns.r.dns modules/dns/main.tf.json:2"});
}

TEST_CASE("what cannot be known is unknown, with the reason") {
    struct Case {
        std::string what;
        Files files;
        std::string why;
    };
    const Case cases[] = {
        {"a variable",
         {{"s/main.tf", "locals { a = file(var.x) }"}},
         "s/main.tf:1: the path that file reads cannot be followed"},
        {"in a module",
         {{"s/main.tf", "module \"m\" { source = \"../m\" }"},
          {"m/x.tf", "locals { a = file(var.x) }"}},
         "m/x.tf:1: the path that file reads cannot be followed"},
        {"outside",
         {{"s/main.tf", "module \"m\" { source = \"../../m\" }"}},
         "module m of s lies outside the repository"},
        {"a file outside",
         {{"s/main.tf", "locals { a = file(\"../../x\") }"}},
         "../../x of s lies outside the repository"},
        {"the whole",
         {{"s/main.tf", "module \"m\" { source = \"..\" }"}},
         "the whole repository is used"},
        {"a template that reads",
         {{"s/main.tf", "locals { a = templatefile(\"t.tpl\", {}) }"},
          {"s/t.tpl", "${file (\"../x\")}"}},
         "the template s/t.tpl reads files itself"},
        {"a syntax error",
         {{"s/main.tf", "resource {"}},
         "s/main.tf:1,10-11: Unclosed configuration block"},
        {"no text",
         {{"s/main.tf", std::string("a = \"\xff\xfe\"")}},
         "s/main.tf is too large, or no text"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        Reading reading(c.files);
        auto facts = reading.read("s");
        CAPTURE(facts.why_unknown);
        CHECK(facts.uses.unknown);
        CHECK(facts.why_unknown.starts_with(c.why));
    }
}

TEST_CASE("symbolic links are part of what a stack uses, and their text is read") {
    Reading reading({{"shared/providers.tf", "locals { a = file(\"../more/x\") }"},
                     {"s/main.tf", ""},
                     {"assets/deep/f", "f"}});
    fs::create_symlink("../shared/providers.tf", reading.repo.path() / "s/providers.tf");
    fs::create_directories(reading.repo.path() / "s/files");
    fs::create_symlink("../../assets", reading.repo.path() / "s/files/assets");
    fs::create_symlink("../../hop", reading.repo.path() / "assets/deep/hop");
    write_file(reading.repo.path() / "hop", "h");
    reading.repo.commit_all();
    auto facts = reading.read("s");
    CAPTURE(facts.why_unknown);
    CHECK_FALSE(facts.uses.unknown);
    CHECK(facts.uses.paths == Paths{"assets", "hop", "more/x", "shared/providers.tf"});

    reading.repo.commit({{"shared/providers.tf", "locals { a = file(\"../other/x\") }"}});
    CHECK(reading.read("s").uses.paths == Paths{"assets", "hop", "other/x", "shared/providers.tf"});
}

TEST_CASE("required versions are told for each tool") {
    Reading reading({{"s/versions.tf", "terraform { required_version = \"~> 1.11\" }"},
                     {"s/versions.tofu", "terraform { required_version = \"~> 1.10\" }"}});
    auto facts = reading.read("s");
    CHECK(facts.required_version(ToolKind::terraform) == "~> 1.11");
    CHECK(facts.required_version(ToolKind::opentofu) == "~> 1.10");
}

TEST_CASE("providers are told of the directory and of its local modules") {
    Reading reading(
        {{"s/main.tf", "module \"m\" { source = \"../m\" }\nresource \"null_resource\" \"a\" {}\n"},
         {"m/main.tf",
          "terraform {\n required_providers {\n  x = { source = \"acme/x\" }\n }\n}\n"}});
    CHECK(reading.read("s").providers == std::vector<std::string>{"acme/x", "hashicorp/null"});
}

TEST_CASE("a stack at the root of the repository is read as any other") {
    Reading reading({{"main.tf", "module \"m\" { source = \"./m\" }\nresource \"a\" \"b\" {}\n"},
                     {"m/x.tf", "resource \"c\" \"d\" {}"}});
    auto facts = reading.read(".");
    CHECK_FALSE(facts.uses.unknown);
    CHECK(facts.uses.paths.empty());
    REQUIRE(facts.declarations.resources.size() == 2);
    CHECK(facts.declarations.resources[1].second.file == "m/x.tf");
}

TEST_CASE("a directory that breaks the reader is unknown, and the others are read all the same") {
    Files files{{"bad/main.tf", "a = " + std::string(300'000, '(')},
                {"big/main.tf", std::string(5u << 20, '#')}};
    for (int i = 0; i < 50; ++i)
        files["s" + std::to_string(i) + "/main.tf"] =
            "locals { a = file(\"../x" + std::to_string(i) + "\") }";
    Reading reading(files);
    std::vector<std::string> all{"bad", "big"};
    for (int i = 0; i < 50; ++i) all.push_back("s" + std::to_string(i));
    auto facts = reading.read(all);
    CHECK(facts[0].uses.unknown);
    CHECK(facts[1].uses.unknown);
    for (int i = 0; i < 50; ++i) CHECK(facts[2 + i].uses.paths == Paths{"x" + std::to_string(i)});
}

TEST_CASE("modules that double at every level end in unknown, not in an endless walk") {
    Files files;
    for (int level = 0; level < 20; ++level) {
        std::string next = "../m" + std::to_string(level + 1);
        files["m" + std::to_string(level) + "/main.tf"] = "module \"a\" {\n source = \"" + next +
                                                          "\"\n}\nmodule \"b\" {\n source = \"" +
                                                          next + "\"\n}\n";
    }
    Reading reading(files);
    auto facts = reading.read("m0");
    CHECK(facts.uses.unknown);
    CHECK(facts.why_unknown == "modules call modules too often to follow");
}

TEST_CASE("many who ask at once are all answered") {
    Files files;
    for (int i = 0; i < 8; ++i)
        files["s" + std::to_string(i) + "/main.tf"] =
            "locals { a = file(\"../x" + std::to_string(i) + "\") }";
    Reading reading(files);
    auto repository = open_repository(reading.repo.path());
    int ended = 0;
    auto one = [&](int i) -> Task<void> {
        std::vector<std::string> directories{"s" + std::to_string(i)};
        auto facts = co_await reading.reader->read(repository, reading.repo.tree(), directories);
        CHECK(facts[0].uses.paths == Paths{"x" + std::to_string(i)});
        ++ended;
    };
    for (int i = 0; i < 8; ++i) spawn(reading.io.get_executor(), one(i));
    auto until_all_ended = [&]() -> Task<void> {
        while (ended < 8) co_await sleep_for(std::chrono::milliseconds(1));
    };
    run_task(reading.io, until_all_ended());
}

TEST_CASE(
    "T12: renames concern both sides, modules their dependants, and a deleted directory its "
    "stack") {
    Reading reading({
        {"stacks/a/main.tf", "module \"vpc\" { source = \"../../modules/vpc\" }\n"},
        {"stacks/a/moves.tf", std::string(500, '#')},
        {"stacks/b/main.tf", "resource \"x\" \"y\" {}\n"},
        {"stacks/gone/main.tf", "resource \"x\" \"z\" {}\n"},
        {"stacks/idle/main.tf", "# nothing\n"},
        {"modules/vpc/main.tf", "module \"dns\" { source = \"../dns\" }\n"},
        {"modules/dns/main.tf", "resource \"r\" \"dns\" {}\n"},
    });
    std::vector<Stack> stacks;
    for (std::string name : {"a", "b", "gone", "idle"}) {
        Stack stack;
        stack.id = StackId(name);
        stack.directory = "stacks/" + name;
        stacks.push_back(stack);
    }
    auto repository = open_repository(reading.repo.path());
    TreeId before = reading.repo.tree();
    auto concerned = [&] {
        std::vector<std::string> changed, directories, names;
        for (const auto& file : repository->changed_files(before, reading.repo.tree())) {
            changed.push_back(file.path);
            if (!file.previous_path.empty()) changed.push_back(file.previous_path);
        }
        for (const auto& stack : stacks) directories.push_back(stack.directory);
        auto facts = reading.read(directories);
        std::vector<StackWithUses> with_uses;
        for (std::size_t i = 0; i < stacks.size(); ++i)
            with_uses.push_back({&stacks[i], &facts[i].uses});
        for (const auto& concern : stacks_concerned(with_uses, changed))
            names.push_back(concern.stack->id.value);
        return names;
    };
    using Names = std::vector<std::string>;

    reading.repo.git({"mv", "stacks/a/moves.tf", "stacks/b/moved.tf"});
    reading.repo.commit_all();
    CHECK(concerned() == Names{"a", "b"});

    before = reading.repo.tree();
    reading.repo.commit({{"modules/dns/main.tf", "resource \"r\" \"changed\" {}\n"}});
    CHECK(concerned() == Names{"a"});

    before = reading.repo.tree();
    reading.repo.git({"rm", "-r", "-q", "stacks/gone"});
    reading.repo.commit_all();
    CHECK(concerned() == Names{"gone"});
    CHECK_FALSE(repository->object_at(reading.repo.tree(), "stacks/gone"));
    CHECK(repository->object_at(before, "stacks/gone"));
}

TEST_CASE("a path is joined and stays inside") {
    struct Case {
        std::string directory, relative;
        std::optional<std::string> path;
    };
    const Case cases[] = {{"a/b", "../c", "a/c"},  {"a", "..", "."},  {"a", "../..", {}},
                          {".", "./x//y/", "x/y"}, {".", "../x", {}}, {"a", "/etc", {}},
                          {"a", "", "a"}};
    for (const auto& c : cases) {
        CAPTURE(c.directory + " " + c.relative);
        CHECK(catalog::path_from(c.directory, c.relative) == c.path);
    }
}

}  // namespace slipway
