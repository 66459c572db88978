// Mirrors of real repositories: fresh tips, waiting for what lags, one fetch at a time, damage
// repaired, credentials seen by the server and by nobody else.
#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "service/base/digest.hpp"
#include "service/git/detail/fetch.hpp"
#include "service/git/mirror.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/git_http_server.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

MirrorOptions quick(std::size_t attempts = 2) {
    MirrorOptions options;
    options.delays.assign(attempts, std::chrono::milliseconds(1));
    return options;
}

// How a mirror gets at its repository.
struct Disk {
    static constexpr bool served = false;
};
struct Http {
    static constexpr bool served = true;
};

// A working copy, the bare repository that it pushes to, and mirrors beside it.
struct Origin {
    TempDir dir;
    GitRepo work{dir.path() / "work"};
    GitRepo bare{dir.path() / "served/infra.git", true};
    asio::io_context io;
    std::unique_ptr<Mirrors> mirrors;
    std::unique_ptr<GitHttpServer> server;

    explicit Origin(MirrorOptions options = quick(), bool served = false)
        : mirrors(std::make_unique<Mirrors>(dir.path() / "mirrors", io.get_executor(), options)) {
        if (served) server = std::make_unique<GitHttpServer>(dir.path() / "served");
    }
    CommitSha push(const std::string& text, const std::string& branch = "main") {
        CommitSha commit = work.commit({{"a.tf", text}});
        work.git({"push", "-q", "-f", bare.path().string(), "HEAD:refs/heads/" + branch});
        return commit;
    }
    GitRemote remote() const {
        GitRemote remote;
        remote.url = server ? server->url() + "/infra.git" : bare.path().string();
        remote.local = !server;
        return remote;
    }
    void fetch(std::vector<CommitSha> commits, std::vector<std::string> branches) {
        fetch(remote(), std::move(commits), std::move(branches));
    }
    void fetch(GitRemote remote, std::vector<CommitSha> commits,
               std::vector<std::string> branches) {
        run_task(io, mirrors->fetch("local/infra", std::move(remote), std::move(commits),
                                    std::move(branches)));
    }
    std::shared_ptr<Repository> opened() { return mirrors->open("local/infra"); }
    fs::path mirror_path() const {
        for (const auto& entry : fs::directory_iterator(dir.path() / "mirrors"))
            if (entry.path().extension() == ".git") return entry.path();
        return {};
    }
};

std::string everything_below(const fs::path& directory) {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(directory))
        if (entry.is_regular_file())
            all += entry.path().string() + "\n" + read_file(entry.path()) + "\n";
    return all;
}

}  // namespace

TEST_CASE_TEMPLATE("a mirror follows its branches, forced and deleted ones too", From, Disk, Http) {
    Origin origin(quick(), From::served);
    CommitSha first = origin.push("one");
    origin.fetch({first}, {"main"});
    CHECK(origin.opened()->branch_tip("main") == first);
    CHECK(origin.opened()->file(origin.opened()->tree_of(first), "a.tf") == "one");

    CommitSha second = origin.push("two");
    origin.fetch({first},
                 {"main"});  // the commit is there already; the branch must be fresh all the same
    CHECK(origin.opened()->branch_tip("main") == second);

    origin.work.git({"reset", "-q", "--hard", first.value});
    CommitSha forced = origin.push("forced");
    origin.push("topic", "topic");
    origin.fetch({}, {"main", "topic", "never-was"});
    CHECK(origin.opened()->branch_tip("main") == forced);
    CHECK(origin.opened()->branch_tip("topic"));
    CHECK_FALSE(origin.opened()->branch_tip("never-was"));

    origin.bare.git({"update-ref", "-d", "refs/heads/topic"});
    origin.fetch({}, {"topic", "main"});
    CHECK_FALSE(origin.opened()->branch_tip("topic"));
    CHECK(origin.opened()->branch_tip("main") == forced);
}

TEST_CASE_TEMPLATE("a branch whose name becomes a directory of branches is followed", From, Disk,
                   Http) {
    Origin origin(quick(), From::served);
    origin.push("one", "feature");
    origin.fetch({}, {"feature"});
    origin.bare.git({"update-ref", "-d", "refs/heads/feature"});
    CommitSha below = origin.push("two", "feature/a");
    origin.fetch({}, {"feature/a"});
    CHECK(origin.opened()->branch_tip("feature/a") == below);
    CHECK_FALSE(origin.opened()->branch_tip("feature"));
    origin.bare.git({"update-ref", "-d", "refs/heads/feature/a"});
    CommitSha again = origin.push("three", "feature");
    origin.fetch({}, {"feature"});
    CHECK(origin.opened()->branch_tip("feature") == again);
}

