// Time as an argument: whoever needs "now" is handed a Clock, so that tests own it.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace slipway {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual std::int64_t now_ms() const = 0;  // Unix time in milliseconds
};

class SystemClock : public Clock {
  public:
    std::int64_t now_ms() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }
};

class FixedClock : public Clock {
  public:
    explicit FixedClock(std::int64_t at_ms) : at_ms_(at_ms) {}
    std::int64_t now_ms() const override { return at_ms_; }
    void advance(std::chrono::milliseconds by) { at_ms_ += by.count(); }

  private:
    std::int64_t at_ms_;
};

std::string utc_minutes(std::int64_t unix_ms);  // "2026-11-23 09:14 UTC"
std::string utc_iso(std::int64_t unix_ms);      // "2026-11-23T09:14:05Z"
// RFC 3339 with Z or an offset; 0 where it is not one.
std::int64_t parse_utc_iso(std::string_view text);

}  // namespace slipway
