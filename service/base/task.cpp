#include "service/base/task.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <list>
#include <vector>

#include "service/base/log.hpp"

namespace slipway {

using boost::system::error_code;

namespace {

// Timers count nanoseconds: what is longer than a year would overflow some day.
std::chrono::milliseconds bounded(std::chrono::milliseconds duration) {
    return std::min<std::chrono::milliseconds>(duration, std::chrono::hours(24 * 365));
}

}  // namespace

Task<void> sleep_for(std::chrono::milliseconds duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, bounded(duration));
    co_await timer.async_wait(asio::use_awaitable);
}

Task<asio::any_io_executor> this_executor() { co_return co_await asio::this_coro::executor; }

// What waits for others below must not be left by a cancellation before they have ended, nor may it
// make its caller forget that it was cancelled. So each keeps the caller's cancellation state as it
// is, and only switches off, while it waits, that the state is thrown at the next co_await.

// --- within
// ---------------------------------------------------------------------------------------

namespace {
// One run of within(): the child completes into it, the timer is cancelled by it.
struct Race {
    explicit Race(asio::any_io_executor executor) : timer(std::move(executor)) {}
    asio::steady_timer timer;
    asio::cancellation_signal cancel;
    std::exception_ptr error;
    bool done = false;
};
}  // namespace

Task<void> within(std::chrono::milliseconds limit, Task<void> task) {
    auto executor = co_await asio::this_coro::executor;
    auto race = std::make_shared<Race>(executor);
    race->timer.expires_after(bounded(limit));
    const auto deadline = race->timer.expiry();
    auto finished = [race](std::exception_ptr error) {
        race->error = error;
        race->done = true;
        race->timer.cancel();
    };
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::co_spawn(executor, std::move(task),
                   asio::bind_cancellation_slot(race->cancel.slot(), finished));
    bool timed_out = false;
    while (!race->done) {
        error_code ignored;
        co_await race->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (race->done) break;
        timed_out = timed_out || std::chrono::steady_clock::now() >= deadline;
        race->timer.expires_at(asio::steady_timer::time_point::max());
        race->cancel.emit(asio::cancellation_type::all);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (timed_out && race->error) throw TimedOut();
    if (race->error) std::rethrow_exception(race->error);
}

// --- Pool
// -----------------------------------------------------------------------------------------

struct Pool::Impl {
    explicit Impl(std::size_t n) : threads(n) {}
    asio::thread_pool threads;
};

Pool::Pool(std::size_t threads) : impl_(std::make_unique<Impl>(threads)) {}
Pool::~Pool() { impl_->threads.join(); }

Task<void> Pool::run_erased(std::function<void()> job) {
    auto executor = co_await asio::this_coro::executor;
    auto done =
        std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    auto finished = std::make_shared<bool>(false);
    auto work = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    std::function<void()> on_pool = [job = std::move(job), done, finished, work]() {
        job();
        asio::post(work, [done, finished] {
            *finished = true;
            done->cancel();
        });
    };
    asio::post(impl_->threads, std::move(on_pool));
    // Waited for, cancelled or not; the caller hears of a cancellation at its next wait.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    error_code ignored;
    while (!*finished)
        co_await done->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await asio::this_coro::throw_if_cancelled(throws);
}

// --- Signal
// ---------------------------------------------------------------------------------------

struct Signal::Impl {
    explicit Impl(asio::any_io_executor e) : executor(std::move(e)) {}
    asio::any_io_executor executor;
    std::list<asio::steady_timer*> waiting;
    std::uint64_t count = 0;
};

Signal::Signal(asio::any_io_executor executor)
    : impl_(std::make_shared<Impl>(std::move(executor))) {}
Signal::~Signal() = default;

void Signal::notify() {
    ++impl_->count;
    for (auto* timer : impl_->waiting) timer->cancel();
}

Task<bool> Signal::wait(std::chrono::milliseconds at_most) {
    auto impl = impl_;
    const auto before = impl->count;
    asio::steady_timer timer(impl->executor, bounded(at_most));
    auto place = impl->waiting.insert(impl->waiting.end(), &timer);
    struct Leave {
        Impl& impl;
        std::list<asio::steady_timer*>::iterator place;
        ~Leave() { impl.waiting.erase(place); }
    } leave{*impl, place};
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return impl->count != before;
}

// --- TaskGroup
// ------------------------------------------------------------------------------------

namespace {

std::string what_of(std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "something that is not a std::exception";
    }
}

void report_unexpected(std::exception_ptr error) {
    log_error("a task ended unexpectedly", {{"error", what_of(error)}});
}

bool is_cancellation(std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace

struct TaskGroup::Impl {
    explicit Impl(asio::any_io_executor e)
        : executor(std::move(e)), empty(executor, asio::steady_timer::time_point::max()) {}
    asio::any_io_executor executor;
    std::list<std::shared_ptr<asio::cancellation_signal>> children;
    asio::steady_timer empty;
    bool cancelled = false;
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : impl_(std::make_shared<Impl>(std::move(executor))) {}
TaskGroup::~TaskGroup() { assert(impl_->children.empty() || std::uncaught_exceptions() > 0); }

void TaskGroup::start(Task<void> child) {
    auto impl = impl_;
    auto signal = std::make_shared<asio::cancellation_signal>();
    auto place = impl->children.insert(impl->children.end(), signal);
    auto report = on_error ? on_error : std::function<void(std::exception_ptr)>(report_unexpected);
    auto finished = [impl, place, signal, report](std::exception_ptr error) {
        impl->children.erase(place);
        if (impl->children.empty()) impl->empty.cancel();
        if (error && !is_cancellation(error)) report(error);
    };
    asio::co_spawn(impl->executor, std::move(child),
                   asio::bind_cancellation_slot(signal->slot(), finished));
    if (impl->cancelled) signal->emit(asio::cancellation_type::all);
}

void TaskGroup::cancel() {
    impl_->cancelled = true;
    // A child that ends at once leaves the list, and may end others.
    const std::vector all(impl_->children.begin(), impl_->children.end());
    for (const auto& signal : all) signal->emit(asio::cancellation_type::all);
}

Task<void> TaskGroup::join() {
    auto impl = impl_;
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    error_code ignored;
    while (!impl->children.empty())
        co_await impl->empty.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await asio::this_coro::throw_if_cancelled(throws);
}

std::size_t TaskGroup::size() const { return impl_->children.size(); }

void spawn(asio::any_io_executor executor, Task<void> task,
           std::function<void(std::exception_ptr)> done) {
    asio::co_spawn(executor, std::move(task), [done = std::move(done)](std::exception_ptr error) {
        if (done)
            done(error);
        else if (error && !is_cancellation(error))
            report_unexpected(error);
    });
}

}  // namespace slipway
