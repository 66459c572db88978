// The built-in forge's folder on its second day: names that people think of, pushes that change
// nothing, repositories that come later. Real repositories, made by git.
#include <doctest/doctest.h>

#include "handlers/forges/builtin.hpp"
#include "handlers/forges/builtin/message.hpp"
#include "handlers/forges/builtin/names.hpp"
#include "handlers/forges/builtin/opening.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

template <class F>
std::string failure_of(F call) {
    try {
        call();
    } catch (const Failure& failure) {
        CHECK(failure.retry() == Retry::never);
        return failure.what();
    }
    return "";
}

// A root with a bare repository acme/infra, and a working copy with one commit on main.
struct Folder {
    TempDir dir;
    GitRepo bare{dir.path() / "git/acme/infra.git", true};
    GitRepo work{dir.path() / "work"};
    Actor ada{"local", "ada"};
    CommitSha first = work.commit({{"a", "1"}}, "First");

    Folder() {
        work.git({"remote", "add", "origin", bare.path().string()});
        push("main");
    }
    void push(const std::string& ref) {
        work.git({"push", "-q", "-f", "origin",
                  "HEAD:" + (ref.starts_with("refs/") ? ref : "refs/heads/" + ref)});
    }
    BuiltinPulls pulls() { return BuiltinPulls(bare.path()); }
    BuiltinConfig config() const { return {dir.path() / "git"}; }
};

const std::string root_hooks = "hooks/proc-receive";

}  // namespace

TEST_CASE("a topic is refused where it could be read as something else") {
    for (const char* topic : {"fix", "feature/x", "a.b_c-1", "größe", "2024"}) {
        CAPTURE(topic);
        CHECK(failure_of([&] { check_topic(topic); }) == "");
    }
    for (const char* topic :
         {"-x", "a/-x", "a..b", "a b", "a\nb", "a\x1b[31m", ".x", "a.lock", "a//b", "a/", "x~1",
          "a\xE2\x80\xAE"
          "b",
          "a\xFF"}) {
        CAPTURE(topic);
        CHECK(failure_of([&] { check_topic(topic); }).find("cannot be part of a ref") !=
              std::string::npos);
    }
    CHECK(failure_of([] { check_topic("a\x1b[31mb"); }).starts_with("the topic a?[31mb cannot"));
    CHECK(failure_of([] {
              check_topic(std::string(101, 'x'));
          }).ends_with("… is longer than 100 bytes; choose a shorter one"));
    CHECK(failure_of([] { check_branch("a..b"); }).starts_with("the branch a..b cannot"));
    CHECK(failure_of([] { check_branch("release/1.2"); }) == "");
}

