#include "queue/consumer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "service/base/pause.hpp"
#include "tests/queue/under_test.hpp"

namespace slipway {
using namespace std::chrono_literals;

TEST_CASE("backoff doubles to five minutes, with full jitter and a floor") {
    CHECK(backoff(1, 0.999) == 999ms);
    CHECK(backoff(1, 0.5) == 500ms);
    CHECK(backoff(4, 0.5) == 4s);
    CHECK(backoff(9, 0.5) == 128s);
    CHECK(backoff(10, 0.5) == 150s);
    CHECK(backoff(1000, 0.999) == 299'700ms);
    CHECK(backoff(1, 0.0) == 50ms);
    CHECK(backoff(8, 0.0) == 50ms);
}

namespace {

// A memory queue on the real clock, a consumer beside it, and its end.
struct Consuming {
    asio::io_context io;
    SystemClock clock;
    std::unique_ptr<Queue> queue = make_memory_queue(io.get_executor(), clock);
    ConsumerOptions options;
    asio::cancellation_signal stop;
    bool ended = false;

    void start(std::function<Task<void>(ClaimedJob)> perform) {
        asio::co_spawn(io, consume(*queue, options, std::move(perform)),
                       asio::bind_cancellation_slot(stop.slot(),
                                                    [this](std::exception_ptr) { ended = true; }));
    }
    void leave(const char* id) {
        Commit commit;
        commit.jobs.push_back(job(id));
        run_task(io, queue->commit(std::move(commit)));
    }
    template <class P>
    void until(P reached) {
        auto wait = [](P predicate) -> Task<void> {
            while (!predicate()) co_await sleep_for(1ms);
        };
        run_task(io, wait(std::move(reached)));
    }
    QueueStatus status() { return run_task(io, queue->status()); }
    void end() {
        stop.emit(asio::cancellation_type::all);
        until([this] { return ended; });
    }
};

}  // namespace

TEST_CASE("a job whose function returns is finished") {
    Consuming t;
    int done = 0;
    t.start([&](ClaimedJob) -> Task<void> {
        ++done;
        co_return;
    });
    t.leave("a");
    t.leave("b");
    t.until([&] { return done == 2 && t.status().leased == 0; });
    CHECK(t.status().waiting.empty());
    t.end();
}

TEST_CASE("a job that its function finished by a commit is left alone") {
    Consuming t;
    Committed committed = Committed::stale;
    t.start([&](ClaimedJob job) -> Task<void> {
        Commit commit;
        commit.holding = job.lease;
        commit.finish = true;
        committed = co_await t.queue->commit(std::move(commit));
    });
    t.leave("a");
    t.until([&] { return t.status().waiting.empty() && t.status().leased == 0; });
    CHECK(committed == Committed::done);
    CHECK(t.status().dead == 0);
    t.end();
}

TEST_CASE("what a function throws says what becomes of the job") {
    struct Row {
        const char* name;
        std::function<void()> fail;
        std::int64_t delayed, dead;
    };
    const Row rows[] = {
        {"trouble that passes", [] { throw Failure("away"); }, 1, 0},
        {"trouble with a time", [] { throw Failure("busy", 10min); }, 1, 0},
        {"a pause", [] { throw Pause("the forge's limits", 10min); }, 1, 0},
        {"trouble for good", [] { throw Failure("malformed", Retry::never); }, 0, 1},
        {"anything else", [] { throw std::runtime_error("a bug"); }, 1, 0},
        {"not even an exception", [] { throw 1; }, 1, 0},
    };
    for (const auto& row : rows) {
        CAPTURE(row.name);
        Consuming t;
        t.start([&](ClaimedJob) -> Task<void> {
            row.fail();
            co_return;
        });
        t.leave("a");
        QueueStatus seen;
        t.until([&] {
            seen = t.status();
            return seen.delayed + seen.dead == 1;
        });
        CHECK(seen.delayed == row.delayed);
        CHECK(seen.dead == row.dead);
        t.end();
    }
}

TEST_CASE("a job that was overtaken runs again in its lease; one that always is counts as tried") {
    Consuming t;
    std::map<std::string, int> runs;
    std::vector<int> attempts;
    t.start([&](ClaimedJob job) -> Task<void> {
        const auto id = job.job.id.value;
        attempts.push_back(job.attempt);
        if (++runs[id] <= 3 || id == "never") throw Overtaken("somebody was faster");
        co_return;
    });
    t.leave("a");
    t.until([&] { return runs["a"] == 4 && t.status().leased == 0; });
    CHECK(t.status().waiting.empty());
    CHECK(attempts == std::vector<int>{1, 1, 1, 1});
    t.leave("never");
    t.until([&] { return attempts.back() == 2; });
    CHECK(runs["never"] > 10);
    t.end();
}

TEST_CASE("no more jobs are worked on at once than allowed, and others when one ends") {
    Consuming t;
    t.options.places.all = 3;
    t.options.place_time = 1h;
    int working = 0, most = 0, done = 0;
    Signal go(t.io.get_executor());
    t.start([&](ClaimedJob) -> Task<void> {
        most = std::max(most, ++working);
        co_await go.wait(10s);
        --working;
        ++done;
    });
    for (const char* id : {"a", "b", "c", "d", "e"}) t.leave(id);
    t.until([&] { return working == 3; });
    CHECK(t.status().waiting["service"] == 2);
    go.notify();
    t.until([&] { return working == 2 && done == 3; });
    go.notify();
    t.until([&] { return done == 5; });
    CHECK(most == 3);
    t.end();
}

TEST_CASE("a lease is renewed while its job is worked on") {
    Consuming t;
    t.options.lease = 500ms;
    t.options.renew_every = 10ms;
    int attempts = 0;
    bool done = false;
    t.start([&](ClaimedJob) -> Task<void> {
        ++attempts;
        for (int i = 0; i < 40; ++i) {
            co_await sleep_for(20ms);
            co_await t.queue->expire();
        }
        done = true;
    });
    t.leave("a");
    t.until([&] { return done; });
    CHECK(attempts == 1);
    t.end();
}

TEST_CASE("a cancelled consumer gives back what it works on and ends") {
    Consuming t;
    int begun = 0;
    t.start([&](ClaimedJob) -> Task<void> {
        ++begun;
        co_await sleep_for(10min);
    });
    t.leave("a");
    t.leave("b");
    t.until([&] { return begun == 2; });
    t.end();
    CHECK(t.status().leased == 0);
    CHECK(t.status().waiting["service"] == 2);
}

TEST_CASE("a cancelled consumer that waits for a job takes none along") {
    Consuming t;
    t.start([&](ClaimedJob) -> Task<void> { co_return; });
    t.until([] { return true; });
    t.end();
    t.leave("a");
    CHECK(t.status().waiting["service"] == 1);
}

namespace {

// Stands at `start` for some questions, and is a minute later then.
class JumpingClock : public Clock {
  public:
    std::int64_t now_ms() const override {
        return test_start_ms + (asked++ < jumps_after ? 0 : 60'000);
    }
    mutable int asked = 0;
    int jumps_after = 1'000'000;
};

}  // namespace

TEST_CASE("a stand-still between the question what lapsed and its answer takes no lease back") {
    asio::io_context io;
    JumpingClock clock;
    auto queue = make_memory_queue(io.get_executor(), clock);
    Commit commit;
    commit.jobs = {job("a")};
    run_task(io, queue->commit(commit));
    auto claimed = run_task(io, queue->claim("service", "alive", 30s, 0ms));
    REQUIRE(claimed);
    clock.jumps_after = clock.asked + 1;  // the time is asked, a minute passes, the question comes
    const auto after_the_question = clock.asked + 2;

    asio::cancellation_signal stop;
    bool ended = false;
    asio::co_spawn(
        io, reap(*queue, [](Lapsed) -> Task<void> { co_return; }),
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr) { ended = true; }));
    auto story = [&]() -> Task<Renewed> {
        while (clock.asked < after_the_question) co_await sleep_for(1ms);
        auto renewed = co_await queue->renew(claimed->lease, 30s);
        stop.emit(asio::cancellation_type::all);
        while (!ended) co_await sleep_for(1ms);
        co_return renewed;
    };
    CHECK(run_task(io, story()) == Renewed::held);
}

TEST_CASE("what lapsed is told once it is known, and again where nobody could see to it") {
    asio::io_context io;
    SystemClock clock;
    auto queue = make_memory_queue(io.get_executor(), clock);
    Commit commit;
    commit.jobs = {job("a"), job("b")};
    run_task(io, queue->commit(commit));
    run_task(io, queue->claim("service", "gone", 1ms, 0ms));
    auto apply = run_task(io, queue->claim("service", "gone", 1ms, 0ms));
    REQUIRE(apply);
    CHECK(run_task(io, queue->begin_apply(apply->lease, "done/x")));

    Words told;
    asio::cancellation_signal stop;
    auto on_lapsed = [&](Lapsed lapsed) -> Task<void> {
        told.push_back(lapsed.job.id.value + " " + std::string(word(lapsed.fate)));
        co_return;
    };
    bool ended = false;
    asio::co_spawn(
        io, reap(*queue, on_lapsed),
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr) { ended = true; }));
    auto wait = [&]() -> Task<void> {
        while (told.size() < 2) co_await sleep_for(5ms);
        co_await sleep_for(5ms);
        stop.emit(asio::cancellation_type::all);
        while (!ended) co_await sleep_for(1ms);
    };
    run_task(io, wait());
    CHECK(told == Words{"a again", "b unknown"});
    // Settled: the unknown job is gone, so its id is free again.
    commit.jobs = {job("b")};
    CHECK(run_task(io, queue->commit(commit)) == Committed::done);
    CHECK(run_task(io, queue->status()).waiting["service"] == 2);
}

}  // namespace slipway
