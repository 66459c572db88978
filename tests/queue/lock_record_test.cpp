// What a lock of a stack is made of, in both queues: a record whose version guards it, and a job
// that comes when it expires unless it is lifted before.
#include "queue/store.hpp"
#include "service/model/stack_lock.hpp"
#include "tests/queue/both_queues.hpp"

namespace slipway {

namespace {

const StackId net("net");

StackLock lock_until(std::int64_t expires_at_ms) {
    StackLock out;
    out.stack = net;
    out.holder = {"forge.test", "ada"};
    out.note = "migration \xE2\x82\xAC \"tonight\"";
    out.since_ms = test_start_ms;
    out.expires_at_ms = expires_at_ms;
    return out;
}

Job end_of(const StackLock& lock) {
    auto job = make_job(jobs::lock_changed(net, lock.expires_at_ms), net);
    job.not_before_ms = lock.expires_at_ms;
    return job;
}

}  // namespace

TEST_CASE_TEMPLATE("a lock is kept whole, and of two at once one is set", Where, BOTH_QUEUES) {
    Fixture<Where> t;
    const auto none = t.get(load<StackLock>(t.queue(), lock_key(net)));
    CHECK(none.version == 0);
    CHECK_FALSE(holds(none.value, test_start_ms));
    auto first = none, second = none;
    first.value = lock_until(test_start_ms + 1000);
    second.value = lock_until(test_start_ms + 2000);
    Commit one, other;
    one.records.push_back(save(lock_key(net), first));
    one.index.push_back({locks_index(), net.value, first.value.since_ms});
    other.records.push_back(save(lock_key(net), second));
    CHECK(t.commit(one) == Committed::done);
    CHECK(t.commit(other) == Committed::conflict);
    const auto listed = t.get(load_listed<StackLock>(
        t.queue(), locks_index(), [](const std::string& name) { return lock_key(StackId(name)); }));
    CHECK(listed == std::vector<StackLock>{first.value});
    const auto why = why_locked(first.value, test_start_ms);
    CHECK(decode<Reason>(encode(why)).value() == why);
}

TEST_CASE_TEMPLATE("the end of a lock is a job of that time, which goes with the lock", Where,
                   BOTH_QUEUES) {
    Fixture<Where> t;
    const auto lock = lock_until(test_start_ms + 1000);
    t.leave(end_of(lock));
    CHECK(t.claimed_id() == "");
    SUBCASE("it expires") {
        t.pass(std::chrono::milliseconds(1000));
        CHECK(t.claimed_id() == end_of(lock).id.value);
    }
    SUBCASE("it is prolonged, in one commit with the end of the first") {
        const auto longer = lock_until(test_start_ms + 5000);
        Commit commit;
        commit.cancel.push_back(end_of(lock).id);
        commit.jobs.push_back(end_of(longer));
        CHECK(t.commit(commit) == Committed::done);
        t.pass(std::chrono::milliseconds(1000));
        CHECK(t.claimed_id() == "");
        t.pass(std::chrono::milliseconds(4000));
        CHECK(t.claimed_id() == end_of(longer).id.value);
    }
}

}  // namespace slipway
