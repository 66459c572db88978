// One connection to Redis over our own socket (TCP or unix): commands are pipelined, each has a
// deadline, and whatever goes wrong closes the connection, since replies could no longer be matched
// to commands. It connects when first asked and again after every loss, at most once a second while
// Redis is away.
#pragma once
#include <memory>

#include "queue/queue.hpp"
#include "queue/redis/reply.hpp"

namespace slipway {

class RedisConnection {
  public:
    using Words = std::vector<std::string>;
    struct Options {
        std::vector<Words> greeting;  // sent on each new connection, in one round trip
        std::function<void(const std::vector<RedisReply>&)>
            on_greeting;  // may throw: then it is not used
    };

    // Throws Failure(never) where the address cannot be one.
    RedisConnection(asio::any_io_executor executor, RedisAddress address, Options options);
    ~RedisConnection();

    // The answer, error replies too. Throws Failure(later) where there is none: whether the command
    // was carried out is then unknown. Cancelling gives up the answer, not the command. The words
    // stay the caller's, until then.
    Task<RedisReply> command(const Words& words,
                             std::chrono::milliseconds limit = std::chrono::seconds(5));
    void close();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace slipway
