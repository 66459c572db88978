#include "queue/redis/wake.hpp"

namespace slipway {

using namespace std::chrono_literals;

struct WakeState : std::enable_shared_from_this<WakeState> {
    WakeState(asio::any_io_executor e, RedisAddress address, std::string l)
        : executor(e), connection(e, std::move(address), {}), list(std::move(l)), nudged(e) {}

    Task<void> watch();
    Task<bool> popped();

    asio::any_io_executor executor;
    RedisConnection connection;
    std::string list;
    Signal nudged;
    std::uint64_t nudges = 0;
    int waiting = 0;
    bool watching = false;
    bool ended = false;
};

Task<bool> WakeState::popped() {
    RedisConnection::Words words{"BRPOP", list, "1"};
    auto reply = co_await connection.command(std::move(words), 6s);
    co_return expect_no_error(std::move(reply)).kind == RedisReply::Kind::list;
}

Task<void> WakeState::watch() {
    auto self = shared_from_this();
    while (waiting > 0 && !ended) {
        bool failed = false;
        try {
            if (co_await popped()) {
                ++nudges;
                nudged.notify();
            }
        } catch (const Failure&) {
            failed = true;  // those who wait poll
        }
        if (failed && !ended) co_await sleep_for(200ms);
    }
    watching = false;
}

WakeWatch::WakeWatch(asio::any_io_executor executor, RedisAddress address, std::string list)
    : state_(
          std::make_shared<WakeState>(std::move(executor), std::move(address), std::move(list))) {}

WakeWatch::~WakeWatch() {
    state_->ended = true;
    state_->connection.close();
}

void WakeWatch::nudge() {
    ++state_->nudges;
    state_->nudged.notify();
}

WakeWatch::Waiter::Waiter(WakeWatch& watch) : state_(watch.state_) {
    ++state_->waiting;
    look();
    if (state_->watching) return;
    state_->watching = true;
    spawn(state_->executor, state_->watch(), [state = state_](std::exception_ptr) {});
}

WakeWatch::Waiter::~Waiter() { --state_->waiting; }

void WakeWatch::Waiter::look() { seen_ = state_->nudges; }

Task<void> WakeWatch::Waiter::wait(std::chrono::milliseconds at_most) {
    if (state_->nudges == seen_) co_await state_->nudged.wait(at_most);
}

}  // namespace slipway
