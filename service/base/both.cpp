#include "service/base/both.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace slipway {

namespace {

Task<std::exception_ptr> error_of(Task<void> task) {
    std::exception_ptr error;
    try {
        co_await std::move(task);
    } catch (...) {
        error = std::current_exception();
    }
    co_return error;
}

}  // namespace

Task<void> both(Task<void> first, Task<void> second) {
    using namespace asio::experimental::awaitable_operators;
    auto one = error_of(std::move(first)), other = error_of(std::move(second));
    auto joined = std::move(one) && std::move(other);
    const auto [first_error, second_error] = co_await std::move(joined);
    if (first_error) std::rethrow_exception(first_error);
    if (second_error) std::rethrow_exception(second_error);
}

}  // namespace slipway
