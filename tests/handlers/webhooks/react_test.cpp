// What follows from events, with real git, real policies and the queue in memory; only the forge is
// a double.
#include "handlers/webhooks/react.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "queue/store.hpp"
#include "service/model/pull_record.hpp"
#include "service/model/request.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/recording_forge.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;

namespace {

const RepositoryName infra{"forge.test", "acme/infra"};

Stack network() {
    Stack stack;
    stack.id = StackId("network");
    stack.repository = infra;
    stack.directory = "stacks/network";
    return stack;
}

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
    RecordingForge* forge = nullptr;
    PullRequest pull;
    int deliveries = 0;
    std::vector<JobId> taken;  // all jobs so far

    Scene() {
        auto made = std::make_unique<RecordingForge>();
        forge = made.get();
        forge->configuration.name = infra.forge;
        forge->remote.url = git.path().string();
        forge->remote.local = true;
        forges.emplace(infra.forge, std::move(made));
        organisation->stacks.push_back(network());
        git.commit({{"stacks/network/main.tf", "# one\n"}, {"README.md", "a\n"}});
        git.git({"checkout", "-q", "-b", "topic"});
        pull.name = {infra, 7};
        pull.author = {infra.forge, "linus"};
        pull.base_branch = "main";
        pull.head_branch = "topic";
        push("# two\n");
    }

    void push(const std::string& text) {
        pull.head = git.commit({{"stacks/network/main.tf", text}});
        git.git({"update-ref", "refs/pull/7/head", pull.head.value});
        forge->pulls[7] = pull;
    }

    ReactContext context() {
        return {*queue,    forges,       *mirrors,   *uses,
                *policies, pool,         clock,      [this] { return organisation; },
                true,      {"/slipway"}, Mode::apply};
    }

    // Accepts a delivery that means `event` and reacts to it; the first attempt.
    void tell(Event event, int attempt = 1) {
        forge->event = std::move(event);
        Delivery delivery;
        delivery.forge = infra.forge;
        delivery.id = "delivery-" + std::to_string(++deliveries);
        delivery.event = "any";
        delivery.body = "{}";
        auto told = [this, delivery, attempt]() -> Task<void> {
            co_await queue->accept(delivery);
            auto reacting = context();
            for (;;) {
                auto job = co_await queue->claim("service", "test", std::chrono::seconds(30),
                                                 std::chrono::milliseconds(0));
                if (!job) co_return;
                job->attempt = attempt;
                taken.push_back(job->job.id);
                const auto lease = job->lease;
                if (job->job.kind == JobKind::event) co_await react(reacting, std::move(*job));
                co_await queue->finish(lease);
            }
        };
        run_task(io, told());
    }
    void changed(PullChange change) { tell(PullRequestChanged{pull.name, change, pull.author}); }

    PullRecord record() {
        return run_task(io, load<PullRecord>(*queue, pull_key(pull.name))).value;
    }
    std::size_t runs() { return run_task(io, queue->list("runs", 0, 100)).size(); }
    Run newest() {
        auto ids = run_task(io, queue->list("runs", 0, 1));
        return run_task(io, load<Run>(*queue, run_key(RunId(ids.at(0).first)))).value;
    }
};

}  // namespace

TEST_CASE("W4: nothing of a fork is run, and every concerned stack says so") {
    Scene scene;
    scene.pull.fork = true;
    scene.push("# from elsewhere\n");
    scene.changed(PullChange::opened);
    auto record = scene.record();
    REQUIRE(record.stacks.size() == 1);
    CHECK(record.stacks[0].proposed.empty());
    CHECK(record.stacks[0].not_planned.cause == Cause::from_fork);
    CHECK(scene.runs() == 0);
}

TEST_CASE(
    "T10: opened, reopened, made ready, drafted: one run for one head; a push and another base "
    "make a new one") {
    Scene scene;
    for (auto change : {PullChange::opened, PullChange::reopened, PullChange::ready,
                        PullChange::draft, PullChange::labelled})
        scene.changed(change);
    CHECK(scene.runs() == 1);
    const auto first = scene.newest();
    CHECK(first.head == scene.pull.head);
    CHECK(first.kind == RunKind::proposed);

    scene.clock.advance(std::chrono::seconds(1));
    scene.push("# three\n");
    scene.changed(PullChange::pushed);
    CHECK(scene.runs() == 2);
    CHECK(scene.newest().head == scene.pull.head);
    auto superseded = run_task(scene.io, load<Run>(*scene.queue, run_key(first.id))).value;
    CHECK(superseded.state == RunState::canceled);
    CHECK(superseded.reason.cause == Cause::superseded);

    scene.git.git({"branch", "release", "main"});
    scene.pull.base_branch = "release";
    scene.forge->pulls[7] = scene.pull;
    scene.changed(PullChange::retargeted);
    CHECK(scene.record().stacks.empty());  // C1: no stack tracks that branch
}

