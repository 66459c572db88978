// Errors, by one question: would the direct caller do something else? Then it is returned as a
// Result; otherwise it is thrown as a Failure, which says what the queue should do with the job.
#pragma once
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace slipway {

struct Error {
    std::string message;  // one clear sentence for people, no full stop
};

template <class T>
class [[nodiscard]] Result {  // boost::system::result: a tenth more compile time in every file
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    // Undefined unless ok(): asserts.
    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    const Error& error() const { return std::get<1>(state_); }

  private:
    std::variant<T, Error> state_;
};

enum class Retry { later, after, never };

// Something outside failed: forge, Redis, disk, network. Travels up to the consumer, which does as
// it says.
class Failure : public std::runtime_error {
  public:
    explicit Failure(const std::string& message, Retry retry = Retry::later)
        : std::runtime_error(message), retry_(retry) {}
    Failure(const std::string& message, std::chrono::milliseconds after)
        : std::runtime_error(message), retry_(Retry::after), after_(after) {}
    Retry retry() const { return retry_; }
    std::chrono::milliseconds after() const { return after_; }

  private:
    Retry retry_;
    std::chrono::milliseconds after_{0};
};

}  // namespace slipway
