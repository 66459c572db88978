// Jobs from being left to their end: order, coalescing, leases, retries, what lapses. For both
// queues.
#include "tests/queue/both_queues.hpp"

namespace slipway {
using namespace std::chrono_literals;

TEST_CASE_TEMPLATE("jobs are claimed first in, first out, also those left in one commit", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave({job("a"), job("b")});
    t.leave(job("c"));
    auto elsewhere = job("other");
    elsewhere.queue = "work/pool";
    t.leave(elsewhere);

    auto first = t.claim();
    REQUIRE(first);
    CHECK(first->job == job("a"));
    CHECK(first->attempt == 1);
    CHECK(first->lease.job.value == "a");
    CHECK(t.claimed_id() == "b");
    CHECK(t.claimed_id() == "c");
    CHECK(t.claimed_id() == "");
    CHECK(t.claimed_id("work/pool") == "other");
}

TEST_CASE_TEMPLATE("a priority is worth five minutes of waiting, so that nothing starves", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("old"));
    t.pass(5min - 1s);
    t.leave(job("soon", 1));
    t.pass(2s);
    t.leave(job("late", 1));
    CHECK(t.claimed_id() == "soon");
    CHECK(t.claimed_id() == "old");
    CHECK(t.claimed_id() == "late");
}