TEST_CASE("people, comments and repositories have names and texts that a line can carry") {
    for (const char* login : {"ada", "ada.l", "Ada-L", "ö"})
        CHECK(failure_of([&] { check_person(login); }) == "");
    for (const char* login : {"", "a b", "a\nb", "a<b", "a/b", "a\xE2\x80\x8B"})
        CHECK(failure_of([&] { check_person(login); }).starts_with("nobody can be called"));
    CHECK(failure_of([] { check_comment("x\ny"); }) == "");
    CHECK(failure_of([] { check_comment(" \n"); }).starts_with("the comment is empty"));
    CHECK(failure_of([] { check_comment("a\xFF"); }).starts_with("a comment is text in UTF-8"));
    CHECK(failure_of([] { check_comment(std::string(65'537, 'x')); }) != "");
    CHECK(failure_of([] { check_repository_path("acme/infra"); }) == "");
    for (const char* path : {"-x", "acme/-x", "a b", "a\nb", "a/../b"})
        CHECK(failure_of([&] { check_repository_path(path); }).find("is left out") !=
              std::string::npos);
}

TEST_CASE("a title is one line that shows what it says") {
    CHECK(fit_title("A queue", "t") == "A queue");
    CHECK(fit_title(" a\tb\x1b[31mc\xE2\x80\xAE ", "t") == "a b[31mc");
    CHECK(fit_title("\x01 ", "topic") == "topic");
    CHECK(fit_title(std::string(300, 'x'), "t") == std::string(200, 'x') + "…");
}

TEST_CASE("what opens nothing says why and what to do") {
    Folder folder;
    auto pulls = folder.pulls();
    const auto opening = [&](const std::string& ref, const CommitSha& head) {
        return failure_of([&] { open_from_ref(pulls, ref, head, folder.ada, 1); });
    };
    const auto nothing = [](const std::string& branch) {
        return "the branch " + branch +
               " has this commit already, so there is nothing to merge: commit a change first";
    };
    CHECK(opening("refs/for/main/topic", folder.first) == nothing("main"));
    const auto second = folder.work.commit({{"a", "2"}}, "Second\x1b");
    folder.push("refs/tags/keep");
    CHECK(opening("refs/for/mian/topic", second) ==
          "push to refs/for/<branch>/<topic>, where the branch exists; there are: main");
    CHECK(opening("refs/for/main", second) == "a topic is missing: push to refs/for/main/<topic>");
    CHECK(opening("refs/for/main/-x", second).starts_with("the topic -x cannot be part of a ref"));
    CHECK(pulls.numbers().empty());
    CHECK(opening("refs/for/main/feature/x", second) == "");
    CHECK(pulls.find(1)->topic == "feature/x");
    CHECK(pulls.find(1)->title == "Second");
    const std::string already =
        "pull request 1 of topic feature/x is open with this commit already: commit a change to "
        "update it, or look at it with slipway pull show 1";
    CHECK(opening("refs/for/main/feature/x", second) == already);
    CHECK(opening("refs/for/main/other", second) == already);
    pulls.edit(1, [](BuiltinPull& pull) { pull.state = PullState::closed; }, {"ada", 1});
    CHECK(opening("refs/for/main/other", second) == "");
    folder.push("main");
    CHECK(opening("refs/for/main/other", second) == nothing("main"));
}

TEST_CASE("a repository that comes later gets its hooks, and what was pushed before is opened") {
    Folder folder;
    BuiltinWatch watch("local", folder.config(), "http://127.0.0.1:1", "/usr/bin/true");
    folder.work.commit({{"a", "2"}}, "Second");
    folder.push("refs/for/main/early");  // no hook: a ref like any other
    folder.push("refs/for/nowhere");
    REQUIRE(folder.pulls().git().ref("refs/for/main/early"));
    watch.look();
    CHECK(fs::exists(folder.bare.path() / root_hooks));
    CHECK(read_address(folder.bare.path())->repository == "acme/infra");
    REQUIRE(folder.pulls().numbers() == std::vector<int>{1});
    CHECK(folder.pulls().find(1)->topic == "early");
    CHECK_FALSE(folder.pulls().git().ref("refs/for/main/early"));
    CHECK(folder.pulls().git().ref("refs/for/nowhere"));  // told in the log, and left

    const GitRepo late(folder.config().root / "late.git", true);
    watch.look();
    CHECK(fs::exists(late.path() / root_hooks));
    for (int i = 0; i < 6; ++i) watch.look();  // until it is not looked into any more
    fs::remove_all(late.path());
    const GitRepo again(folder.config().root / "late.git", true);
    watch.look();
    CHECK(fs::exists(again.path() / root_hooks));
}

TEST_CASE("what git writes over while it makes a repository is added again") {
    Folder folder;
    BuiltinWatch watch("local", folder.config(), "http://127.0.0.1:1", "/usr/bin/true");
    const auto before = read_file(folder.bare.path() / "config");
    watch.look();
    REQUIRE(read_file(folder.bare.path() / "config") != before);
    write_file(folder.bare.path() / "config", before);
    watch.look();
    CHECK(read_file(folder.bare.path() / "config").find("procReceiveRefs") != std::string::npos);
}

TEST_CASE("a repository whose name no line can carry is left out") {
    Folder folder;
    const GitRepo odd(folder.config().root / "a b.git", true);
    BuiltinWatch watch("local", folder.config(), "http://127.0.0.1:1", "/usr/bin/true");
    watch.look();
    install_builtin_hooks("local", folder.config(), "http://127.0.0.1:1", "/usr/bin/true");
    CHECK_FALSE(fs::exists(odd.path() / address_file));
    CHECK(fs::exists(folder.bare.path() / address_file));
}

TEST_CASE("after the merge a check is kept for the commit that merged, too") {
    Folder folder;
    auto pulls = folder.pulls();
    const auto head = folder.work.commit({{"a", "2"}}, "Second");
    folder.push("refs/tags/keep");
    open_from_ref(pulls, "refs/for/main/topic", head, folder.ada, 1);
    asio::io_context io;
    Pool pool{1};
    const SystemClock clock;
    auto forge = make_builtin_forge({"local", {}, folder.config()}, pool, clock);
    const auto put = [&](const CommitSha& commit, const std::string& title) {
        Check check;
        check.name = "slipway";
        check.commit = commit;
        check.title = title;
        run_task(io, forge->put_check({"local", "acme/infra"}, "", check));
    };
    const auto titles = [&] {
        std::map<CommitSha, std::string> out;
        const auto documents = pulls.read(1);
        for (const auto& check : documents->checks) out[check.commit] = check.title;
        return out;
    };
    put(head, "1 to add");
    CHECK(titles() == std::map<CommitSha, std::string>{{head, "1 to add"}});
    const auto merged = pulls.merge(1, MergeMethod::merge, folder.ada, 2);
    REQUIRE(merged.ok());
    put(head, "Applied");
    CHECK(titles() == std::map<CommitSha, std::string>{{head, "Applied"}, {*merged, "Applied"}});
    put(*merged, "Drifted");
    CHECK(titles() == std::map<CommitSha, std::string>{{head, "Applied"}, {*merged, "Drifted"}});
    put(CommitSha(std::string(40, '1')), "Of nobody");
    CHECK(titles().size() == 2);
}

TEST_CASE("what to push for a pull request is found, or why there is nothing to push to") {
    Folder folder;
    const auto& work = folder.work.path();
    CHECK(failure_of([&] {
              ref_to_open(work, "", "");
          }).starts_with("the service has not set " + folder.bare.path().string() + " up"));
    install_builtin_hooks("local", folder.config(), "http://127.0.0.1:1", "/usr/bin/true");
    CHECK(ref_to_open(work, "", "").starts_with("refs/for/main/change-"));
    CHECK(ref_to_open(work, "", "x") == "refs/for/main/x");
    folder.work.git({"checkout", "-q", "-b", "feature/y"});
    CHECK(ref_to_open(work, "", "") == "refs/for/main/feature/y");
    CHECK(failure_of([&] { ref_to_open(work, "mian", "x"); }).ends_with("there are: main"));
    CHECK(failure_of([&] { ref_to_open(work, "", "-x"); }).starts_with("the topic -x"));
    TempDir elsewhere;
    CHECK(failure_of([&] {
              ref_to_open(elsewhere.path(), "", "");
          }).find("is not a working copy of a repository of the built-in forge") !=
          std::string::npos);
}

}  // namespace slipway
