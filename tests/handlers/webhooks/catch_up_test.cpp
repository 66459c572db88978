// What is found without a webhook: pull requests that moved, branches that were merged into, and
// repositories that have another name by now.
#include "handlers/webhooks/catch_up.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "handlers/webhooks/former_name.hpp"
#include "handlers/webhooks/push_decision.hpp"
#include "queue/store.hpp"
#include "service/model/pull_record.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/recording_forge.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;

namespace {

const RepositoryName infra{"forge.test", "acme/infra"};

class ListingForge : public RecordingForge {
  public:
    std::string id = "42";
    Task<std::vector<PullRequest>> open_pulls(RepositoryName) override {
        std::vector<PullRequest> out;
        for (const auto& [number, pull] : pulls)
            if (pull.state == PullState::open) out.push_back(pull);
        co_return out;
    }
    Task<std::string> repository_id(RepositoryName) override { co_return id; }
    std::string repository_id_in(const Delivery& delivery) const override { return delivery.body; }
};

struct Scene {
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
    ListingForge* forge = nullptr;
    ReactContext context;

    Scene()
        : context{*queue,    forges,       *mirrors,   *uses,
                  *policies, pool,         clock,      [this] { return organisation; },
                  true,      {"/slipway"}, Mode::apply} {
        auto made = std::make_unique<ListingForge>();
        forge = made.get();
        forge->configuration.name = infra.forge;
        forge->remote.url = git.path().string();
        forge->remote.local = true;
        forges.emplace(infra.forge, std::move(made));
        Stack stack;
        stack.id = StackId("network");
        stack.repository = infra;
        stack.directory = "stacks/network";
        organisation->stacks.push_back(stack);
        git.commit({{"stacks/network/main.tf", "# one\n"}});
    }

    void propose(int number) {
        git.git({"checkout", "-q", "-B", "topic"});
        PullRequest pull;
        pull.name = {infra, number};
        pull.author = {infra.forge, "linus"};
        pull.base_branch = "main";
        pull.head_branch = "topic";
        pull.head = git.commit({{"stacks/network/main.tf", "# " + std::to_string(number) + "\n"}});
        git.git({"update-ref", "refs/pull/" + std::to_string(number) + "/head", pull.head.value});
        git.git({"checkout", "-q", "main"});
        forge->pulls[number] = pull;
    }
    CommitSha push(const std::string& text) {
        return git.commit({{"stacks/network/main.tf", text}});
    }

    // Leaves the job for the repository and does all that follows from it.
    void catch_up() {
        auto all = [this]() -> Task<void> {
            Commit commit;
            auto job = make_job(jobs::catch_up(infra), CatchUp{infra, 0, ""});
            commit.jobs.push_back(std::move(job));
            co_await queue->commit(std::move(commit));
            for (;;) {
                auto next = co_await queue->claim("service", "test", std::chrono::seconds(30),
                                                  std::chrono::milliseconds(0));
                if (!next) co_return;
                const auto lease = next->lease;
                if (next->job.kind == JobKind::catch_up)
                    co_await slipway::catch_up(context, std::move(*next));
                else
                    left.push_back(next->job.id.value);
                co_await queue->finish(lease);
            }
        };
        left.clear();
        run_task(io, all());
    }
    bool has_left(const std::string& id) const {
        return std::find(left.begin(), left.end(), id) != left.end();
    }
    BranchRecord branch() {
        return run_task(io, load<BranchRecord>(*queue, branch_key(infra, "main"))).value;
    }
    std::size_t runs() { return run_task(io, queue->list(runs_index(), 0, 100)).size(); }

    std::vector<std::string> left;  // jobs of other kinds that followed
};

}  // namespace

TEST_CASE(
    "a pull request that no webhook told is planned, and one that has not moved is left alone") {
    Scene scene;
    scene.propose(7);
    scene.catch_up();
    CHECK(scene.runs() == 1);
    CHECK(scene.forge->count("pull_request") == 1);
    scene.catch_up();
    CHECK(scene.runs() == 1);
    CHECK(scene.forge->count("pull_request") == 1);
    scene.propose(7);  // a new head
    scene.catch_up();
    CHECK(scene.runs() == 2);
}