TEST_CASE_TEMPLATE("a job says how many stand before it while it waits", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave({job("a"), job("b"), job("urgent", 3), job("later", 0, test_start_ms + 60'000)});
    auto place = [&](const char* id) { return t.get(t.queue().place_in_queue(JobId(id))); };
    CHECK(place("urgent") == 0);
    CHECK(place("a") == 1);
    CHECK(place("b") == 2);
    CHECK(!place("later"));
    CHECK(!place("nobody"));
    CHECK(t.claimed_id() == "urgent");
    CHECK(!place("urgent"));
    CHECK(place("b") == 1);
}

TEST_CASE_TEMPLATE("asking twice is asking once", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    SUBCASE("while it waits it is left as it is") {
        t.leave({job("a"), job("b")});
        auto other = job("a", 9, test_start_ms + 60'000);
        other.payload = "{}";
        t.leave(other);
        auto claimed = t.claim();
        REQUIRE(claimed);
        CHECK(claimed->job == job("a"));
        CHECK(t.claimed_id() == "b");
        CHECK(t.claimed_id() == "");
    }
    SUBCASE("a delayed one is pulled forward by an earlier time only") {
        t.leave(job("a", 0, test_start_ms + 20'000));
        t.leave(job("a", 0, test_start_ms + 30'000));
        t.leave(job("a", 0, test_start_ms + 10'000));
        t.pass(9'999ms);
        CHECK(t.claimed_id() == "");
        t.pass(1ms);
        CHECK(t.claimed_id() == "a");
    }
    SUBCASE("a delayed one is pulled forward to now") {
        t.leave(job("a", 0, test_start_ms + 20'000));
        t.leave(job("a"));
        CHECK(t.claimed_id() == "a");
    }
    SUBCASE("while it is worked on it runs once more, with what was asked") {
        t.leave(job("a"));
        auto first = t.claim();
        REQUIRE(first);
        auto more = job("a");
        more.payload = R"({"newer":true})";
        t.leave(more);
        t.leave(job("a"));
        CHECK(t.claimed_id() == "");
        CHECK(t.get(t.queue().finish(first->lease)));
        auto second = t.claim();
        REQUIRE(second);
        CHECK(second->job == more);
        CHECK(second->attempt == 1);
        CHECK(second->lease.fence > first->lease.fence);
        CHECK(t.get(t.queue().finish(second->lease)));
        CHECK(t.claimed_id() == "");
    }
    SUBCASE("a dead one waits again") {
        t.leave(job("a"));
        CHECK(t.get(t.queue().dead_letter(t.claim()->lease, "poison")));
        CHECK(t.get(t.queue().status()).dead == 1);
        t.leave(job("a"));
        CHECK(t.get(t.queue().status()).dead == 0);
        auto again = t.claim();
        REQUIRE(again);
        CHECK(again->attempt == 1);
        CHECK(t.expire().empty());
    }
    SUBCASE("one that backs off keeps its delay") {
        t.leave(job("a"));
        CHECK(t.get(t.queue().retry(t.claim()->lease, 60s, "the forge asks for patience")));
        t.leave(job("a"));
        CHECK(t.claimed_id() == "");
        t.pass(60s);
        CHECK(t.claimed_id() == "a");
    }
}

TEST_CASE_TEMPLATE("a lease that held at the time that is asked about is not taken back", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("a"));
    t.claim();
    const auto as_of = t.get(t.queue().now_ms());
    CHECK(as_of == test_start_ms);
    t.pass(31s);
    CHECK(t.get(t.queue().expire(as_of)).empty());
    CHECK(t.get(t.queue().expire(as_of + 29'999)).empty());
    CHECK(t.get(t.queue().expire(as_of + 30'000)).size() == 1);
}

TEST_CASE_TEMPLATE("whoever comes with an older fence is refused", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("a"));
    auto old = t.claim();
    REQUIRE(old);
    t.pass(30s);
    CHECK(t.expire() == Words{"a again"});
    CHECK(t.get(t.queue().renew(old->lease, 30s)) == Renewed::lost);
    auto now = t.claim();
    REQUIRE(now);
    CHECK(now->attempt == 2);
    CHECK(now->lease.fence > old->lease.fence);

    CHECK(t.get(t.queue().renew(old->lease, 30s)) == Renewed::lost);
    CHECK(!t.get(t.queue().finish(old->lease)));
    CHECK(!t.get(t.queue().retry(old->lease, 0ms, "")));
    CHECK(!t.get(t.queue().dead_letter(old->lease, "")));
    CHECK(!t.get(t.queue().begin_apply(old->lease, "done/x")));
    auto late = record("run/1", 0, "{}");
    late.holding = old->lease;
    CHECK(t.commit(late) == Committed::stale);
    CHECK(t.get(t.queue().read("run/1")).version == 0);

    late.holding = now->lease;
    CHECK(t.commit(late) == Committed::done);
    CHECK(t.get(t.queue().finish(now->lease)));
}

TEST_CASE_TEMPLATE("a lease tells its job as long as it holds", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    auto left = job("a");
    left.repository = "hub/acme/infra";
    left.payload = "{\"n\":1}";
    t.leave(left);
    const auto first = t.claim();
    REQUIRE(first);
    auto never = first->lease;
    ++never.fence;
    CHECK(t.get(t.queue().leased(first->lease)) == left);
    CHECK_FALSE(t.get(t.queue().leased(never)));
    CHECK_FALSE(t.get(t.queue().leased({JobId("nobody"), first->lease.fence})));

    t.pass(31s);
    t.expire();
    CHECK_FALSE(t.get(t.queue().leased(first->lease)));
    const auto second = t.claim();
    REQUIRE(second);
    CHECK_FALSE(t.get(t.queue().leased(first->lease)));
    CHECK(t.get(t.queue().leased(second->lease)) == left);
    t.get(t.queue().finish(second->lease));
    CHECK_FALSE(t.get(t.queue().leased(second->lease)));
}

TEST_CASE_TEMPLATE("a lease is renewed for as long as somebody works", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("a"));
    auto claimed = t.claim();
    REQUIRE(claimed);
    for (int i = 0; i < 5; ++i) {
        t.pass(29s);
        CHECK(t.expire().empty());
        CHECK(t.get(t.queue().renew(claimed->lease, 30s)) == Renewed::held);
    }
    // Past its time but not yet taken back: nobody else can have it, so the work is not thrown
    // away.
    t.pass(31s);
    CHECK(t.get(t.queue().finish(claimed->lease)));
    CHECK(t.expire().empty());
}

TEST_CASE_TEMPLATE("a job that lapsed goes back to its old place", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("a"));
    CHECK(t.claimed_id() == "a");
    t.leave(job("b"));
    t.pass(30s);
    CHECK(t.expire() == Words{"a again"});
    CHECK(t.claimed_id() == "a");
}

TEST_CASE_TEMPLATE("a job that crashes its holder eight times is dead and named until acknowledged",
                   Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("poison"));
    for (int attempt = 1; attempt <= attempts_limit; ++attempt) {
        auto claimed = t.claim();
        REQUIRE(claimed);
        CHECK(claimed->attempt == attempt);
        t.pass(30s);
        CHECK(t.expire() == Words{attempt < attempts_limit ? "poison again" : "poison dead"});
    }
    CHECK(t.claimed_id() == "");
    CHECK(t.get(t.queue().status()).dead == 1);
    CHECK(t.expire().empty());
    t.pass(30s);
    CHECK(t.expire() == Words{"poison dead"});
    t.get(t.queue().acknowledge_expired(JobId("poison")));
    t.pass(1h);
    CHECK(t.expire().empty());
    CHECK(t.get(t.queue().status()).dead == 1);
}

TEST_CASE_TEMPLATE("retries wait their delay and end after the last attempt", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("a"));
    for (int attempt = 1; attempt < attempts_limit; ++attempt) {
        auto claimed = t.claim();
        REQUIRE(claimed);
        CHECK(t.get(t.queue().retry(claimed->lease, 10s, "try " + std::to_string(attempt))));
        CHECK(t.get(t.queue().status()).delayed == 1);
        CHECK(t.claimed_id() == "");
        t.pass(10s);
    }
    CHECK(t.get(t.queue().retry(t.claim()->lease, 10s, "the disk is full")));
    auto lapsed = t.get(t.queue().expire());
    REQUIRE(lapsed.size() == 1);
    CHECK(lapsed[0].fate == Lapsed::Fate::dead);
    CHECK(lapsed[0].why == "the disk is full");
    CHECK(lapsed[0].job == job("a"));
}

TEST_CASE_TEMPLATE("a job that is put back waits its time as often as it must", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("a"));
    for (int pause = 0; pause < 2 * attempts_limit; ++pause) {
        auto claimed = t.claim();
        REQUIRE(claimed);
        CHECK(claimed->attempt == 1);
        CHECK(t.get(t.queue().put_back(claimed->lease, 10s, "the forge's limits")));
        CHECK(!t.get(t.queue().put_back(claimed->lease, 10s, "twice")));
        CHECK(t.claimed_id() == "");
        t.pass(10s);
    }
    CHECK(t.get(t.queue().status()).dead == 0);
}

TEST_CASE_TEMPLATE("a retry at once goes to the front", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave({job("a"), job("b")});
    CHECK(t.get(t.queue().retry(t.claim()->lease, 0ms, "")));
    CHECK(t.claimed_id() == "a");
}

TEST_CASE_TEMPLATE("a cancelled job is dropped where it waits and marked where it is worked on",
                   Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave({job("leased"), job("waiting"), job("delayed", 0, test_start_ms + 1000)});
    auto claimed = t.claim();
    REQUIRE(claimed);
    t.leave(job("leased"));
    Commit cancel;
    for (const char* id : {"leased", "waiting", "delayed", "nobody"})
        cancel.cancel.push_back(JobId(id));
    CHECK(t.commit(cancel) == Committed::done);
    t.pass(1s);
    CHECK(t.claimed_id() == "");
    CHECK(t.get(t.queue().renew(claimed->lease, 30s)) == Renewed::cancel_wanted);
    CHECK(!t.get(t.queue().begin_apply(claimed->lease, "done/x")));

    SUBCASE("the mark stays over a lapse") {
        t.pass(30s);
        CHECK(t.expire() == Words{"leased again"});
        auto again = t.claim();
        REQUIRE(again);
        CHECK(t.get(t.queue().renew(again->lease, 30s)) == Renewed::cancel_wanted);
    }
    SUBCASE("and ends with the job") {
        CHECK(t.get(t.queue().finish(claimed->lease)));
        t.leave(job("leased"));
        CHECK(t.get(t.queue().renew(t.claim()->lease, 30s)) == Renewed::held);
    }
}

TEST_CASE_TEMPLATE("an apply begins with its record in one commit, or not at all", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("apply"));
    auto claimed = t.claim();
    REQUIRE(claimed);
    auto begins = record("run", 0, "{}");
    begins.holding = claimed->lease;
    begins.begin = true;
    begins.once = {"done/digest"};

    SUBCASE("it begins") {
        CHECK(t.commit(begins) == Committed::done);
        CHECK(t.commit(begins) == Committed::conflict);
        CHECK(t.get(t.queue().begin_apply(claimed->lease,
                                          "done/digest")));  // whose answer was lost may ask
        t.pass(30s);
        CHECK(t.expire() == Words{"apply unknown"});
    }
    SUBCASE("somebody wanted it cancelled") {
        Commit cancel;
        cancel.cancel = {JobId("apply")};
        t.commit(cancel);
        CHECK(t.commit(begins) == Committed::conflict);
        CHECK(t.get(t.queue().read("run")).version == 0);
        t.pass(30s);
        CHECK(t.expire() == Words{"apply again"});
    }
    SUBCASE("the record moved on") {
        t.commit(record("run", 0, "{}"));
        CHECK(t.commit(begins) == Committed::conflict);
        t.pass(30s);
        CHECK(t.expire() == Words{"apply again"});
    }
    SUBCASE("the lease had gone") {
        t.pass(30s);
        t.expire();
        CHECK(t.commit(begins) == Committed::stale);
    }
}

TEST_CASE_TEMPLATE("leases of a process that died end at once", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave({job("apply"), job("plan", -1)});
    auto apply = t.claim(), plan = t.claim();
    REQUIRE((apply && plan));
    REQUIRE(t.get(t.queue().begin_apply(apply->lease, "done/digest")));
    CHECK(t.expire().empty());
    CHECK(t.get(t.queue().end_leases()) == 2);
    CHECK(t.expire() == Words{"plan again", "apply unknown"});
    CHECK(t.claimed_id() == "plan");
}

TEST_CASE_TEMPLATE(
    "an apply that began and was not seen to end is unknown, and never runs by itself", Where,
    BOTH_QUEUES) {
    Fixture<Where> t;
    t.leave(job("apply"));
    auto claimed = t.claim();
    REQUIRE(claimed);
    CHECK(t.get(t.queue().begin_apply(claimed->lease, "done/digest")));
    CHECK(t.get(t.queue().begin_apply(claimed->lease, "done/digest")));  // a reply was lost

    SUBCASE("its lease ran out") { t.pass(30s); }
    SUBCASE("its holder wanted a retry") {
        CHECK(t.get(t.queue().retry(claimed->lease, 0ms, "confused")));
    }
    SUBCASE("its holder buried it") {
        CHECK(t.get(t.queue().dead_letter(claimed->lease, "confused")));
    }
    SUBCASE("it was asked for again meanwhile") {
        t.leave(job("apply"));
        t.pass(30s);
    }
    CHECK(t.expire() == Words{"apply unknown"});
    CHECK(!t.get(t.queue().finish(claimed->lease)));
    t.leave(job("apply"));
    t.pass(30s);
    CHECK(t.expire() == Words{"apply unknown"});
    CHECK(t.claimed_id() == "");
    t.get(t.queue().acknowledge_expired(JobId("apply")));
    t.pass(1h);
    CHECK(t.expire().empty());

    // Somebody leaves the job anew: the plan's name stays taken.
    t.leave(job("apply"));
    auto anew = t.claim();
    REQUIRE(anew);
    CHECK(!t.get(t.queue().begin_apply(anew->lease, "done/digest")));
    Commit commit;
    commit.once = {"done/digest"};
    CHECK(t.commit(commit) == Committed::conflict);
}

TEST_CASE_TEMPLATE("a waiting claim is woken by a job, and gives up in time", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    CHECK(!t.claim("service", 20ms));

    std::optional<ClaimedJob> woken;
    std::chrono::steady_clock::time_point left_at, woken_at;
    auto waiter = [&]() -> Task<void> {
        woken = co_await t.queue().claim("service", "tester", 30s, 20s);
        woken_at = std::chrono::steady_clock::now();
    };
    auto leaver = [&]() -> Task<void> {
        Commit commit;
        commit.jobs.push_back(job("a"));
        co_await sleep_for(50ms);  // the claim has looked and found nothing
        left_at = std::chrono::steady_clock::now();
        co_await t.queue().commit(std::move(commit));
    };
    spawn(t.io.get_executor(), leaver());
    t.get(waiter());
    REQUIRE(woken);
    CHECK(woken->job.id.value == "a");
    CHECK(woken_at - left_at < 500ms);  // not by the second's poll
}

TEST_CASE_TEMPLATE("the status counts what waits by queue", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    auto work = job("w");
    work.queue = "work/pool";
    t.leave({job("a"), job("b"), job("c"), work, job("later", 0, test_start_ms + 1)});
    t.claim();
    t.get(t.queue().dead_letter(t.claim()->lease, "poison"));
    auto status = t.get(t.queue().status());
    CHECK(status.waiting == std::map<std::string, std::int64_t>{{"service", 1}, {"work/pool", 1}});
    CHECK(status.leased == 1);
    CHECK(status.delayed == 1);
    CHECK(status.dead == 1);
}

}  // namespace slipway
