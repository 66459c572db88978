#include "service/base/task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <list>

namespace slipway {

using boost::system::error_code;

Task<void> sleep_for(std::chrono::milliseconds duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

Task<asio::any_io_executor> this_executor() { co_return co_await asio::this_coro::executor; }

// --- within ---------------------------------------------------------------------------------------

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
    race->timer.expires_after(limit);
    auto finished = [race](std::exception_ptr error) {
        race->error = error;
        race->done = true;
        race->timer.cancel();
    };
    asio::co_spawn(executor, std::move(task),
                   asio::bind_cancellation_slot(race->cancel.slot(), finished));
    // The wait must end before the child's frame goes: cancellation is passed on, then awaited.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    error_code ignored;
    bool asked = false, timed_out = false;
    while (!race->done) {
        co_await race->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (race->done || asked) continue;
        asked = true;
        timed_out = asio::steady_timer::clock_type::now() >= race->timer.expiry();
        race->timer.expires_at(asio::steady_timer::time_point::max());
        race->cancel.emit(asio::cancellation_type::all);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (timed_out && race->error) throw TimedOut();
    if (race->error) std::rethrow_exception(race->error);
}

// --- Pool -----------------------------------------------------------------------------------------

struct Pool::Impl {
    explicit Impl(std::size_t n) : threads(n) {}
    asio::thread_pool threads;
};

Pool::Pool(std::size_t threads) : impl_(std::make_unique<Impl>(threads)) {}
Pool::~Pool() { impl_->threads.join(); }

Task<void> Pool::run_erased(std::function<void()> job) {
    auto executor = co_await asio::this_coro::executor;
    auto done = std::make_shared<asio::steady_timer>(executor,
                                                     asio::steady_timer::time_point::max());
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

// --- Signal ---------------------------------------------------------------------------------------

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
    asio::steady_timer timer(impl->executor, at_most);
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

// --- TaskGroup ------------------------------------------------------------------------------------

struct TaskGroup::Impl {
    explicit Impl(asio::any_io_executor e)
        : executor(std::move(e)), empty(executor, asio::steady_timer::time_point::max()) {}
    asio::any_io_executor executor;
    std::list<asio::cancellation_signal> children;
    asio::steady_timer empty;
    bool cancelled = false;
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : impl_(std::make_shared<Impl>(std::move(executor))) {}
TaskGroup::~TaskGroup() = default;

void TaskGroup::start(Task<void> child) {
    auto impl = impl_;
    auto place = impl->children.emplace(impl->children.end());
    auto report = on_error;
    auto finished = [impl, place, report](std::exception_ptr error) {
        impl->children.erase(place);
        if (impl->children.empty()) impl->empty.cancel();
        if (!error || !report) return;
        try {
            std::rethrow_exception(error);
        } catch (const boost::system::system_error& e) {
            if (e.code() != asio::error::operation_aborted) report(error);
        } catch (...) {
            report(error);
        }
    };
    asio::co_spawn(impl->executor, std::move(child),
                   asio::bind_cancellation_slot(place->slot(), finished));
    if (impl->cancelled) place->emit(asio::cancellation_type::all);
}

void TaskGroup::cancel() {
    impl_->cancelled = true;
    // A child that ends at once erases its own signal: take the successor first.
    for (auto at = impl_->children.begin(); at != impl_->children.end();)
        (at++)->emit(asio::cancellation_type::all);
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
        if (done) done(error);
    });
}

}  // namespace slipway
