// The promises of task.hpp: limits, cancellation in both directions, nothing left behind. The times
// are limits that must pass or far ends that must not be reached; nothing here waits for luck.
#include "service/base/task.hpp"

#include <doctest/doctest.h>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <latch>
#include <thread>

#include "tests/support/run_task.hpp"

using namespace slipway;
using namespace std::chrono_literals;

namespace {

Task<int> give(int value) { co_return value; }
Task<int> give_later(int value) {
    co_await sleep_for(1ms);
    co_return value;
}
Task<void> fail(std::string message) {
    co_await sleep_for(1ms);
    throw std::runtime_error(message);
}

// Says in `ended` that its frame has gone.
struct Ending {
    bool& ended;
    ~Ending() { ended = true; }
};
Task<void> sleep_forever(bool& ended) {
    Ending ending{ended};
    co_await sleep_for(1h);
}
// Cleans up after a cancellation and ends as if nothing had been.
Task<void> stubborn(bool& cleaned) {
    co_await asio::this_coro::throw_if_cancelled(false);
    try {
        co_await sleep_for(1h);
    } catch (const std::exception&) {
    }
    co_await sleep_for(1ms);
    cleaned = true;
}

bool is_aborted(std::exception_ptr error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
    }
    return false;
}

}  // namespace

TEST_CASE("A limit that is not reached changes nothing") {
    asio::io_context io;
    CHECK(run_task(io, within(1h, give(7))) == 7);
    CHECK(run_task(io, within(1h, give_later(8))) == 8);
    CHECK_THROWS_WITH(run_task(io, within(1h, fail("why"))), "why");
    CHECK(run_task(io, within(std::chrono::milliseconds::max(), give_later(9))) == 9);
}

TEST_CASE(
    "A task that takes longer than its limit is cancelled and has ended when within returns") {
    asio::io_context io;
    bool ended = false;
    CHECK_THROWS_AS(run_task(io, within(5ms, sleep_forever(ended))), TimedOut);
    CHECK(ended);
}

TEST_CASE("A task that ends well although its limit passed has ended well") {
    asio::io_context io;
    bool cleaned = false;
    run_task(io, within(5ms, stubborn(cleaned)));
    CHECK(cleaned);
}

TEST_CASE("The inner of two limits says itself, the outer ends both") {
    asio::io_context io;
    bool ended = false;
    CHECK_THROWS_AS(run_task(io, within(1h, within(5ms, sleep_forever(ended)))), TimedOut);
    CHECK(ended);
    ended = false;
    CHECK_THROWS_AS(run_task(io, within(5ms, within(1h, sleep_forever(ended)))), TimedOut);
    CHECK(ended);
}

TEST_CASE("Cancelling the caller cancels what runs within its limit") {
    asio::io_context io;
    bool ended = false;
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.start(within(1h, sleep_forever(ended)));
        co_await sleep_for(1ms);
        group.cancel();
        co_await group.join();
    };
    run_task(io, work());
    CHECK(ended);
}

TEST_CASE("After a limit has passed the caller can still be cancelled") {
    asio::io_context io;
    bool inner = false, outer = false, went_on = false;
    const auto child = [&]() -> Task<void> {
        try {
            co_await within(1ms, sleep_forever(inner));
        } catch (const TimedOut&) {
            went_on = true;
        }
        co_await sleep_forever(outer);
    };
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.start(child());
        while (!went_on) co_await sleep_for(1ms);
        group.cancel();
        co_await group.join();
    };
    run_task(io, work());
    CHECK(inner);
    CHECK(outer);
}

TEST_CASE("A cancellation that the task overlooks reaches the caller at its next wait") {
    asio::io_context io;
    bool cleaned = false, went_on = false;
    std::exception_ptr end;
    const auto child = [&]() -> Task<void> {
        co_await within(1h, stubborn(cleaned));
        try {
            co_await sleep_for(1h);
        } catch (...) {
            end = std::current_exception();
            throw;
        }
        went_on = true;
    };
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.start(child());
        co_await sleep_for(1ms);
        group.cancel();
        co_await group.join();
    };
    run_task(io, work());
    CHECK(cleaned);
    CHECK(is_aborted(end));
    CHECK_FALSE(went_on);
}

