// What is written below a directory, and what never is.
#include <sys/stat.h>

#include <doctest/doctest.h>

#include "service/git/mirror.hpp"
#include "tests/support/git_fixture.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> below(const fs::path& directory) {
    std::vector<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(directory))
        if (!entry.is_directory() || entry.is_symlink())
            out.push_back(entry.path().lexically_relative(directory).string());
    std::sort(out.begin(), out.end());
    return out;
}

// A tree from lines of `git ls-tree`; names that git's own porcelain would refuse are welcome.
std::string raw_tree(const GitRepo& repo, const std::vector<std::array<std::string, 3>>& entries) {
    std::string bytes;
    for (const auto& [mode, name, id] : entries) {
        bytes += mode + " " + name + '\0';
        for (std::size_t i = 0; i < id.size(); i += 2)
            bytes += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
    }
    write_file(repo.path() / "raw", bytes);
    return repo.git({"hash-object", "-t", "tree", "-w", "--literally", "raw"});
}

std::string blob(const GitRepo& repo, const std::string& text) {
    write_file(repo.path() / "raw", text);
    return repo.git({"hash-object", "-w", "raw"});
}

}  // namespace

TEST_CASE("only what is named is written, with modes and links as they are") {
    TempDir dir;
    GitRepo repo(dir.path() / "work");
    write_file(repo.path() / "stacks/a/run.sh", "#!/bin/sh\n");
    fs::permissions(repo.path() / "stacks/a/run.sh", fs::perms::owner_all);
    fs::create_symlink("../../shared/providers.tf", repo.path() / "stacks/a/providers.tf");
    repo.commit({{"stacks/a/main.tf", "a"},
                 {"stacks/b/main.tf", "b"},
                 {"shared/providers.tf", "p"},
                 {"shared/other.tf", "o"},
                 {".gitattributes", "* text eol=crlf\n"},
                 {"stacks/a/two-lines.txt", "1\n2\n"}});
    auto opened = open_repository(repo.path());
    fs::path to = dir.path() / "to/here";
    opened->materialise(repo.tree(),
                        {"stacks/a", "stacks/a/main.tf", "shared/providers.tf", "absent/x"}, to);

    CHECK(below(to) == std::vector<std::string>{"shared/providers.tf", "stacks/a/main.tf",
                                                "stacks/a/providers.tf", "stacks/a/run.sh",
                                                "stacks/a/two-lines.txt"});
    CHECK(fs::is_symlink(to / "stacks/a/providers.tf"));
    CHECK(read_file(to / "stacks/a/providers.tf") == "p");
    CHECK(read_file(to / "stacks/a/two-lines.txt") == "1\n2\n");
    CHECK((fs::status(to / "stacks/a/run.sh").permissions() & fs::perms::owner_exec) !=
          fs::perms::none);
    CHECK((fs::status(to / "stacks/a/main.tf").permissions() & fs::perms::owner_exec) ==
          fs::perms::none);

    fs::path whole = dir.path() / "whole";
    opened->materialise(repo.tree(), {"stacks/a", "."}, whole);
    CHECK(below(whole).size() == 8);
}

TEST_CASE("nothing that is named being there, or a full directory, is refused with a sentence") {
    TempDir dir;
    GitRepo repo(dir.path() / "work");
    repo.commit({{"a", "1"}});
    auto opened = open_repository(repo.path());
    CHECK_THROWS_WITH_AS(opened->materialise(repo.tree(), {"stacks/gone"}, dir.path() / "to"),
                         "the tree has no stacks/gone", Failure);
    CHECK_THROWS_AS(opened->materialise(repo.tree(), {"../x"}, dir.path() / "to"), Failure);
    write_file(dir.path() / "full/file", "x");
    CHECK_THROWS_AS(opened->materialise(repo.tree(), {"a"}, dir.path() / "full"), Failure);
    CHECK(read_file(dir.path() / "full/file") == "x");
}

