// Whoever is about to take a job out of a queue asks first whether its caller still wants one: a
// job handed to nobody would lie until its lease runs out.
#pragma once
#include <boost/asio/this_coro.hpp>

#include "service/base/task.hpp"

namespace slipway {

inline Task<bool> cancelled() {
    auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace slipway
