// Records, lanes, indexes, deliveries and logs: what a commit keeps. For both queues.
#include "queue/store.hpp"
#include "tests/queue/both_queues.hpp"

namespace slipway {
using namespace std::chrono_literals;

TEST_CASE_TEMPLATE("a record's version rises by one and guards each write", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    CHECK(t.get(t.queue().read("run/1")) == Record{});
    CHECK(t.commit(record("run/1", 0, "one")) == Committed::done);
    CHECK(t.get(t.queue().read("run/1")) == Record{1, "one"});
    CHECK(t.commit(record("run/1", 0, "other")) == Committed::conflict);
    CHECK(t.commit(record("run/1", 1, "two\nlines")) == Committed::done);
    CHECK(t.commit(record("run/1", 1, "late")) == Committed::conflict);
    CHECK(t.commit(record("run/2", 1, "absent")) == Committed::conflict);
    std::vector<std::string> keys = {"run/2", "run/1"};
    CHECK(t.get(t.queue().read_many(keys)) == std::vector<Record>{{}, {2, "two\nlines"}});
    CHECK(t.get(t.queue().read_many({})).empty());
}

TEST_CASE_TEMPLATE("a commit happens whole or not at all", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.commit(record("run/1", 0, "{}"));
    t.leave(job("holding"));
    auto claimed = t.claim();
    REQUIRE(claimed);

    Commit commit;
    commit.holding = claimed->lease;
    commit.finish = true;
    commit.once = {"done/1"};
    commit.records = {{"run/1", 1, "new"}, {"run/2", 0, "new"}};
    commit.enter = {{"lane", "member", job("in lane")}};
    commit.index = {{"runs", "run/1", 7}};
    commit.jobs = {job("next")};

    auto nothing_happened = [&] {
        CHECK(t.get(t.queue().read("run/1")) == Record{1, "{}"});
        CHECK(t.get(t.queue().read("run/2")).version == 0);
        CHECK(t.get(t.queue().lane("lane")).empty());
        CHECK(t.get(t.queue().list("runs", 0, 10)).empty());
        CHECK(t.claimed_id() == "");
        CHECK(t.get(t.queue().renew(claimed->lease, 30s)) == Renewed::held);
    };
    SUBCASE("the last version is wrong") {
        commit.records[1].expected_version = 3;
        CHECK(t.commit(commit) == Committed::conflict);
        nothing_happened();
        commit.records[1].expected_version = 0;
    }
    SUBCASE("the lease is of somebody else") {
        ++commit.holding->fence;
        CHECK(t.commit(commit) == Committed::stale);
        nothing_happened();
        --commit.holding->fence;
    }
    SUBCASE("the name was taken") {
        Commit other;
        other.once = {"done/2"};
        CHECK(t.commit(other) == Committed::done);
        commit.once = {"done/1", "done/2"};
        CHECK(t.commit(commit) == Committed::conflict);
        nothing_happened();
        commit.once = {"done/1"};
    }
    CHECK(t.commit(commit) == Committed::done);
    CHECK(t.get(t.queue().read("run/2")) == Record{1, "new"});
    CHECK(t.get(t.queue().renew(claimed->lease, 30s)) == Renewed::lost);
    CHECK(t.claimed_id() == "in lane");
    CHECK(t.claimed_id() == "next");
    // The reply was lost and the caller asks again: nothing happens twice.
    CHECK(t.commit(commit) == Committed::stale);
    CHECK(t.claimed_id() == "");
}

TEST_CASE_TEMPLATE("a commit that contradicts itself is refused", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    Commit commit;
    SUBCASE("finish without a lease") { commit.finish = true; }
    SUBCASE("a record twice") { commit.records = {{"a", 0, "1"}, {"a", 0, "2"}}; }
    SUBCASE("a name twice") { commit.once = {"a", "a"}; }
    SUBCASE("too many records") {
        for (int i = 0; i < 4097; ++i) commit.records.push_back({"r" + std::to_string(i), 0, "{}"});
    }
    CHECK_THROWS_AS(t.commit(commit), Failure);
}

TEST_CASE_TEMPLATE("a commit of 4 096 records is one commit", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    Commit commit;
    for (int i = 0; i < 4096; ++i) commit.records.push_back({"r" + std::to_string(i), 0, "{}"});
    CHECK(t.commit(commit) == Committed::done);
    CHECK(t.get(t.queue().read("r4095")) == Record{1, "{}"});
}

TEST_CASE_TEMPLATE("a finished job may leave itself again in the same commit", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("a"));
    Commit commit;
    commit.holding = t.claim()->lease;
    commit.finish = true;
    commit.jobs = {job("a", 0, test_start_ms + 1000)};
    CHECK(t.commit(commit) == Committed::done);
    CHECK(t.claimed_id() == "");
    t.pass(1s);
    CHECK(t.claimed_id() == "a");
}

