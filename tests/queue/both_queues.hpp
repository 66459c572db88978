// The list of implementations that every case runs on. Redis is one server for the whole program,
// emptied before each case.
#pragma once
#include "queue/redis/redis_queue.hpp"
#include "tests/queue/under_test.hpp"
#include "tests/support/redis_server.hpp"

namespace slipway {

inline RedisServer& shared_redis() {
    static RedisServer server;
    return server;
}

class InRedis {
  public:
    InRedis() {
        REQUIRE_MESSAGE(redis_server_installed(), "these cases need redis-server");
        REQUIRE(shared_redis().ask("FLUSHALL") == "+OK\r\n");
        queue_ = make_redis_queue(io.get_executor(), shared_redis().address(), Secret("record key"),
                                  &clock);
    }
    Queue& queue() { return *queue_; }

    asio::io_context io;
    FixedClock clock{test_start_ms};

  private:
    std::unique_ptr<Queue> queue_;
};

}  // namespace slipway

TYPE_TO_STRING_AS("redis", slipway::InRedis);

#define BOTH_QUEUES slipway::InMemory, slipway::InRedis
