// Which directory git takes for a renamed one, and what a look makes of stacks that are gone: real
// git.
#include "handlers/webhooks/gone.hpp"

#include "handlers/runs/lifecycle.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "handlers/webhooks/described.hpp"
#include "queue/store.hpp"
#include "service/model/pull_record.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/set_plan.hpp"

using namespace slipway;

namespace {

using How = ChangedFile::How;

// A repository of two trees, and what the recognition says of a directory between them.
struct Move {
    TempDir directory;
    GitRepo git{directory.path() / "origin"};
    TreeId from;

    explicit Move(const std::map<std::string, std::string>& files) {
        git.commit(files);
        from = git.tree();
    }
    Renamed of(const std::string& old, std::set<std::string> taken = {}) {
        git.commit_all();
        const auto to = git.tree();
        auto repository = open_repository(git.path());
        const auto changed = repository->changed_files(from, to);
        RenameQuestion question;
        question.directory = old;
        question.files = repository->files(from, old);
        question.changed = &changed;
        question.taken = std::move(taken);
        question.before = [&](const std::string& path) {
            return repository->object_at(from, path).value_or("");
        };
        question.now = [&](const std::string& path) {
            return repository->object_at(to, path).value_or("");
        };
        return renamed_directory(question);
    }
    void move(const std::string& old, const std::string& now) {
        std::filesystem::create_directories((git.path() / now).parent_path());
        git.git({"mv", old, now});
    }
};

std::string text(const std::string& seed) {
    std::string out;
    for (int i = 0; i < 40; ++i)
        out += "resource \"terraform_data\" \"" + seed + std::to_string(i) + "\" {}\n";
    return out;
}

std::map<std::string, std::string> one_stack() {
    return {{"stacks/net/main.tf", text("main")},
            {"stacks/net/variables.tf", text("variables")},
            {"stacks/net/modules/a/a.tf", text("a")},
            {"README.md", "hello\n"}};
}

}  // namespace

TEST_CASE("a directory whose files are found again under one other directory is renamed") {
    Move whole(one_stack());
    whole.move("stacks/net", "stacks/network");
    CHECK(whole.of("stacks/net").to == "stacks/network");

    Move changed(one_stack());
    changed.move("stacks/net", "live/prod/net");
    write_file(changed.git.path() / "live/prod/net/main.tf",
               text("main") + "# and one line more\n");
    std::filesystem::remove(changed.git.path() / "live/prod/net/variables.tf");
    CHECK(changed.of("stacks/net").to == "live/prod/net");

    Move below(one_stack());
    below.move("stacks/net", "stacks/network");
    CHECK(below.of("stacks/net/modules").to == "stacks/network/modules");
}

TEST_CASE(
    "a rename is not recognised where half of the files are missing, where two directories may be "
    "meant, or "
    "another stack lives there") {
    Move split(one_stack());
    split.move("stacks/net/main.tf", "stacks/network/main.tf");
    split.git.git({"rm", "-q", "stacks/net/variables.tf"});
    split.move("stacks/net/modules", "elsewhere/modules");
    const auto hint = split.of("stacks/net");
    CHECK(hint.to == "");
    CHECK_FALSE(hint.looks_like.empty());

    Move removed(one_stack());
    removed.git.git({"rm", "-r", "-q", "stacks/net"});
    CHECK(removed.of("stacks/net").to == "");

    Move taken(one_stack());
    taken.move("stacks/net", "stacks/web");
    CHECK(taken.of("stacks/net", {"stacks/web"}).to == "");

    // Equal files of two stacks: git may pair them crosswise.
    Move twins({{"dev/main.tf", text("same")}, {"prod/main.tf", text("same")}});
    twins.move("dev", "live/dev");
    twins.move("prod", "live/prod");
    CHECK(twins.of("dev").to == "");
    Move copied(one_stack());
    copied.move("stacks/net", "stacks/network");
    std::filesystem::copy(copied.git.path() / "stacks/network", copied.git.path() / "stacks/copy",
                          std::filesystem::copy_options::recursive);
    CHECK(copied.of("stacks/net").to == "");
    Move renamed_files(one_stack());  // into one directory, but under other names
    renamed_files.move("stacks/net/main.tf", "flat/net-main.tf");
    renamed_files.move("stacks/net/variables.tf", "flat/net-variables.tf");
    renamed_files.move("stacks/net/modules/a/a.tf", "flat/net-a.tf");
    CHECK(renamed_files.of("stacks/net").to == "");
}

namespace {

const RepositoryName shop{"forge.test", "acme/shop"};

OwnFile file(std::string text, std::string_view name = repository_file) {
    return {std::string(name), std::move(text), {}};
}
OwnFile own(const std::string& stacks) { return file("version: 1\nstacks:\n" + stacks); }

DescribedStacks described(OwnFiles files) {
    return describe(std::make_shared<Organisation>(), shop, "main", "main",
                    {true, SpaceId(), {}, {}}, files);
}

}  // namespace

