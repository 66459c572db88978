#include "service/base/both.hpp"

#include <doctest/doctest.h>

#include "tests/support/run_task.hpp"

using namespace slipway;
using namespace std::chrono_literals;

namespace {

Task<void> notify(Signal& signal) {
    signal.notify();
    co_return;
}

// Ends only where another runs beside it.
Task<void> wait_for(Signal& signal, bool& came) { came = co_await signal.wait(1h); }

Task<void> fail_at_once(std::string message) {
    throw std::runtime_error(message);
    co_return;
}

// The times are a far end that must not be reached, or a moment in which the other has ended.
Task<void> sleep_and_note_the_end(std::chrono::milliseconds time, bool& ended) {
    struct Ending {
        bool& ended;
        ~Ending() { ended = true; }
    } ending{ended};
    co_await sleep_for(time);
}

Task<std::string> error_text(Task<void> task) {
    std::string text;
    try {
        co_await std::move(task);
    } catch (const std::runtime_error& error) {
        text = error.what();
    }
    co_return text;
}

}  // namespace

TEST_CASE("Two tasks run beside each other") {
    asio::io_context io;
    const auto work = [&]() -> Task<void> {
        Signal signal(co_await this_executor());
        bool came = false;
        auto together = both(wait_for(signal, came), notify(signal));
        co_await std::move(together);
        CHECK(came);
    };
    run_task(io, work());
}

TEST_CASE(
    "An error of one is thrown after the other has ended, the first task's before the second's") {
    asio::io_context io;
    const auto work = [&]() -> Task<void> {
        bool ended = false;
        auto one_fails =
            error_text(both(fail_at_once("first"), sleep_and_note_the_end(2ms, ended)));
        CHECK(co_await std::move(one_fails) == "first");
        CHECK(ended);
        auto both_fail = error_text(both(fail_at_once("first"), fail_at_once("second")));
        CHECK(co_await std::move(both_fail) == "first");
        auto other_fails =
            error_text(both(sleep_and_note_the_end(0ms, ended), fail_at_once("second")));
        CHECK(co_await std::move(other_fails) == "second");
    };
    run_task(io, work());
}

TEST_CASE("Cancelling the caller ends both") {
    asio::io_context io;
    const auto work = [&]() -> Task<void> {
        bool first_ended = false, second_ended = false;
        auto together =
            both(sleep_and_note_the_end(1h, first_ended), sleep_and_note_the_end(1h, second_ended));
        bool timed_out = false;
        try {
            auto limited = within(1ms, std::move(together));
            co_await std::move(limited);
        } catch (const TimedOut&) {
            timed_out = true;
        }
        CHECK(timed_out);
        CHECK(first_ended);
        CHECK(second_ended);
    };
    run_task(io, work());
}