TEST_CASE_TEMPLATE("a lane lets one go at a time, in the order of entering", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    auto enter = [&](const char* member) {
        Commit commit;
        commit.enter = {{"stack/x", member, job(std::string("job ") + member)}};
        t.commit(commit);
    };
    auto leave = [&](const char* member) {
        Commit commit;
        commit.leave = {{"stack/x", member}};
        t.commit(commit);
    };
    for (const char* member : {"1", "2", "3", "4"}) enter(member);
    enter("2");  // keeps its place
    CHECK(t.get(t.queue().lane("stack/x")) == Words{"1", "2", "3", "4"});
    CHECK(t.claimed_id() == "job 1");
    CHECK(t.claimed_id() == "");

    leave("3");  // not the first: nobody's turn comes
    CHECK(t.claimed_id() == "");
    leave("1");
    leave("1");
    CHECK(t.claimed_id() == "job 2");
    CHECK(t.claimed_id() == "");
    leave("2");
    CHECK(t.claimed_id() == "job 4");
    leave("4");
    leave("nobody");
    CHECK(t.get(t.queue().lane("stack/x")).empty());
    enter("5");
    CHECK(t.claimed_id() == "job 5");
}

TEST_CASE_TEMPLATE("one commit leaves a lane and enters it: the next one goes first", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    Commit first;
    first.enter = {{"lane", "a", job("a")}, {"lane", "b", job("b")}};
    t.commit(first);
    CHECK(t.claimed_id() == "a");
    Commit turn;
    turn.leave = {{"lane", "a"}};
    turn.enter = {{"lane", "a", job("a again")}};
    t.commit(turn);
    CHECK(t.get(t.queue().lane("lane")) == Words{"b", "a"});
    CHECK(t.claimed_id() == "b");
    CHECK(t.claimed_id() == "");
}

TEST_CASE_TEMPLATE("an index lists newest first, page by page", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    Commit commit;
    for (int i = 1; i <= 5; ++i)
        commit.index.push_back({"runs", "run/" + std::to_string(i), i * 10});
    commit.index.push_back({"runs", "run/1", 60});
    t.commit(commit);
    using Page = std::vector<std::pair<std::string, std::int64_t>>;
    CHECK(t.get(t.queue().list("runs", 0, 3)) == Page{{"run/1", 60}, {"run/5", 50}, {"run/4", 40}});
    CHECK(t.get(t.queue().list("runs", 40, 3)) == Page{{"run/3", 30}, {"run/2", 20}});
    CHECK(t.get(t.queue().list("runs", 0, 0)).empty());
    CHECK(t.get(t.queue().list("none", 0, 3)).empty());
}

TEST_CASE_TEMPLATE("a delivery is stored once, with the job that reacts to it", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    Delivery push{"github.com", "guid-1", "push", R"({"ref":"refs/heads/main"})", 1234};
    CHECK(t.get(t.queue().accept(push)) == Accepted::stored);
    CHECK(t.get(t.queue().accept(push)) == Accepted::duplicate);
    auto other_forge = push;
    other_forge.forge = "git.acme.org";
    CHECK(t.get(t.queue().accept(other_forge)) == Accepted::stored);

    auto claimed = t.claim();
    REQUIRE(claimed);
    CHECK(claimed->job.id.value == "event/github.com/guid-1");
    CHECK(claimed->job.kind == JobKind::event);
    auto stored = t.get(t.queue().delivery("github.com", "guid-1"));
    REQUIRE(stored);
    CHECK(encode(*stored) == encode(push));
    CHECK(!t.get(t.queue().delivery("github.com", "guid-2")));

    // Done, and still known.
    CHECK(t.get(t.queue().finish(claimed->lease)));
    CHECK(t.get(t.queue().accept(push)) == Accepted::duplicate);
    CHECK(t.claimed_id() == "event/git.acme.org/guid-1");
    CHECK(t.claimed_id() == "");
}

TEST_CASE_TEMPLATE(
    "a webhook that is delivered again after its job died is reacted to again, not otherwise",
    Where, BOTH_QUEUES) {
    Fixture<Where> t;
    Delivery push{"github.com", "guid-1", "push", "{}", 1};
    CHECK(t.get(t.queue().accept(push)) == Accepted::stored);
    CHECK(t.get(t.queue().accept(push)) == Accepted::duplicate);
    auto claimed = t.claim();
    REQUIRE(claimed);
    CHECK(t.get(t.queue().accept(push)) == Accepted::duplicate);
    CHECK(t.get(t.queue().dead_letter(claimed->lease, "the forge refuses our key")));
    CHECK(t.claimed_id() == "");
    CHECK(t.get(t.queue().accept(push)) == Accepted::duplicate);
    CHECK(t.get(t.queue().status()).dead == 0);
    claimed = t.claim();
    REQUIRE(claimed);
    CHECK(claimed->job.id.value == "event/github.com/guid-1");
    CHECK(claimed->attempt == 1);
    CHECK(t.get(t.queue().finish(claimed->lease)));
    CHECK(t.get(t.queue().accept(push)) == Accepted::duplicate);
    CHECK(t.claimed_id() == "");
}

