#include "queue/redis/claim.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "queue/cancelled.hpp"
#include "queue/redis/stored_job.hpp"

namespace slipway {

namespace {

constexpr std::chrono::milliseconds look_interval{1'000};

// One claim on its way. Where the caller is cancelled meanwhile, the job that comes is put back.
struct ClaimCall {
    ClaimCall(asio::any_io_executor e, std::shared_ptr<ScriptedRedis> s, Secret k)
        : executor(e), server(std::move(s)), record_key(std::move(k)), ended(e) {}
    asio::any_io_executor executor;
    std::shared_ptr<ScriptedRedis> server;
    Secret record_key;
    Signal ended;
    bool has_ended = false;
    bool abandoned = false;
    bool refused = false;  // what came was left by somebody else, and is buried
    std::optional<ClaimedJob> job;
    std::exception_ptr error;
};

Task<void> put_back(std::shared_ptr<ScriptedRedis> server, Lease lease) {
    auto words = lease_words(lease);
    words.insert(words.end(), {"0", "", "0", "1"});
    co_await server->call(scripts::retry, std::move(words));
}

Task<void> take(ClaimCall& call, const std::string& queue, const RedisReply& reply) {
    if (reply.items.size() != 5) not_understood();
    const auto text = [&](std::size_t i) -> const std::string& { return reply.items[i].text; };
    const Lease lease{JobId(text(0)), std::stoull(text(3))};
    auto job = answered_job(call.record_key, text(0), text(1), text(2));
    if (job && job->queue == queue) {
        const auto attempt = static_cast<int>(reply.items[4].number);
        call.job = ClaimedJob{std::move(*job), lease, attempt};
        co_return;
    }
    call.refused = true;
    auto words = lease_words(lease);
    words.insert(words.end(), {"0", "it was left or changed in Redis by somebody else", "1", "0"});
    co_await call.server->call(scripts::retry, std::move(words));
}

Task<void> perform_claim(std::shared_ptr<ClaimCall> call, Words words) {
    try {
        const auto queue = words.front();
        auto reply = co_await call->server->call(scripts::claim, std::move(words));
        if (!reply.is_nil()) co_await take(*call, queue, reply);
    } catch (...) {
        call->error = std::current_exception();
    }
    call->has_ended = true;
    call->ended.notify();
    if (call->abandoned && call->job) co_await put_back(call->server, call->job->lease);
}

// Held by whoever waits for a claim; a job still in the call when it goes is nobody's.
struct ClaimWait {
    std::shared_ptr<ClaimCall> call;
    ~ClaimWait() {
        call->abandoned = true;
        if (call->has_ended && call->job)
            spawn(call->executor, put_back(call->server, call->job->lease));
    }
};

}  // namespace

Task<Claimed> claim_once(asio::any_io_executor executor, std::shared_ptr<ScriptedRedis> server,
                         Secret record_key, Words words) {
    auto call = std::make_shared<ClaimCall>(executor, std::move(server), std::move(record_key));
    ClaimWait waiting{call};
    spawn(executor, perform_claim(call, std::move(words)));
    while (!call->has_ended) co_await call->ended.wait(look_interval);
    if (co_await cancelled()) throw boost::system::system_error(asio::error::operation_aborted);
    if (call->error) std::rethrow_exception(call->error);
    Claimed out;
    out.job = std::exchange(call->job, std::nullopt);
    out.refused = call->refused;
    co_return out;
}

}  // namespace slipway
