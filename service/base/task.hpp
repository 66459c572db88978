// What everybody sees of coroutines. Asio's operations stay in the .cpp files of those who own
// sockets.
//
// On this compiler never write a temporary aggregate or a by-value lambda into the expression that
// is awaited (it is destroyed twice): name it first, then `co_await f(std::move(named))`.
//
// A cancelled coroutine throws operation_aborted at its next co_await, whatever that awaits. One
// that has to clean up (join a TaskGroup, say) first says `co_await
// asio::this_coro::throw_if_cancelled(false)`.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace slipway {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

Task<void> sleep_for(std::chrono::milliseconds);
Task<asio::any_io_executor> this_executor();

// Thrown by within() when the limit passes first; the task was cancelled and has ended.
struct TimedOut : std::runtime_error {
    TimedOut() : std::runtime_error("took longer than its limit") {}
};

// Runs `task` and waits for its end; after `limit` it is cancelled. Cancelling the caller cancels
// the task. What the task returns although it was cancelled counts.
Task<void> within(std::chrono::milliseconds limit, Task<void> task);

namespace detail {
template <class T>
Task<void> store_into(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
}
}  // namespace detail

template <class T>
Task<T> within(std::chrono::milliseconds limit, Task<T> task) {
    std::optional<T> out;
    auto stored = detail::store_into(std::move(task), out);
    co_await within(limit, std::move(stored));
    co_return std::move(*out);
}

// Threads for blocking work: values in, values out.
class Pool {
  public:
    explicit Pool(std::size_t threads);
    ~Pool();  // waits for what runs; must come before the end of its callers' executors
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Runs `work` on a pool thread and resumes the caller on its own executor with the result or
    // exception. Not cancellable: the work should be short or bounded.
    template <class F, class T = std::invoke_result_t<F>>
    Task<T> run(F work) {
        auto state = std::make_shared<State<T>>();
        auto shared = std::make_shared<F>(std::move(work));
        std::function<void()> job = [state, shared] {
            try {
                if constexpr (std::is_void_v<T>)
                    (*shared)();
                else
                    state->value.emplace((*shared)());
            } catch (...) {
                state->error = std::current_exception();
            }
        };
        co_await run_erased(std::move(job));
        if (state->error) std::rethrow_exception(state->error);
        if constexpr (!std::is_void_v<T>) co_return std::move(*state->value);
    }

  private:
    template <class T>
    struct State {
        std::optional<std::conditional_t<std::is_void_v<T>, char, T>> value;
        std::exception_ptr error;
    };
    Task<void> run_erased(std::function<void()> job);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Wakes coroutines that wait for "something changed". One executor's own; not for other threads.
class Signal {
  public:
    explicit Signal(asio::any_io_executor);
    ~Signal();
    void notify();                                       // wakes all that wait now
    Task<bool> wait(std::chrono::milliseconds at_most);  // true: notified
  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// Owns children: cancel, then wait. Whoever starts coroutines holds one and stops it before it
// goes.
class TaskGroup {
  public:
    explicit TaskGroup(asio::any_io_executor);
    ~TaskGroup();  // asserts that no child is left
    // A child that ends with an exception other than cancellation is reported to `on_error` as it
    // was when the child started, or logged.
    void start(Task<void> child);
    std::function<void(std::exception_ptr)> on_error;
    void cancel();      // asks every child to end, and those that are started later
    Task<void> join();  // waits for all children
    std::size_t size() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// Runs a task on `executor` without waiting for it. Its end is told to `done`; without that an
// exception is logged.
void spawn(asio::any_io_executor executor, Task<void> task,
           std::function<void(std::exception_ptr)> done = {});

}  // namespace slipway