TEST_CASE_TEMPLATE("another event under a known id is not a duplicate and replaces nothing", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    Delivery push{"github.com", "guid-1", "push", "{}", 1};
    Delivery other{"github.com", "guid-1", "issue_comment", R"({"a":1})", 2};
    CHECK(t.get(t.queue().accept(push)) == Accepted::stored);
    CHECK(t.get(t.queue().accept(other)) == Accepted::stored);
    CHECK(t.get(t.queue().accept(other)) == Accepted::duplicate);
    CHECK(t.get(t.queue().accept(push)) == Accepted::duplicate);
    CHECK(t.get(t.queue().delivery("github.com", "guid-1"))->event == "push");
    CHECK(t.get(t.queue().delivery("github.com", "guid-1~issue_comment"))->body == R"({"a":1})");
    CHECK(t.claimed_id() == "event/github.com/guid-1");
    CHECK(t.claimed_id() == "event/github.com/guid-1~issue_comment");
}

TEST_CASE_TEMPLATE("bodies of any bytes and sizes come back as they were", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    std::string noise;
    for (unsigned i = 0, x = 1; i < 100'000; ++i)
        noise.push_back(char((x = x * 1664525 + 1013904223) >> 24));
    const std::string bodies[] = {"", "{}", std::string("\0\r\n \xff", 5), noise,
                                  std::string(3'000'000, 'a')};
    for (std::size_t i = 0; i < std::size(bodies); ++i) {
        CAPTURE(i);
        Delivery delivery{"f", "id" + std::to_string(i), "an event: 7\n", bodies[i], 5};
        CHECK(t.get(t.queue().accept(delivery)) == Accepted::stored);
        auto stored = t.get(t.queue().delivery("f", delivery.id));
        REQUIRE(stored);
        CHECK(stored->event == delivery.event);
        CHECK((stored->body == bodies[i]));
    }
}

TEST_CASE_TEMPLATE("a log grows under the newest fence only", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    CHECK(t.get(t.queue().read_log("run", 0, 100)) == "");
    CHECK(t.get(t.queue().append_log("run", 1'800'000'000'000'001, "first ")));
    CHECK(t.get(t.queue().append_log("run", 1'800'000'000'000'002, "second ")));
    CHECK(!t.get(t.queue().append_log("run", 1'800'000'000'000'001, "late")));
    CHECK(t.get(t.queue().append_log("run", 1'800'000'000'000'002, std::string("\0end", 4))));
    CHECK(t.get(t.queue().read_log("run", 6, 100)) == "second " + std::string("\0end", 4));
    CHECK(t.get(t.queue().read_log("run", 6, 3)) == "sec");
    CHECK(t.get(t.queue().read_log("run", 6, 0)) == "");
    CHECK(t.get(t.queue().read_log("run", 600, 3)) == "");
}

TEST_CASE_TEMPLATE("an event can be stored while the queue is well", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    CHECK_NOTHROW(t.get(t.queue().check_storable()));
}

TEST_CASE_TEMPLATE("a run's timeline is stored with the change that it tells of", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    Stored<Run> run;
    run.value.id = RunId("r");
    run.value.kind = RunKind::tracked;
    run.value.state = RunState::planning;
    run.value.plan.emplace().decision.verdict = Verdict::denied;
    REQUIRE(advance(run.value, RunEvent::denied, test_start_ms, "slipway", "no owner"));
    Commit commit;
    commit.records.push_back(save(run_key(run.value.id), run));
    REQUIRE(t.commit(std::move(commit)) == Committed::done);
    const auto back = t.get(load<Run>(t.queue(), run_key(run.value.id)));
    CHECK(back.value.state == RunState::failed);
    REQUIRE(back.value.history.size() == 1);
    const auto& change = back.value.history.front();
    CHECK(change.state == RunState::failed);
    CHECK(change.event == RunEvent::denied);
    CHECK(change.at_ms == test_start_ms);
    CHECK(change.note == "no owner");
    REQUIRE(change.vote);
    CHECK(change.vote->verdict == Verdict::denied);
}

}  // namespace slipway
