// Runs of a branch that are asked for again.
#pragma once
#include "handlers/webhooks/react.hpp"
#include "service/model/request.hpp"

namespace slipway {

// New runs of the named ones' stacks, planned from the branch's tip as it is now, in the order of
// their dependencies; approvals carry over as after a push. All of them or, with the reason said,
// none.
Task<void> retry_runs(ReactContext& context, LookRequest request, Lease holding);

}  // namespace slipway
