// Drives a coroutine to its end on a loop of its own, and fails the test on a hang instead of
// hanging.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

#include "service/base/task.hpp"

namespace slipway {

namespace detail {
inline void drive(asio::io_context& io, const bool& done, std::chrono::seconds limit) {
    io.restart();
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done && std::chrono::steady_clock::now() < end) io.run_one_until(end);
    if (!done) throw std::runtime_error("the task did not end in time");
}
}  // namespace detail

template <class T>
T run_task(asio::io_context& io, Task<T> task,
           std::chrono::seconds limit = std::chrono::seconds(30)) {
    std::exception_ptr error;
    bool done = false;
    if constexpr (std::is_void_v<T>) {
        asio::co_spawn(io, std::move(task), [&](std::exception_ptr e) {
            error = e;
            done = true;
        });
        detail::drive(io, done, limit);
        if (error) std::rethrow_exception(error);
    } else {
        std::optional<T> value;
        asio::co_spawn(io, std::move(task), [&](std::exception_ptr e, T result) {
            error = e;
            if (!e) value.emplace(std::move(result));
            done = true;
        });
        detail::drive(io, done, limit);
        if (error) std::rethrow_exception(error);
        return std::move(*value);
    }
}

}  // namespace slipway
