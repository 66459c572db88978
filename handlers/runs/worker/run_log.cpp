#include "handlers/runs/worker/run_log.hpp"

#include "service/base/log.hpp"
#include "service/base/result.hpp"

namespace slipway {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

namespace {
constexpr std::size_t error_text_limit = 64u << 10;
constexpr std::size_t largest_chunk = 256u << 10;
constexpr int send_attempts = 5;
}  // namespace

struct RunLog::Sender {
    Sender(RunGateway& to, Lease with, asio::any_io_executor executor, LogLimits most)
        : gateway(to),
          lease(std::move(with)),
          limits(most),
          changed(executor),
          group(executor),
          left(most.beginning) {}

    RunGateway& gateway;
    Lease lease;
    LogLimits limits;
    Signal changed;
    TaskGroup group;
    std::size_t left;  // of the beginning
    std::string pending;
    std::string tail;  // what came after the beginning, its end
    std::size_t left_out = 0;
    SteadyClock::time_point since{};  // when pending stopped being empty
    bool finished = false, refused = false;

    void add(std::string_view text) {
        const auto now = text.substr(0, left);
        left -= now.size();
        if (!now.empty() && !refused) {
            if (pending.empty()) since = SteadyClock::now();
            const bool wake = pending.empty() || pending.size() + now.size() >= limits.chunk;
            pending.append(now);
            if (wake) changed.notify();
        }
        tail.append(text.substr(now.size()));
        if (tail.size() > 2 * limits.end) {
            left_out += tail.size() - limits.end;
            tail.erase(0, tail.size() - limits.end);
        }
    }

    void add_tail() {
        if (tail.size() > limits.end) {
            left_out += tail.size() - limits.end;
            tail.erase(0, tail.size() - limits.end);
        }
        if (left_out != 0) pending += "\n[" + std::to_string(left_out) + " bytes left out]\n";
        pending += tail;
        tail.clear();
    }
};

namespace {

// True: taken. The service may be away for a moment; a run does not fail for its log.
Task<bool> send(RunGateway& gateway, Lease lease, std::string chunk) {
    std::string trouble;
    for (int attempt = 0; attempt < send_attempts; ++attempt) {
        if (attempt != 0) co_await sleep_for(200ms * (1 << attempt));
        try {
            co_return co_await gateway.append_log(lease, chunk);
        } catch (const Failure& failure) {
            trouble = failure.what();
        }
    }
    log_warning("a part of a run's log was lost", {{"job", lease.job.value}, {"error", trouble}});
    co_return true;
}

Task<void> send_all(std::shared_ptr<RunLog::Sender> sender) {
    while (!sender->finished || !sender->pending.empty()) {
        const auto age =
            std::chrono::ceil<std::chrono::milliseconds>(SteadyClock::now() - sender->since);
        if (sender->pending.empty()) {
            co_await sender->changed.wait(1h);
        } else if (!sender->finished && sender->pending.size() < sender->limits.chunk &&
                   age < sender->limits.pause) {
            co_await sender->changed.wait(sender->limits.pause - age);
        } else {
            std::string chunk = sender->pending.substr(0, largest_chunk);
            sender->pending.erase(0, chunk.size());
            const bool taken = co_await send(sender->gateway, sender->lease, std::move(chunk));
            if (!taken) {  // the lease has gone
                sender->refused = true;
                sender->pending.clear();
            }
        }
    }
}

}  // namespace

RunLog::RunLog(RunGateway& gateway, Lease lease, asio::any_io_executor executor, LogLimits limits)
    : sender_(std::make_shared<Sender>(gateway, std::move(lease), executor, limits)),
      masker_(std::vector<Secret>{}) {
    sender_->group.start(send_all(sender_));
}

RunLog::~RunLog() {
    sender_->finished = true;
    sender_->changed.notify();
}

void RunLog::mask_with(const Masker& masker) {
    end_streams();
    masker_ = masker;
}

void RunLog::pass_on(int which, std::string_view masked) {
    if (which == 2 && error_text_.size() < error_text_limit)
        error_text_.append(masked.substr(0, error_text_limit - error_text_.size()));
    sender_->add(masked);
}

void RunLog::take(int which, std::string_view bytes) {
    auto& stream = streams_[which == 2];
    std::string clean, masked;
    stream.clean.feed(bytes, clean);
    if (!stream.masked) stream.masked.emplace(masker_);
    stream.masked->feed(clean, masked);
    pass_on(which, masked);
}

void RunLog::end_streams() {
    for (const int which : {1, 2}) {
        auto& stream = streams_[which == 2];
        std::string rest;
        if (stream.masked) stream.masked->finish(rest);
        pass_on(which, rest);
        stream = Stream();
    }
}

void RunLog::say(std::string_view line) {
    end_streams();
    sender_->add(masker_(clean_text(line)) + "\n");
}

std::string RunLog::take_error_text() {
    end_streams();
    return std::exchange(error_text_, "");
}

Task<void> RunLog::finish() {
    end_streams();
    sender_->add_tail();
    sender_->finished = true;
    sender_->changed.notify();
    co_await sender_->group.join();
}

}  // namespace slipway
