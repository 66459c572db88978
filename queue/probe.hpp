// Whether a Redis can be used, without writing anything to it: for `slipway serve --check`.
#pragma once
#include "queue/queue.hpp"

namespace slipway {

// Returns where it answers. Throws Failure where it does not within some seconds, refuses us, may
// lose what is stored, or holds data of another version of Slipway.
Task<void> probe_redis(RedisAddress address);

}  // namespace slipway
