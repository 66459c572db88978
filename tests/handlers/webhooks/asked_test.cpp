// Where a run begins that a person asked for: at the tip of its branch, by the settings that hold
// there.
#include "handlers/webhooks/asked.hpp"

#include <doctest/doctest.h>

#include "handlers/runs/lifecycle.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/recording_forge.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;

namespace {

const RepositoryName infra{"forge.test", "acme/infra"};

struct Asked {
    asio::io_context io;
    FixedClock clock{1'700'000'000'000};
    Pool pool{1};
    TempDir directory;
    GitRepo git{directory.path() / "origin"};
    std::unique_ptr<Queue> queue = make_memory_queue(io.get_executor(), clock);
    std::unique_ptr<Mirrors> mirrors =
        std::make_unique<Mirrors>(directory.path() / "mirrors", io.get_executor());
    std::unique_ptr<UsesReader> uses = std::make_unique<UsesReader>(io.get_executor(), pool);
    std::unique_ptr<Policies> policies = make_policies(io.get_executor());
    std::shared_ptr<Organisation> organisation = std::make_shared<Organisation>();
    Forges forges;
    Mode mode = Mode::apply;
    CommitSha tip;

    Asked() {
        auto forge = std::make_unique<RecordingForge>();
        forge->configuration.name = infra.forge;
        forge->remote.url = git.path().string();
        forge->remote.local = true;
        forges.emplace(infra.forge, std::move(forge));
        organisation->stacks.push_back(settings());
        organisation->stacks.back().version = "~> 1.10";
        git.commit({{"stacks/net/main.tf", "# one\n"}});
        tip = git.commit({{"stacks/net/main.tf", "# two\n"}});
    }
    static Stack settings() {
        Stack out;
        out.id = StackId("net");
        out.repository = infra;
        out.directory = "stacks/net";
        return out;
    }
    // As a request leaves it, with what was known of the stack then.
    void ask(RunState state = RunState::queued) {
        Stored<Run> run;
        run.value.id = RunId("d");
        run.value.kind = RunKind::drift;
        run.value.asked = true;
        run.value.stack = StackId("net");
        run.value.repository = infra;
        run.value.settings = settings();
        run.value.state = state;
        begin_history(run.value, clock.now_ms(), "ci");
        Commit commit;
        announce_run(commit, run.value);
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }
    Run begun() {
        ReactContext context{*queue,    forges,       *mirrors, *uses,
                             *policies, pool,         clock,    [this] { return organisation; },
                             true,      {"/slipway"}, mode};
        auto looking = [&]() -> Task<void> {
            LookRequest look;
            look.asked = RunId("d");
            Commit left;
            left.jobs.push_back(make_job(jobs::look_for(RunId("d")), look));
            co_await queue->commit(std::move(left));
            auto job = co_await queue->claim("service", "test", std::chrono::seconds(30),
                                             std::chrono::milliseconds(0));
            co_await look_again(context, std::move(*job));
        };
        run_task(io, looking());
        return run_task(io, load<Run>(*queue, run_key(RunId("d")))).value;
    }
    std::vector<std::string> lane() { return run_task(io, queue->lane("stack/net")); }
};

}  // namespace

TEST_CASE("what is asked for begins at the branch's tip, with the settings of now, in its lane") {
    Asked asked;
    asked.ask();
    const auto run = asked.begun();
    CHECK(run.state == RunState::queued);
    CHECK(run.head == asked.tip);
    CHECK(run.base == asked.tip);
    CHECK_FALSE(run.tree.value.empty());
    CHECK(run.settings.version == "~> 1.10");
    CHECK_FALSE(run.pull);
    CHECK(asked.lane() == std::vector<std::string>{"d"});
}

TEST_CASE("what was cancelled meanwhile does not begin") {
    Asked asked;
    asked.ask(RunState::canceled);
    CHECK(asked.begun().head.value.empty());
    CHECK(asked.lane().empty());
}

TEST_CASE("a stack that only observes is asked for as one that only observes") {
    Asked asked;
    asked.mode = Mode::observe;
    asked.ask();
    CHECK(asked.begun().settings.mode == Mode::observe);
}

TEST_CASE("W2: what cannot be planned at the tip, or moved to another space, failed and says why") {
    Asked asked;
    asked.ask();
    std::string why;
    SUBCASE("it is described no more") {
        asked.organisation->stacks.clear();
        why = "not described any more";
    }
    SUBCASE("its directory is gone") {
        asked.git.git({"rm", "-q", "-r", "stacks/net"});
        asked.git.commit({{"README.md", "gone\n"}});
        why = "does not exist on the branch any more";
    }
    SUBCASE("it is in a space that nobody asked about") {
        asked.organisation->stacks.back().space = SpaceId("production");
        why = "is in another space by now";
    }
    const auto run = asked.begun();
    CHECK(run.state == RunState::failed);
    CHECK(run.error.find(why) != std::string::npos);
    CHECK(run.reason.text == run.error);
    CHECK(asked.lane().empty());
}