TEST_CASE_TEMPLATE(
    "a commit that no branch names is fetched by its id, a pull request's ref by its name", From,
    Disk, Http) {
    Origin origin(quick(), From::served);
    origin.push("one");
    CommitSha loose = origin.push("gone", "topic");
    origin.bare.git({"update-ref", "refs/pull/7/head", loose.value});
    origin.bare.git({"update-ref", "-d", "refs/heads/topic"});
    origin.fetch({loose}, {});
    CHECK(origin.opened()->has_commit(loose));
    origin.fetch({}, {"refs/pull/7/head"});
    CHECK(origin.opened()->branch_tip("refs/pull/7/head") == loose);
}

TEST_CASE("F6: a commit that the forge does not have yet is asked for again, then later") {
    Origin origin(quick(3));
    CommitSha main = origin.push("one");
    CommitSha late = origin.work.commit({{"a.tf", "late"}});
    SUBCASE("it comes meanwhile") {
        MirrorOptions patient = quick(0);
        patient.delays.assign(600, std::chrono::milliseconds(20));
        auto mirrors = std::make_unique<Mirrors>(origin.dir.path() / "patient",
                                                 origin.io.get_executor(), patient);
        // Pushed from outside once the first attempt has left its mark: the branch is there.
        std::thread pusher([&] {
            auto repository = mirrors->open("local/infra");
            while (!repository->branch_tip("main")) std::this_thread::yield();
            origin.work.git({"push", "-q", origin.bare.path().string(), "HEAD:refs/heads/topic"});
        });
        run_task(origin.io, mirrors->fetch("local/infra", origin.remote(), {late}, {"main"}));
        pusher.join();
        CHECK(mirrors->open("local/infra")->has_commit(late));
    }
    SUBCASE("it never comes") {
        try {
            origin.fetch({late}, {"main"});
            FAIL("the fetch should fail");
        } catch (const Failure& failure) {
            CHECK(failure.retry() == Retry::later);
            CHECK(std::string(failure.what()) ==
                  "commit " + late.value + " is not in local/infra yet");
        }
        CHECK(origin.opened()->branch_tip("main") == main);
    }
}

