// Reading real repositories: history, differences, merges, files.
#include <doctest/doctest.h>

#include "service/git/mirror.hpp"

#include <algorithm>

#include "tests/support/git_fixture.hpp"

namespace slipway {

namespace {

std::vector<std::string> sides(const std::vector<ChangedFile>& changes) {
    std::vector<std::string> out;
    for (const auto& change : changes) {
        out.push_back(change.path);
        if (!change.previous_path.empty()) out.push_back(change.previous_path);
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

TEST_CASE("commits, branches, parents and trees are read as git knows them") {
    TempDir dir;
    GitRepo repo(dir.path() / "work");
    CommitSha first = repo.commit({{"a/main.tf", "one"}}, "The first\n\nwith more");
    CommitSha second = repo.commit({{"a/main.tf", "two"}, {"b/main.tf", "b"}});
    repo.git({"update-ref", "refs/pull/7/head", first.value});
    auto opened = open_repository(repo.path());

    CHECK(opened->has_commit(first));
    CHECK_FALSE(opened->has_commit(CommitSha(std::string(40, '1'))));
    CHECK(opened->branch_tip("main") == second);
    CHECK(opened->branch_tip("refs/pull/7/head") == first);
    CHECK_FALSE(opened->branch_tip("absent"));
    CHECK_FALSE(opened->branch_tip("no..name"));
    CHECK(opened->parents(second) == std::vector<CommitSha>{first});
    CHECK(opened->parents(first).empty());
    CHECK(opened->tree_of(second) == repo.tree());
    CHECK(opened->is_ancestor(first, second));
    CHECK(opened->is_ancestor(first, first));
    CHECK_FALSE(opened->is_ancestor(second, first));
    CHECK(opened->merge_base(second, first) == first);
    auto info = opened->info(first);
    CHECK(info.message == "The first");
    CHECK(info.author == "Ada");
    CHECK(info.time == 1'700'000'000);
}

TEST_CASE("commits without a common ancestor have no merge base") {
    TempDir dir;
    GitRepo repo(dir.path());
    CommitSha main = repo.commit({{"a", "1"}});
    repo.git({"checkout", "-q", "--orphan", "other"});
    CommitSha other = repo.commit({{"b", "1"}});
    auto opened = open_repository(repo.path());
    CHECK_FALSE(opened->merge_base(main, other));
    CHECK_FALSE(opened->is_ancestor(main, other));
}

TEST_CASE("a name that is not an object id is refused with a sentence") {
    TempDir dir;
    GitRepo repo(dir.path());
    repo.commit({{"a", "1"}});
    auto opened = open_repository(repo.path());
    for (std::string name :
         {"", "HEAD", "--upload-pack=x", "ABCDEF0123456789ABCDEF0123456789ABCDEF01"}) {
        CAPTURE(name);
        CHECK_THROWS_WITH_AS(opened->has_commit(CommitSha(name)),
                             ("\"" + name + "\" is not a git object id").c_str(), Failure);
    }
}

TEST_CASE("T12: both sides of a rename across directories count as changed") {
    TempDir dir;
    GitRepo repo(dir.path());
    std::string text(2000, 'x');
    repo.commit(
        {{"stacks/a/main.tf", text + "1"}, {"stacks/a/keep.tf", "k"}, {"gone/x.tf", "gone"}});
    TreeId before = repo.tree();
    repo.git({"mv", "stacks/a/main.tf", "stacks/b.tf"});
    repo.git({"rm", "-q", "gone/x.tf"});
    write_file(repo.path() / "stacks/b.tf", text + "2");  // similar, not equal
    repo.commit({{"new.tf", "n"}, {"stacks/a/keep.tf", "changed"}});
    auto changes = open_repository(repo.path())->changed_files(before, repo.tree());

    CHECK(sides(changes) == std::vector<std::string>{"gone/x.tf", "new.tf", "stacks/a/keep.tf",
                                                     "stacks/a/main.tf", "stacks/b.tf"});
    auto renamed = std::find_if(changes.begin(), changes.end(), [](const ChangedFile& change) {
        return change.how == ChangedFile::How::renamed;
    });
    REQUIRE(renamed != changes.end());
    CHECK(renamed->path == "stacks/b.tf");
    CHECK(renamed->previous_path == "stacks/a/main.tf");
}

TEST_CASE("a changed mode, a link in a file's place and more than 3000 files are all changes") {
    TempDir dir;
    GitRepo repo(dir.path());
    std::map<std::string, std::string> many;
    for (int i = 0; i < 3100; ++i) many["many/" + std::to_string(i) + ".tf"] = std::to_string(i);
    many["run.sh"] = "#!/bin/sh\n";
    many["target"] = "t";
    repo.commit(many);
    TreeId before = repo.tree();
    for (auto& [name, text] : many)
        if (name.starts_with("many/")) text += " changed";
    repo.git({"update-index", "--chmod=+x", "run.sh"});
    std::filesystem::permissions(repo.path() / "run.sh", std::filesystem::perms::owner_all);
    std::filesystem::remove(repo.path() / "target");
    std::filesystem::create_symlink("run.sh", repo.path() / "target");
    many.erase("run.sh");
    many.erase("target");
    repo.commit(many);
    auto changed = sides(open_repository(repo.path())->changed_files(before, repo.tree()));
    CHECK(changed.size() == 3102);
    CHECK(std::binary_search(changed.begin(), changed.end(), "run.sh"));
    CHECK(std::binary_search(changed.begin(), changed.end(), "target"));
}

TEST_CASE("a merge is made in memory as git makes it, and its tree can be read") {
    TempDir dir;
    GitRepo repo(dir.path());
    repo.commit({{"a.tf", "1\n2\n3\n4\n5\n"}, {"dir/b.tf", "b"}});
    repo.git({"checkout", "-q", "-b", "topic"});
    CommitSha head = repo.commit({{"a.tf", "1\n2\n3\n4\nfive\n"}, {"new/c.tf", "c"}});
    repo.git({"checkout", "-q", "main"});
    CommitSha base = repo.commit({{"a.tf", "one\n2\n3\n4\n5\n"}, {"dir/b.tf", "changed"}});
    auto opened = open_repository(repo.path());
    MergeResult merged = opened->merge(base, head);
    repo.git({"merge", "-q", "--no-edit", "topic"});

    REQUIRE(merged.tree);
    CHECK(merged.conflicts.empty());
    CHECK(*merged.tree == repo.tree());
    CHECK(opened->file(*merged.tree, "a.tf") == "one\n2\n3\n4\nfive\n");
    CHECK(opened->merge(base, base).tree == opened->tree_of(base));
}

TEST_CASE("T14: a conflict names every path that is in the way and gives no tree") {
    TempDir dir;
    GitRepo repo(dir.path());
    repo.commit({{"both.tf", "1"}, {"z/removed.tf", "r"}, {"fine.tf", "f"}});
    repo.git({"checkout", "-q", "-b", "topic"});
    CommitSha head = repo.commit({{"both.tf", "topic"}, {"z/removed.tf", "changed"}});
    repo.git({"checkout", "-q", "main"});
    repo.git({"rm", "-q", "z/removed.tf"});
    CommitSha base = repo.commit({{"both.tf", "main"}, {"fine.tf", "g"}});
    MergeResult merged = open_repository(repo.path())->merge(base, head);
    CHECK_FALSE(merged.tree);
    CHECK(merged.conflicts == std::vector<std::string>{"both.tf", "z/removed.tf"});
}

TEST_CASE("merges decide as git does, simple or not") {
    using Files = std::map<std::string, std::string>;
    struct Case {
        std::string what;
        Files base, ours, theirs;  // an empty text takes the file away
    };
    const std::string text(900, 'x');
    const Case cases[] = {
        {"other files of one directory",
         {{"d/a", "1"}, {"d/b", "1"}},
         {{"d/a", "2"}},
         {{"d/b", "2"}}},
        {"a directory new on both sides", {{"a", "1"}}, {{"n/x", "1"}}, {{"n/y", "2"}}},
        {"the same change on both",
         {{"a", "1"}, {"d/b", "1"}},
         {{"a", "2"}, {"d/b", "2"}},
         {{"a", "2"}, {"d/b", "2"}}},
        {"taken away on one",
         {{"d/a", "1"}, {"d/b", "1"}, {"e", "1"}},
         {{"d/a", ""}},
         {{"e", "2"}}},
        {"a directory emptied by both",
         {{"d/a", "1"}, {"d/b", "1"}, {"e", "1"}},
         {{"d/a", ""}},
         {{"d/b", ""}}},
        {"moved here, changed there",
         {{"a", text + "1"}},
         {{"a", ""}, {"b/c", text + "1"}},
         {{"a", text + "2"}}},
        {"lines of one file",
         {{"a", "1\n2\n3\n4\n5\n"}},
         {{"a", "one\n2\n3\n4\n5\n"}},
         {{"a", "1\n2\n3\n4\nfive\n"}}},
        {"a file becomes a directory",
         {{"a", "1"}, {"z", "1"}},
         {{"a", ""}, {"a/b", "1"}},
         {{"z", "2"}}},
        {"moved to two places",
         {{"a", text}, {"z", "1"}},
         {{"a", ""}, {"b", text}},
         {{"a", ""}, {"c", text}}},
        {"changed and taken away", {{"a", "1"}, {"z", "1"}}, {{"a", ""}}, {{"a", "2"}}},
        {"added differently", {{"z", "1"}}, {{"n", "1"}}, {{"n", "2"}}},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        TempDir dir;
        GitRepo repo(dir.path());
        auto commit = [&](Files files) {
            for (auto it = files.begin(); it != files.end();) {
                if (it->second.empty()) std::filesystem::remove(repo.path() / it->first);
                it = it->second.empty() ? files.erase(it) : std::next(it);
            }
            return repo.commit(files);
        };
        commit(c.base);
        repo.git({"checkout", "-q", "-b", "topic"});
        CommitSha head = commit(c.theirs);
        repo.git({"checkout", "-q", "main"});
        CommitSha base = commit(c.ours);
        MergeResult merged = open_repository(repo.path())->merge(base, head);
        bool clean = true;
        try {
            repo.git({"-c", "merge.directoryRenames=false", "merge", "-q", "--no-edit", "topic"});
        } catch (const std::runtime_error&) {
            clean = false;
        }
        CHECK(merged.tree.has_value() == clean);
        CHECK(merged.conflicts.empty() == clean);
        if (merged.tree && clean) CHECK(*merged.tree == repo.tree());
    }
}

TEST_CASE("files, links and directories are told apart") {
    TempDir dir;
    GitRepo repo(dir.path());
    write_file(repo.path() / "s/main.tf", "text");
    write_file(repo.path() / "s/deep/er/x.tf", "x");
    std::filesystem::create_symlink("../top.tf", repo.path() / "s/link.tf");
    repo.commit({{"top.tf", "top"}, {"big.bin", std::string(5000, 'b')}});
    auto opened = open_repository(repo.path());
    TreeId tree = repo.tree();

    CHECK(opened->file(tree, "s/main.tf") == "text");
    CHECK(opened->file(tree, "./s//main.tf") == "text");
    CHECK_FALSE(opened->file(tree, "s"));
    CHECK_FALSE(opened->file(tree, "s/link.tf"));
    CHECK_FALSE(opened->file(tree, "s/absent.tf"));
    CHECK_FALSE(opened->file(tree, "big.bin", 4999));
    CHECK(opened->file(tree, "big.bin", 5000)->size() == 5000);
    CHECK(opened->link(tree, "s/link.tf") == "../top.tf");
    CHECK_FALSE(opened->link(tree, "s/main.tf"));
    CHECK_THROWS_AS(opened->file(tree, "../etc/passwd"), Failure);
    CHECK_THROWS_AS(opened->file(tree, "/etc/passwd"), Failure);

    std::vector<std::pair<std::string, TreeEntry::Kind>> listed;
    for (const auto& entry : opened->list(tree, "s")) listed.emplace_back(entry.name, entry.kind);
    CHECK(listed ==
          std::vector<std::pair<std::string, TreeEntry::Kind>>{{"deep", TreeEntry::Kind::directory},
                                                               {"link.tf", TreeEntry::Kind::link},
                                                               {"main.tf", TreeEntry::Kind::file}});
    CHECK(opened->list(tree, "absent").empty());
    CHECK(opened->files(tree, "s") ==
          std::vector<std::string>{"s/deep/er/x.tf", "s/link.tf", "s/main.tf"});
    CHECK(opened->files(tree, ".").size() == 5);
    CHECK(opened->object_at(tree, ".") == tree.value);
    CHECK(opened->object_at(tree, "s/deep") == repo.git({"rev-parse", "HEAD:s/deep"}));
    CHECK_FALSE(opened->object_at(tree, "s/none"));
}

TEST_CASE("a working copy is read from a directory inside it, a bare repository from its own") {
    TempDir dir;
    GitRepo repo(dir.path() / "work");
    CommitSha tip = repo.commit({{"stacks/a/main.tf", "a"}});
    CHECK(open_repository(repo.path() / "stacks/a")->branch_tip("main") == tip);
    GitRepo bare(dir.path() / "bare.git", true);
    repo.git({"push", "-q", bare.path().string(), "main"});
    CHECK(open_repository(bare.path())->branch_tip("main") == tip);
    CHECK_THROWS_AS(open_repository(dir.path() / "absent"), Failure);
}

TEST_CASE("a reader sees what was pushed and repacked after it was opened") {
    TempDir dir;
    GitRepo repo(dir.path());
    repo.commit({{"a", "1"}});
    auto opened = open_repository(repo.path());
    for (int i = 0; i < 5; ++i) {
        CommitSha next = repo.commit({{"a", "round " + std::to_string(i)}});
        repo.git({"repack", "-a", "-d", "-q"});
        repo.git({"prune-packed", "-q"});
        CHECK(opened->branch_tip("main") == next);
        CHECK(opened->file(opened->tree_of(next), "a") == "round " + std::to_string(i));
    }
}

TEST_CASE("a snapshot holds the working copy as it is and changes nothing of it") {
    TempDir dir;
    GitRepo repo(dir.path());
    CommitSha tip = repo.commit({{"a.tf", "a"}, {"gone.tf", "g"}, {".gitignore", "*.secret\n"}});
    write_file(repo.path() / "a.tf", "changed");
    write_file(repo.path() / "new/b.tf", "new");
    write_file(repo.path() / "token.secret", "hidden");
    std::filesystem::remove(repo.path() / "gone.tf");
    std::string status = repo.git({"status", "--porcelain"});
    std::string index = read_file(repo.path() / ".git/index");

    CommitSha snapshot = snapshot_working_copy(repo.path());
    auto opened = open_repository(repo.path());
    TreeId tree = opened->tree_of(snapshot);
    CHECK(opened->parents(snapshot) == std::vector<CommitSha>{tip});
    CHECK(opened->files(tree, ".") == std::vector<std::string>{".gitignore", "a.tf", "new/b.tf"});
    CHECK(opened->file(tree, "a.tf") == "changed");
    CHECK(snapshot_working_copy(repo.path()) == snapshot);
    CHECK(read_file(repo.path() / ".git/index") == index);
    CHECK(repo.git({"status", "--porcelain"}) == status);
    CHECK(repo.head() == tip);
}

TEST_CASE("a tree that names itself a billion times over is refused, not read") {
    TempDir dir;
    GitRepo repo(dir.path());
    CommitSha clean = repo.commit({{"a", "1"}});
    std::string blob = repo.git({"rev-parse", "HEAD:a"});
    std::string lines, id;
    for (int level = 0; level < 10; ++level) {
        lines.clear();
        for (int i = 0; i < 10; ++i)
            lines += (level == 0 ? "100644 blob " + blob : "040000 tree " + id) + "\tn" +
                     std::to_string(i) + "\n";
        write_file(dir.path() / "lines", lines);
        id = repo.git({"-c", "alias.made=!git mktree < lines", "made"});
    }
    CommitSha bomb(repo.git({"commit-tree", id, "-p", clean.value, "-m", "bomb"}));
    auto opened = open_repository(repo.path());
    const char* sentence = "the tree has more than 2000000 files";
    CHECK_THROWS_WITH_AS(opened->merge(clean, bomb), sentence, Failure);
    CHECK_THROWS_WITH_AS(opened->changed_files(repo.tree(), TreeId(id)), sentence, Failure);
    CHECK_THROWS_WITH_AS(opened->files(TreeId(id), "."), sentence, Failure);
    CHECK_THROWS_WITH_AS(opened->materialise(TreeId(id), {"."}, dir.path() / "out"), sentence,
                         Failure);
}

}  // namespace slipway