TEST_CASE(
    "a key that goes is told with the settings that it had on the tracked branch; a renamed one is "
    "the same stack") {
    const auto net = own("  net: {directory: stacks/net, delete: destroy}\n");
    const auto none = file("version: 1\nstacks: {}\n");
    OwnFiles files;
    files.trusted = files.before = net;
    files.after = none;
    files.counts = true;

    auto gone = described(files);
    CHECK(gone.stacks.empty());
    REQUIRE(gone.undescribed.size() == 1);
    CHECK(gone.undescribed[0].id.value == "forge.test/acme/shop/net");
    CHECK(gone.undescribed[0].on_delete == OnDelete::destroy);

    files.after = std::nullopt;  // the whole file
    CHECK(described(files).undescribed.size() == 1);

    // What the head says of itself permits nothing.
    files.trusted = files.before = own("  net: {directory: stacks/net}\n");
    files.after = own("  other: {directory: stacks/other, delete: destroy}\n");
    REQUIRE(described(files).undescribed.size() == 1);
    CHECK(described(files).undescribed[0].on_delete == OnDelete::forbid);

    files.trusted = files.before = own("  net: {directory: stacks/net, version: \"~> 1.10\"}\n");
    files.after = own("  vpc: {directory: stacks/net, version: \"~> 1.11\"}\n");
    auto renamed = described(files);
    CHECK(renamed.undescribed.empty());
    REQUIRE(renamed.stacks.size() == 1);
    CHECK(renamed.stacks[0].id.value == "forge.test/acme/shop/vpc");
    CHECK(renamed.stacks[0].version == "~> 1.10");
    CHECK_FALSE(renamed.stacks[0].only_in_head);
    CHECK(renamed.renamed.size() == 1);

    // Another workspace is another state.
    files.after = own("  vpc: {directory: stacks/net, workspace: blue}\n");
    CHECK(described(files).undescribed.size() == 1);
    CHECK(described(files).stacks.at(0).only_in_head);
}

TEST_CASE("a key that is missing for another reason than this change is not gone") {
    OwnFiles files;
    const auto net = own("  net: {directory: stacks/net}\n");
    files.trusted = net;
    files.after = file("version: 1\nstacks: {}\n");
    files.counts = true;  // added to the default branch since
    CHECK(described(files).undescribed.empty());
    CHECK(described(files).stacks.size() == 1);
    files.before = net;
    files.counts = false;  // the pull request is not for the default branch, or conflicts with it
    CHECK(described(files).undescribed.empty());
    files.counts = true;
    files.after = file("stacks: [");
    CHECK(described(files).undescribed.empty());
    CHECK_FALSE(described(files).findings.empty());
    files.trusted = files.after = file("version: 1\nstacks: {}\n");
    CHECK(described(files).undescribed.empty());  // somebody else removed it there already
    files.pushed = true;
    CHECK(described(files).undescribed.size() == 1);
}

TEST_CASE(
    "how much a stack manages is what its last run of the branch saw, and never less than known") {
    asio::io_context io;
    FixedClock clock{1'700'000'000'000};
    auto queue = make_memory_queue(io.get_executor(), clock);
    std::int64_t at = 0;
    auto add = [&](RunKind kind, RunState state, int resources, bool begun = false) {
        Run run;
        run.id = RunId("r" + std::to_string(++at));
        run.stack = StackId("net");
        run.kind = kind;
        run.state = state;
        set_plan(run).resources = resources;
        StateChange change;
        change.state = RunState::applying;
        if (begun) run.history.push_back(change);
        Commit commit;
        Stored<Run> stored{run, 0};
        commit.records.push_back(save(run_key(run.id), stored));
        commit.index.push_back({"runs/net", run.id.value, at});
        run_task(io, queue->commit(std::move(commit)));
        return run_task(io, resources_of(*queue, StackId("net")));
    };
    CHECK(run_task(io, resources_of(*queue, StackId("net"))) == -1);
    CHECK(add(RunKind::proposed, RunState::finished, 0) ==
          -1);  // of a state that the pull request may have chosen
    CHECK(add(RunKind::proposed, RunState::finished, 3) == 3);
    CHECK(add(RunKind::tracked, RunState::finished, 14, true) == 14);
    CHECK(add(RunKind::proposed, RunState::finished, 0) == 14);
    CHECK(add(RunKind::tracked, RunState::failed, -1) == 14);       // its plan failed
    CHECK(add(RunKind::tracked, RunState::failed, 0, true) == -1);  // its apply failed: who knows
    CHECK(add(RunKind::tracked, RunState::finished, 0, true) == 0);
}

TEST_CASE(
    "C1: a head's atlantis.yaml takes no requirement away, and what it adds permits nothing") {
    const auto project = [](const char* more) {
        return file(std::string("version: 3\nprojects:\n- {dir: net") + more, atlantis_file);
    };
    OwnFiles files;
    files.trusted = files.before = project(", apply_requirements: [approved]}\n");
    files.after = project("}\n- {dir: web}\n");
    files.counts = true;
    const auto out = described(files);
    CHECK(out.findings.empty());
    REQUIRE(out.stacks.size() == 2);
    CHECK(out.stacks[0].needs_approval);
    CHECK(out.stacks[0].apply_when == ApplyWhen::before_merge);
    CHECK_FALSE(out.stacks[0].only_in_head);
    CHECK(out.stacks[1].only_in_head);
    CHECK(out.stacks[1].apply_when == ApplyWhen::on_merge);
    files.after->text = "version: 3\nprojects: [";
    CHECK_FALSE(described(files).findings.empty());
    CHECK(described(files).stacks.at(0).needs_approval);
}
