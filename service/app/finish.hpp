// A coroutine run to its end by a command that needs no service.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "service/base/task.hpp"

namespace slipway {

template <class T>
T finish(asio::io_context& io, Task<T> task) {
    std::optional<T> out;
    std::exception_ptr error;
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr e, T value) {
        error = e;
        if (!e) out.emplace(std::move(value));
        io.stop();
    });
    io.run();
    if (error) std::rethrow_exception(error);
    return std::move(*out);
}

}  // namespace slipway
