// The queue in Redis, for those who bring the clock: tests. Everybody else calls make_redis_queue
// of queue/queue.hpp, where the server's time counts.
#pragma once
#include "queue/queue.hpp"
#include "service/base/clock.hpp"

namespace slipway {

std::unique_ptr<Queue> make_redis_queue(asio::any_io_executor executor, RedisAddress address,
                                        Secret record_key, const Clock* clock);

}  // namespace slipway
