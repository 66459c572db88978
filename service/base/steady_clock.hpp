// For durations: a clock that nobody sets, counted from an unknown moment.
#pragma once
#include "service/base/clock.hpp"

namespace slipway {

class SteadyClock : public Clock {
  public:
    std::int64_t now_ms() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
            .count();
    }
};

}  // namespace slipway