TEST_CASE("a look that failed half way leaves nothing of the earlier head to the next one") {
    Scene scene;
    scene.changed(PullChange::opened);
    const auto earlier = scene.newest();
    scene.clock.advance(std::chrono::seconds(1));
    scene.push("# three\n");
    const auto there = scene.forge->remote.url;
    scene.forge->remote.url += ".gone";
    CHECK_THROWS_AS(scene.changed(PullChange::pushed), Failure);
    CHECK(scene.record().discovering_stacks);
    CHECK(scene.record().pull.head == scene.pull.head);

    scene.forge->remote.url = there;
    scene.changed(PullChange::labelled);
    REQUIRE(scene.record().stacks.size() == 1);
    CHECK(scene.record().stacks[0].proposed == scene.newest().id);
    CHECK(scene.newest().head == scene.pull.head);
    CHECK(run_task(scene.io, load<Run>(*scene.queue, run_key(earlier.id))).value.state ==
          RunState::canceled);
}

TEST_CASE("a head that comes back, and a pull request that is reopened, are planned again") {
    Scene scene;
    scene.changed(PullChange::opened);
    const auto first = scene.pull.head;
    scene.push("# three\n");
    scene.changed(PullChange::pushed);
    scene.git.git({"reset", "-q", "--hard", first.value});
    scene.git.git({"update-ref", "refs/pull/7/head", first.value});
    scene.pull.head = first;
    scene.forge->pulls[7] = scene.pull;
    scene.clock.advance(std::chrono::seconds(1));
    scene.changed(PullChange::pushed);
    CHECK(scene.runs() == 3);
    CHECK(scene.newest().head == first);
    CHECK(scene.newest().state == RunState::queued);

    for (auto [state, change] : {std::pair(PullState::closed, PullChange::closed),
                                 std::pair(PullState::open, PullChange::reopened)}) {
        scene.clock.advance(std::chrono::seconds(1));
        scene.pull.state = state;
        scene.forge->pulls[7] = scene.pull;
        scene.changed(change);
    }
    CHECK(scene.runs() == 4);
    CHECK(scene.newest().state == RunState::queued);
    CHECK(scene.record().stacks.at(0).proposed == scene.newest().id);
}

TEST_CASE("F7, F9: an event that comes late changes nothing: the pull request is read afresh") {
    Scene scene;
    scene.changed(PullChange::opened);
    scene.clock.advance(std::chrono::seconds(1));
    scene.push("# three\n");
    scene.changed(PullChange::pushed);
    const auto newest = scene.newest();
    CHECK(newest.head == scene.pull.head);
    for (auto late : {PullChange::opened, PullChange::pushed, PullChange::closed}) {
        scene.clock.advance(std::chrono::seconds(1));
        scene.changed(late);
    }
    CHECK(scene.runs() == 2);
    CHECK(scene.newest().id == newest.id);
    CHECK(scene.newest().state == RunState::queued);
    CHECK(scene.record().pull.state == PullState::open);
}

TEST_CASE("F22: where a forge shows our checks no longer, all of them are written again") {
    Scene scene;
    scene.changed(PullChange::opened);
    const auto key = posted_key(scene.pull.name);
    const auto at_head = "slipway@" + scene.pull.head.value;
    auto posted = run_task(scene.io, load<PostedRecord>(*scene.queue, key));
    posted.value.check_digests = {{at_head, "as it is"}, {"slipway@older", "as it was"}};
    posted.value.check_ids = {{at_head, "5"}};
    Commit commit;
    commit.records.push_back(save(key, posted));
    run_task(scene.io, scene.queue->commit(std::move(commit)));

    scene.forge->pulls_by_head[scene.pull.head.value] = {7};
    scene.tell(ChecksLost{infra, scene.pull.head});
    posted = run_task(scene.io, load<PostedRecord>(*scene.queue, key));
    CHECK(posted.value.check_digests[at_head].empty());
    CHECK(posted.value.check_digests["slipway@older"] == "as it was");
    CHECK(posted.value.check_ids[at_head] == "5");
    CHECK(scene.taken.back() == jobs::report(scene.pull.name).id);
    CHECK(scene.runs() == 1);
}

