// The Redis that holds the queue: one pipelined connection, scripts called by their digest, keys
// under one hash tag. Says loudly when the server is set up so that it may lose what it was given.
#pragma once
#include "queue/redis/connection.hpp"
#include "queue/redis/scripts.hpp"
#include "service/base/clock.hpp"

namespace slipway {

inline constexpr std::string_view key_prefix = "{slipway}:";
inline std::string redis_key(std::string_view kind, std::string_view name) {
    return std::string(key_prefix) + std::string(kind) + ":" + std::string(name);
}

class ScriptedRedis {
  public:
    using Words = RedisConnection::Words;
    ScriptedRedis(asio::any_io_executor executor, RedisAddress address, const Clock* clock);

    // Both throw Failure for error replies.
    Task<RedisReply> call(const Script& script, Words arguments);
    Task<RedisReply> command(Words words);

  private:
    RedisConnection connection_;
    const Clock* clock_;
};

}  // namespace slipway