TEST_CASE("symbolic links that leave the tree are refused and nothing stays behind") {
    struct Case {
        std::string what;
        std::map<std::string, std::string> links;
        bool refused;
    };
    const Case cases[] = {
        {"absolute", {{"s/l", "/etc/passwd"}}, true},
        {"upwards", {{"s/l", "../../outside"}}, true},
        {"upwards out of the root", {{"l", ".."}}, true},
        {"down and far up", {{"s/l", "deep/../../../x"}}, true},
        {"inside", {{"s/l", "../a"}}, false},
        {"to the root itself", {{"s/l", ".."}}, false},
        {"dangling inside", {{"s/l", "../nowhere/at/all"}}, false},
        {"a loop", {{"s/l", "m"}, {"s/m", "l"}}, false},
        {"through a link that climbs",
         {{"d/e/f/top", "../../../t"}, {"m", "d/e/f/top/../../x"}},
         true},
        {"through a link that does not",
         {{"d/e/f/top", "../../../t"}, {"m", "d/e/f/top/../a"}},
         false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        TempDir dir;
        GitRepo repo(dir.path() / "work");
        repo.commit({{"a", "1"}, {"t/in", "t"}, {"s/main.tf", "m"}});
        for (const auto& [name, target] : c.links) {
            fs::create_directories((repo.path() / name).parent_path());
            fs::create_symlink(target, repo.path() / name);
        }
        repo.commit_all();
        auto opened = open_repository(repo.path());
        fs::path to = dir.path() / "to";
        if (c.refused) {
            CHECK_THROWS_AS(opened->materialise(repo.tree(), {"."}, to), Failure);
            CHECK(fs::is_empty(to));
        } else {
            CHECK_NOTHROW(opened->materialise(repo.tree(), {"."}, to));
        }
    }
}

TEST_CASE("names that could pass for .git, or are no names, are refused") {
    TempDir dir;
    GitRepo repo(dir.path() / "work");
    repo.commit({{"a", "1"}});
    std::string file = blob(repo, "text");
    auto opened = open_repository(repo.path());
    const std::string refused[] = {".git",
                                   ".GIT",
                                   ".Git",
                                   "git~1",
                                   "GIT~2",
                                   ".git ",
                                   ".git.",
                                   ".git...",
                                   ".git::$INDEX_ALLOCATION",
                                   "..",
                                   ".",
                                   "a/b",
                                   ".g\xe2\x80\x8cit",
                                   "x\\.git",
                                   "\xef\xbb\xbf.git"};
    int n = 0;
    for (const auto& name : refused) {
        CAPTURE(name);
        for (const auto& tree :
             {raw_tree(repo, {{"100644", name, file}}),
              raw_tree(repo, {{"40000", "s", raw_tree(repo, {{"100644", name, file}})}})}) {
            fs::path to = dir.path() / std::to_string(n++);
            CHECK_THROWS_AS(opened->materialise(TreeId(tree), {"."}, to), Failure);
            CHECK(fs::is_empty(to));
        }
    }
    for (const std::string name : {".gitignore", "git", ".github", "git~", ".gitx", "a\\b"}) {
        CAPTURE(name);
        CHECK_NOTHROW(opened->materialise(TreeId(raw_tree(repo, {{"100644", name, file}})), {"."},
                                          dir.path() / std::to_string(n++)));
    }
}

TEST_CASE("an entry that is in the tree twice, as link and as directory, writes nothing outside") {
    TempDir dir;
    GitRepo repo(dir.path() / "work");
    repo.commit({{"a", "1"}});
    std::string inner = raw_tree(repo, {{"100644", "owned", blob(repo, "x")}});
    fs::create_directories(dir.path() / "to/victim");
    std::string twice =
        raw_tree(repo, {{"120000", "d", blob(repo, "victim")}, {"40000", "d", inner}});
    CHECK_THROWS_WITH_AS(
        open_repository(repo.path())->materialise(TreeId(twice), {"."}, dir.path() / "out"),
        "d is in the tree twice; it is not taken from the repository", Failure);
}

TEST_CASE("a submodule is an empty directory on the way, and refused where it is asked for") {
    TempDir dir;
    GitRepo repo(dir.path() / "work");
    CommitSha commit = repo.commit({{"s/main.tf", "m"}});
    repo.git({"update-index", "--add", "--cacheinfo", "160000," + commit.value + ",s/sub"});
    repo.git({"commit", "-q", "-m", "A submodule"});
    auto opened = open_repository(repo.path());
    opened->materialise(repo.tree(), {"s"}, dir.path() / "one");
    CHECK(below(dir.path() / "one") == std::vector<std::string>{"s/main.tf"});
    CHECK(fs::is_empty(dir.path() / "one/s/sub"));
    for (const std::string path : {"s/sub", "s/sub/modules/vpc"}) {
        CAPTURE(path);
        CHECK_THROWS_WITH_AS(
            opened->materialise(repo.tree(), {"s/main.tf", path}, dir.path() / "two"),
            "s/sub is a git submodule, and Slipway does not fetch submodules; keep what "
            "stacks use in the repository itself",
            Failure);
    }
    CHECK(opened->files(repo.tree(), ".") == std::vector<std::string>{"s/main.tf"});
}

}  // namespace slipway