TEST_CASE("a closed pull request takes its waiting runs along") {
    Scene scene;
    scene.changed(PullChange::opened);
    scene.pull.state = PullState::closed;
    scene.forge->pulls[7] = scene.pull;
    scene.changed(PullChange::closed);
    CHECK(scene.newest().state == RunState::canceled);
}

TEST_CASE(
    "F12, F13, W2: edited comments, our own, bots' and quoted ones command nothing; one comment "
    "commands "
    "once") {
    Scene scene;
    Comment good;
    good.id = "1";
    good.pull = scene.pull.name;
    good.author = {infra.forge, "grace"};
    good.body = "/slipway plan";
    struct Case {
        const char* name;
        Comment comment;
        bool commands;
    };
    auto with = [&](auto&& change) {
        Comment out = good;
        change(out);
        return out;
    };
    const Case cases[] = {
        {"good", good, true},
        {"edited", with([](Comment& c) {
             c.id = "2";
             c.edited = true;
         }),
         false},
        {"ours", with([](Comment& c) {
             c.id = "3";
             c.ours = true;
         }),
         false},
        {"bot", with([](Comment& c) {
             c.id = "4";
             c.author.bot = true;
         }),
         false},
        {"quoted", with([](Comment& c) {
             c.id = "5";
             c.body = "> /slipway plan";
         }),
         false},
        {"prose", with([](Comment& c) {
             c.id = "6";
             c.body = "please do /slipway plan";
         }),
         false},
    };
    for (const auto& one : cases) {
        CAPTURE(one.name);
        scene.forge->comments[one.comment.id] = one.comment;
        auto leave = [&]() -> Task<bool> {
            Delivery delivery;
            delivery.forge = infra.forge;
            delivery.id = std::string("comment-") + one.name;
            delivery.event = "any";
            delivery.body = "{}";
            scene.forge->event =
                CommentCreated{scene.pull.name, one.comment.id, one.comment.author, {}};
            co_await scene.queue->accept(delivery);
            auto context = scene.context();
            for (bool reacted = false; !reacted;) {  // what earlier comments left is passed over
                auto job = co_await scene.queue->claim("service", "test", std::chrono::seconds(30),
                                                       std::chrono::milliseconds(0));
                reacted = job->job.kind == JobKind::event;
                if (reacted) co_await react(context, std::move(*job));
            }
            auto place =
                co_await scene.queue->place_in_queue(JobId("command/forge.test/" + one.comment.id));
            co_return place.has_value();
        };
        CHECK(run_task(scene.io, leave()) == one.commands);
    }
    // The same comment under another delivery: taken already.
    Commit again;
    again.once.push_back("comment/forge.test/1");
    auto taken = scene.queue->commit(std::move(again));
    CHECK(run_task(scene.io, std::move(taken)) == Committed::conflict);
}

TEST_CASE(
    "a comment whose signed payload shows no command costs no call; one that does is read again") {
    Comment comment;
    comment.id = "1";
    comment.author = {infra.forge, "grace"};
    struct Case {
        const char* name;
        std::optional<std::string> sent;
        std::string now;
        int reads;
        bool commands;
    };
    const Case cases[] = {
        {"a remark", "Thank you!", "Thank you!", 0, false},
        {"a quoted command", "> /slipway plan", "> /slipway plan", 0, false},
        {"a remark that became a command", "Thank you!", "/slipway plan", 0, false},
        {"a command that became a remark", "/slipway plan", "Thank you!", 1, false},
        {"a command that became another one", "/slipway plan", "/slipway apply", 1, false},
        {"a command", "/slipway plan", "/slipway plan", 1, true},
        {"a payload without its text", std::nullopt, "/slipway plan", 1, true},
    };
    for (const auto& one : cases) {
        CAPTURE(one.name);
        Scene scene;
        comment.body = one.now;
        scene.forge->comments["1"] = comment;
        scene.tell(CommentCreated{scene.pull.name, "1", comment.author, one.sent});
        CHECK(scene.forge->count("comment") == one.reads);
        Commit taken;
        taken.once.push_back("comment/forge.test/1");
        const bool commanded =
            run_task(scene.io, scene.queue->commit(std::move(taken))) == Committed::conflict;
        CHECK(commanded == one.commands);
    }
}