TEST_CASE("a pull request whose closing no webhook told is put away, and then left alone") {
    Scene scene;
    scene.propose(7);
    scene.propose(8);
    scene.catch_up();
    scene.forge->pulls[7].state = PullState::closed;
    scene.catch_up();
    const auto state_of = [&](int number) {
        return run_task(scene.io, load<PullRecord>(*scene.queue, pull_key({infra, number})))
            .value.pull.state;
    };
    CHECK(state_of(7) == PullState::closed);
    CHECK(state_of(8) == PullState::open);
    const auto asked = scene.forge->count("pull_request");
    scene.catch_up();
    CHECK(scene.forge->count("pull_request") == asked);
}

TEST_CASE("a branch that was never looked at is only noted; what comes after that is planned") {
    Scene scene;
    scene.catch_up();
    CHECK(scene.branch().only_noted);
    CHECK(scene.runs() == 0);
    scene.catch_up();
    CHECK(scene.runs() == 0);
    const auto tip = scene.push("# missed\n");
    scene.catch_up();
    CHECK(scene.runs() == 1);
    CHECK(scene.branch().tip == tip);
    CHECK_FALSE(scene.branch().only_noted);
}

TEST_CASE("a push whose webhook comes after the branch was noted is planned all the same") {
    Scene scene;
    const auto before = scene.push("# two\n");
    scene.push("# three\n");
    scene.catch_up();
    REQUIRE(scene.branch().only_noted);
    scene.forge->event =
        BranchPushed{infra, "main", before, scene.branch().tip, false, {infra.forge, "linus"}};
    Delivery delivery{infra.forge, "1", "any", "42", 0};
    auto told = [&]() -> Task<void> {
        co_await scene.queue->accept(delivery);
        auto job = co_await scene.queue->claim("service", "test", std::chrono::seconds(30),
                                               std::chrono::milliseconds(0));
        co_await react(scene.context, std::move(*job));
    };
    run_task(scene.io, told());
    CHECK(scene.runs() == 1);
}

TEST_CASE("where the forge does not tell of dismissed reviews, they are read again") {
    Scene scene;
    scene.propose(7);
    scene.catch_up();
    auto record = run_task(scene.io, load<PullRecord>(*scene.queue, pull_key({infra, 7})));
    record.value.reviews.push_back({"1", {infra.forge, "grace"}, ReviewState::approved, {}, 1});
    record.value.reviews_read = true;
    Commit commit;
    commit.records.push_back(save(pull_key({infra, 7}), record));
    run_task(scene.io, scene.queue->commit(std::move(commit)));
    scene.catch_up();
    CHECK_FALSE(scene.has_left("consider/forge.test/acme/infra#7"));
    scene.forge->can.tells_dismissals = false;
    scene.catch_up();
    CHECK(scene.has_left("consider/forge.test/acme/infra#7"));
    record = run_task(scene.io, load<PullRecord>(*scene.queue, pull_key({infra, 7})));
    CHECK_FALSE(record.value.reviews_read);
}

TEST_CASE("a repository with a new name goes by the one that stacks use, by its id alone") {
    Scene scene;
    scene.catch_up();
    const auto name_after = [&](const std::string& path, const std::string& id) {
        const RepositoryName now{infra.forge, path};
        Event event = PullRequestChanged{{now, 7}, PullChange::opened, {}};
        const Delivery delivery{infra.forge, "1", "any", id, 0};
        run_task(scene.io, restore_former_name(scene.context, delivery, event));
        return std::get<PullRequestChanged>(event).pull.repository.path;
    };
    CHECK(name_after("acme/infrastructure", "42") == "acme/infra");
    CHECK(name_after("acme/other", "43") == "acme/other");
    CHECK(name_after("acme/other", "") == "acme/other");
    // The tree has the new name by now: nothing is put in its place.
    auto stack = scene.organisation->stacks.front();
    stack.repository.path = "acme/infrastructure";
    scene.organisation->stacks.push_back(stack);
    CHECK(name_after("acme/infrastructure", "42") == "acme/infrastructure");
}
