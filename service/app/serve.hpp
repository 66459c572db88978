// `slipway serve`: the composition root. Builds every object in the order of its dependencies and
// ends them in the opposite one.
#pragma once
#include "service/base/config.hpp"

namespace slipway {

// Returns the exit code. Ends on SIGTERM or SIGINT: no new requests, running plans are handed back,
// an apply gets its time.
int serve(Config config);

}  // namespace slipway
