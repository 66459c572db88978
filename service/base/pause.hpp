// Not a failure: what a job wants to do has to wait, for a reason that is nobody's fault (a forge's
// pace). The consumer gives its place to others and brings the job back after that time; no attempt
// is counted.
#pragma once
#include "service/base/result.hpp"

namespace slipway {

struct Pause : Failure {
    Pause(std::string why, std::chrono::milliseconds for_how_long)
        : Failure(std::move(why), for_how_long) {}
};

}  // namespace slipway