TEST_CASE("A group waits for all its children, and tells the errors that are no cancellation") {
    asio::io_context io;
    int errors = 0, finished = 0;
    const auto child = [&]() -> Task<void> {
        co_await sleep_for(1ms);
        ++finished;
    };
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.on_error = [&](std::exception_ptr) { ++errors; };
        for (int i = 0; i < 100; ++i) group.start(child());
        group.start(fail("told"));
        group.start(sleep_for(1h));
        CHECK(group.size() == 102);
        while (group.size() > 1) co_await sleep_for(1ms);
        group.cancel();
        co_await group.join();
        CHECK(group.size() == 0);
        co_await group.join();  // nothing left: at once
    };
    run_task(io, work());
    CHECK(finished == 100);
    CHECK(errors == 1);
}

TEST_CASE("What is started in a cancelled group ends at its first wait") {
    asio::io_context io;
    bool begun = false, ended = false;
    const auto child = [&]() -> Task<void> {
        begun = true;
        co_await sleep_forever(ended);
    };
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.cancel();
        group.start(child());
        co_await group.join();
    };
    run_task(io, work());
    CHECK(begun);
    CHECK(ended);
}

TEST_CASE("A joiner that is cancelled meanwhile still waits for the children") {
    asio::io_context io;
    bool cleaned = false, joining = false, joined = false;
    const auto owner = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.start(stubborn(cleaned));
        group.cancel();
        joining = true;
        co_await group.join();
        joined = cleaned;
    };
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.start(owner());
        while (!joining) co_await sleep_for(1ms);
        CHECK_FALSE(joined);
        group.cancel();
        co_await group.join();
    };
    run_task(io, work());
    CHECK(joined);
}

TEST_CASE("A signal wakes all that wait, and only them") {
    asio::io_context io;
    int woken = 0;
    const auto work = [&]() -> Task<void> {
        auto executor = co_await this_executor();
        Signal signal(executor);
        signal.notify();  // nobody waits: it is not kept
        CHECK_FALSE(co_await signal.wait(1ms));
        TaskGroup group(executor);
        const auto waiter = [&]() -> Task<void> {
            if (co_await signal.wait(1h)) ++woken;
        };
        for (int i = 0; i < 3; ++i) group.start(waiter());
        co_await sleep_for(1ms);
        signal.notify();
        co_await group.join();
        group.start(waiter());
        co_await sleep_for(1ms);
        group.cancel();
        co_await group.join();
        signal.notify();  // the cancelled one is no longer in the list
    };
    run_task(io, work());
    CHECK(woken == 3);
}

TEST_CASE("A pool works on its own threads and answers on the caller's") {
    asio::io_context io;
    Pool pool(2);
    const auto here = std::this_thread::get_id();
    const auto work = [&]() -> Task<void> {
        auto there = co_await pool.run([] { return std::this_thread::get_id(); });
        CHECK(there != here);
        CHECK(std::this_thread::get_id() == here);
        auto value = std::make_unique<int>(5);
        auto moved = [value = std::move(value)]() mutable { return std::move(value); };
        auto back = co_await pool.run(std::move(moved));
        CHECK(*back == 5);
        co_await pool.run([] {});
    };
    run_task(io, work());
}

TEST_CASE("An exception on the pool is the caller's") {
    asio::io_context io;
    Pool pool(1);
    const auto bad = [] { throw std::runtime_error("disk"); };
    CHECK_THROWS_WITH(run_task(io, pool.run(bad)), "disk");
}

TEST_CASE("Work of a pool runs side by side and is not left alone by a cancelled caller") {
    asio::io_context io;
    Pool pool(2);
    std::latch both(2);
    std::atomic<int> done = 0;
    int answered = 0;
    bool went_on = false;
    const auto child = [&]() -> Task<void> {
        auto job = [&] {
            both.arrive_and_wait();  // returns only when the other runs too
            return ++done;
        };
        co_await pool.run(job);
        ++answered;
        co_await sleep_for(1h);
        went_on = true;
    };
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.start(child());
        co_await sleep_for(1ms);
        group.cancel();
        both.count_down();
        co_await group.join();
    };
    run_task(io, work());
    CHECK(done == 1);
    CHECK(answered == 1);
    CHECK_FALSE(went_on);
}

TEST_CASE("A spawned task tells its end") {
    asio::io_context io;
    std::string told;
    spawn(io.get_executor(), fail("end"), [&](std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            told = e.what();
        }
    });
    io.run();
    CHECK(told == "end");
}
