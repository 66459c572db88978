// Of a run that was only there for its upstreams.
#pragma once
#include "service/model/run.hpp"

namespace slipway {

// Skipped since nothing changed that it reads: whoever waited for it goes on.
inline bool was_unneeded(const Run& run) {
    return run.state == RunState::skipped && run.reason.cause == Cause::upstream_ended &&
           run.reason.text.empty();
}

}  // namespace slipway
