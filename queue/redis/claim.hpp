// One look for work. A claim outlives whoever asked for it: where the caller is cancelled
// meanwhile, the job that comes is put back instead of lying until its lease runs out.
#pragma once
#include <memory>
#include <optional>

#include "queue/queue.hpp"
#include "queue/redis/script_words.hpp"
#include "queue/redis/scripted_redis.hpp"

namespace slipway {

struct Claimed {
    std::optional<ClaimedJob> job;
    bool refused = false;  // what came was left by somebody else, and is buried
};

// `words` are those of scripts::claim, the queue's name first.
Task<Claimed> claim_once(asio::any_io_executor executor, std::shared_ptr<ScriptedRedis> server,
                         Secret record_key, Words words);

}  // namespace slipway