TEST_CASE("names that look alike have mirrors of their own, and none leaves the directory") {
    TempDir dir;
    asio::io_context io;
    auto mirrors = std::make_unique<Mirrors>(dir.path() / "mirrors", io.get_executor());
    const std::string names[] = {
        "x/a/b-c",  "x/a-b/c",         "x/a-b-c", "y/a/b-c",
        "x/A/b-c",  "x/../../../evil", "x/..",    "x/" + std::string(3000, 'a'),
        "x/a/b\\c", "x/\xc3\xa4"};
    for (const auto& name : names) mirrors->open(name);
    std::size_t made = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(dir.path() / "mirrors"))
        ++made;
    CHECK(made == std::size(names));
    CHECK(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("what is not a remote or no branch is refused before git runs") {
    Origin origin;
    struct Case {
        std::string url;
        bool local;
        std::string branch;
    };
    const Case cases[] = {{"--upload-pack=touch /tmp/x", false, "main"},
                          {"ssh://example.test/x", false, "main"},
                          {"ext::sh -c true", false, "main"},
                          {"file:///tmp/x", false, "main"},
                          {"https://user:pw@example.test/x", false, "main"},
                          {"https://example.test/x\nhttps://other.test", false, "main"},
                          {"relative/path", true, "main"},
                          {"https://example.test/x", false, "a:refs/heads/b"},
                          {"https://example.test/x", false, "../x"},
                          {"https://example.test/x", false, "a*"},
                          {"https://example.test/x", false, ""}};
    for (const auto& c : cases) {
        CAPTURE(c.url);
        CAPTURE(c.branch);
        GitRemote remote;
        remote.url = c.url;
        remote.local = c.local;
        try {
            origin.fetch(remote, {}, {c.branch});
            FAIL_CHECK("it should be refused");
        } catch (const Failure& failure) {
            CHECK(failure.retry() == Retry::never);
        }
    }
}

TEST_CASE("many who ask at once share fetches and all get what they asked for") {
    Origin origin;
    std::vector<CommitSha> commits;
    for (int i = 0; i < 6; ++i)
        commits.push_back(origin.push("text " + std::to_string(i), "b" + std::to_string(i)));
    GitHttpServer server(origin.dir.path() / "served");
    GitRemote remote;
    remote.url = server.url() + "/infra.git";
    int ended = 0;
    for (std::size_t round = 0; round < 5; ++round)
        for (std::size_t i = 0; i < commits.size(); ++i)
            spawn(origin.io.get_executor(),
                  origin.mirrors->fetch("local/infra", remote, {commits[i]},
                                        {"b" + std::to_string(i)}),
                  [&](std::exception_ptr error) {
                      CHECK(error == nullptr);
                      ++ended;
                  });
    auto until_all_ended = [&]() -> Task<void> {
        while (ended < 30) co_await sleep_for(std::chrono::milliseconds(1));
    };
    run_task(origin.io, until_all_ended());
    for (std::size_t i = 0; i < commits.size(); ++i)
        CHECK(origin.opened()->branch_tip("b" + std::to_string(i)) == commits[i]);
    std::size_t fetches = 0;
    for (const auto& head : server.heads()) fetches += head.starts_with("GET ");
    CHECK(fetches == 2);  // the first one's, and one for all who came meanwhile
}

TEST_CASE("credentials reach the server and are in no argument, URL or file") {
    Origin origin;
    CommitSha commit = origin.push("one");
    GitHttpServer server(origin.dir.path() / "served");
    GitRemote remote;
    remote.url = server.url() + "/infra.git";
    remote.username = "x-access-token";
    remote.password = Secret("s3cr3t-t0ken");
    const std::string encoded = to_base64("x-access-token:s3cr3t-t0ken");
    server.require_authorization("Basic " + encoded);

    origin.fetch(remote, {commit}, {"main"});
    CHECK(origin.opened()->branch_tip("main") == commit);
    std::string files = everything_below(origin.dir.path() / "mirrors");
    CHECK(files.find("s3cr3t") == files.npos);
    CHECK(files.find(encoded) == files.npos);
    Command command = git::fetch_command("/m", remote, {"refs/heads/main"}, {});
    for (const auto& argument : command.argv) {
        CHECK(argument.find("s3cr3t") == argument.npos);
        CHECK(argument.find(encoded) == argument.npos);
    }

    SUBCASE("refused ones are told without them") {
        remote.password = Secret("wr0ng-t0ken");
        try {
            origin.fetch(remote, {}, {"main"});
            FAIL("it should be refused");
        } catch (const Failure& failure) {
            std::string sentence = failure.what();
            CAPTURE(sentence);
            CHECK(failure.retry() == Retry::later);
            CHECK(sentence.starts_with("cannot fetch local/infra: "));
            CHECK(sentence.find("wr0ng") == sentence.npos);
        }
    }
    SUBCASE("a redirect to another host takes nothing along") {
        GitHttpServer other(origin.dir.path() / "served");
        server.set_answer([&](const std::string&) {
            return "HTTP/1.1 301 Moved\r\nLocation: " + other.url() +
                   "/infra.git/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\n"
                   "Connection: close\r\n\r\n";
        });
        CHECK_THROWS_AS(origin.fetch(remote, {}, {"main"}), Failure);
        CHECK(other.heads().empty());
    }
}

TEST_CASE("a server that does not answer for a while is a failure for later, told in a sentence") {
    Origin origin;
    GitRemote remote;
    remote.url = "http://127.0.0.1:1/infra.git";  // nobody listens on port 1
    try {
        origin.fetch(remote, {}, {"main"});
        FAIL("nobody is there");
    } catch (const Failure& failure) {
        CHECK(failure.retry() == Retry::later);
        CHECK(
            std::string(failure.what()).starts_with("cannot fetch local/infra: unable to access"));
    }
}

TEST_CASE_TEMPLATE("hooks and configuration of the served repository run nothing here", From, Disk,
                   Http) {
    Origin origin(quick(), From::served);
    CommitSha commit = origin.push("one");
    fs::path mark = origin.dir.path() / "mark";
    std::string script = "#!/bin/sh\ntouch " + mark.string() + "\n";
    for (const char* hook : {"reference-transaction", "post-merge", "pre-auto-gc"}) {
        write_file(origin.bare.path() / "hooks" / hook, script);
        fs::permissions(origin.bare.path() / "hooks" / hook, fs::perms::owner_all);
    }
    write_file(origin.dir.path() / "script", script);
    fs::permissions(origin.dir.path() / "script", fs::perms::owner_all);
    origin.bare.git(
        {"config", "uploadpack.packObjectsHook", (origin.dir.path() / "script").string()});
    origin.bare.git({"config", "core.fsmonitor", (origin.dir.path() / "script").string()});
    origin.fetch({commit}, {"main"});
    CHECK(origin.opened()->has_commit(commit));
    CHECK_FALSE(fs::exists(mark));
}

TEST_CASE_TEMPLATE("56: a damaged mirror is made anew, others are left alone", From, Disk, Http) {
    struct Case {
        std::string what;
        std::function<void(const fs::path&)> damage;
    };
    auto truncate_packs = [](const fs::path& mirror) {
        for (const auto& entry : fs::directory_iterator(mirror / "objects/pack")) {
            fs::permissions(entry.path(), fs::perms::owner_all);
            if (entry.path().extension() == ".pack")
                fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
        }
    };
    const Case cases[] = {
        {"packs cut in half", truncate_packs},
        {"packs gone", [](const fs::path& mirror) { fs::remove_all(mirror / "objects/pack"); }},
        {"HEAD gone", [](const fs::path& mirror) { fs::remove(mirror / "HEAD"); }},
        {"a lock left behind",
         [](const fs::path& mirror) {
             write_file(mirror / "refs/heads/main.lock", "");
             write_file(mirror / "packed-refs.lock", "");
         }},
        {"no directory", [](const fs::path& mirror) { fs::remove_all(mirror); }},
    };
    for (const auto& c : cases) {
        for (bool restarted : {true, false}) {
            CAPTURE(c.what);
            CAPTURE(restarted);
            Origin origin(quick(), From::served);
            CommitSha first = origin.push("one");
            origin.fetch({first}, {"main"});
            run_task(origin.io,
                     origin.mirrors->fetch("local/other", origin.remote(), {first}, {"main"}));
            fs::path path;
            for (const auto& entry : fs::directory_iterator(origin.dir.path() / "mirrors"))
                if (entry.path().filename().string().starts_with("infra")) path = entry.path();
            c.damage(path);
            if (restarted)
                origin.mirrors = std::make_unique<Mirrors>(origin.dir.path() / "mirrors",
                                                           origin.io.get_executor(), quick());
            CommitSha second = origin.push("two");
            // A first attempt may fail and say "later"; the next one finds a sound mirror.
            bool fetched = false;
            for (int attempt = 0; attempt < 2 && !fetched; ++attempt) {
                try {
                    origin.fetch({first, second}, {"main"});
                    auto repository = origin.opened();
                    CHECK(repository->file(repository->tree_of(second), "a.tf") == "two");
                    fetched = true;
                } catch (const Failure& failure) {
                    MESSAGE(std::string(failure.what()));
                    CHECK(failure.retry() == Retry::later);
                }
            }
            CHECK(fetched);
            CHECK(origin.mirrors->open("local/other")->has_commit(first));
        }
    }
}

TEST_CASE("57: readers find every object while fetches and repacks go on") {
    Origin origin;
    CommitSha first = origin.push("one");
    origin.fetch({first}, {"main"});
    auto repository = origin.opened();
    std::atomic<bool> stop{false};
    std::atomic<int> reads{0};
    std::vector<std::thread> readers;
    for (int r = 0; r < 3; ++r)
        readers.emplace_back([&, r] {
            for (int n = 0; !stop; ++n) {
                auto tip = repository->branch_tip("main");
                REQUIRE(tip);
                fs::path to =
                    origin.dir.path() / ("read-" + std::to_string(r) + "-" + std::to_string(n));
                repository->materialise(repository->tree_of(*tip), {"."}, to);
                repository->merge(first, *tip);
                fs::remove_all(to);
                ++reads;
            }
        });
    for (int n = 0; n < 25; ++n) {
        CommitSha next = origin.push("text " + std::to_string(n));
        origin.fetch({next}, {"main"});
        if (n % 5 == 4)
            origin.bare.git(
                {"-C", origin.mirror_path().string(), "repack", "-d", "-q", "--geometric=2"});
    }
    stop = true;
    for (auto& reader : readers) reader.join();
    CHECK(reads > 0);
}

TEST_CASE_TEMPLATE("packs are rolled up before there are many", From, Disk, Http) {
    Origin origin(quick(), From::served);
    for (int n = 0; n < 43; ++n) {
        CommitSha next = origin.push("text " + std::to_string(n));
        origin.fetch({next}, {"main"});
    }
    std::size_t packs = 0;
    for (const auto& entry : fs::directory_iterator(origin.mirror_path() / "objects/pack"))
        packs += entry.path().extension() == ".pack";
    CHECK(packs < 12);
}

}  // namespace slipway
