// A run that a person asked for by a call (drift, destroy): it begins at its branch's tip.
#pragma once
#include "handlers/webhooks/react.hpp"

namespace slipway {

// Nothing is done where the run has begun, or was cancelled meanwhile.
Task<void> begin_asked(ReactContext& context, RunId id, Lease holding);

}  // namespace slipway