TEST_CASE("a review has the reviews of its pull request read again, whoever has just read them") {
    Scene scene;
    Stored<PullRecord> record;
    record.value.pull = scene.pull;
    record.value.reviews_read = true;
    Commit keep;
    keep.records.push_back(save(pull_key(scene.pull.name), record));
    run_task(scene.io, scene.queue->commit(std::move(keep)));
    for (std::uint64_t version : {2, 3}) {
        scene.tell(ReviewChanged{scene.pull.name, scene.pull.author});
        auto now = run_task(scene.io, load<PullRecord>(*scene.queue, pull_key(scene.pull.name)));
        CHECK(!now.value.reviews_read);
        CHECK(now.version == version);
    }
}

TEST_CASE("F15: a merge queue's commit is not left without the required check") {
    Scene scene;
    const CommitSha group("9fceb02d0ae598e95dc970b74767f19372d61af8");
    auto leave = [&]() -> Task<bool> {
        Delivery delivery;
        delivery.forge = infra.forge;
        delivery.id = "group";
        delivery.event = "any";
        delivery.body = "{}";
        scene.forge->event = MergeGroupRequested{infra, group, scene.pull.head, "main"};
        co_await scene.queue->accept(delivery);
        auto job = co_await scene.queue->claim("service", "test", std::chrono::seconds(30),
                                               std::chrono::milliseconds(0));
        auto context = scene.context();
        co_await react(context, std::move(*job));
        auto place = co_await scene.queue->place_in_queue(
            JobId("pass/forge.test/acme/infra/" + group.value));
        co_return place.has_value();
    };
    CHECK(run_task(scene.io, leave()));
}

TEST_CASE(
    "an event about a pull request that the forge does not know is asked for again, then left "
    "alone") {
    Scene scene;
    PullRequestName nobody{infra, 99};
    CHECK_THROWS_AS(scene.tell(PullRequestChanged{nobody, PullChange::opened, {}}, 1), Failure);
    Scene patient;
    CHECK_NOTHROW(patient.tell(PullRequestChanged{nobody, PullChange::opened, {}}, 5));
    CHECK(patient.runs() == 0);
}

TEST_CASE(
    "a push is looked at again while the pull request that seems to have brought it is not merged "
    "yet") {
    for (const bool squashed : {true, false}) {
        CAPTURE(squashed);
        auto push = [&](Scene& scene) {
            BranchPushed out;
            out.repository = infra;
            out.branch = "main";
            scene.git.git({"checkout", "-q", "main"});
            out.before = CommitSha(scene.git.git({"rev-parse", "main"}));
            if (squashed) {  // the forge's message names it
                scene.git.git({"merge", "-q", "--squash", "topic"});
                scene.git.git({"commit", "-q", "-m", "Make it two (#7)"});
            } else {  // its head is a parent
                scene.git.git({"merge", "-q", "--no-ff", "-m", "Make it two", "topic"});
                scene.forge->pulls_by_head[scene.pull.head.value] = {7};
            }
            out.after = CommitSha(scene.git.git({"rev-parse", "main"}));
            out.sender = scene.pull.author;
            return out;
        };
        auto looked_at_early = [&](Scene& scene, const BranchPushed& pushed) {
            CHECK_THROWS_WITH_AS(scene.tell(pushed),
                                 "pull request 7 of forge.test/acme/infra is not merged yet",
                                 Failure);
            CHECK(scene.runs() == 0);
        };

        Scene merged_then;
        auto pushed = push(merged_then);
        looked_at_early(merged_then, pushed);
        merged_then.pull.state = PullState::merged;
        merged_then.pull.merge_commit = pushed.after;
        merged_then.forge->pulls[7] = merged_then.pull;
        merged_then.forge->pulls_by_commit[pushed.after.value] = {7};
        merged_then.tell(pushed, 2);
        REQUIRE(merged_then.runs() == 1);
        CHECK(merged_then.newest().pull == 7);
        CHECK(merged_then.newest().must_confirm.empty());

        Scene never_merged;
        pushed = push(never_merged);
        looked_at_early(never_merged, pushed);
        never_merged.tell(pushed, 5);
        REQUIRE(never_merged.runs() == 1);
        CHECK(!never_merged.newest().pull);
        CHECK(never_merged.newest().must_confirm == Reason{Cause::no_merged_pull, "main"});

        Scene of_another_branch;
        of_another_branch.pull.base_branch = "release";
        of_another_branch.forge->pulls[7] = of_another_branch.pull;
        pushed = push(of_another_branch);
        of_another_branch.tell(pushed);
        CHECK(of_another_branch.runs() == 1);
    }
}
