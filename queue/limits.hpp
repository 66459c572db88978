// Numbers that the model and the scripts share (redis/scripts/common.lua says them again; the
// property test would tell a difference).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace slipway {

inline constexpr std::int64_t priority_step_us = 300'000'000;       // a priority is worth this wait
inline constexpr std::int64_t delivery_kept_ms = 8LL * 86'400'000;  // deduplication and body
inline constexpr std::int64_t name_again_ms = 30'000;  // lapsed jobs nobody acknowledged
inline constexpr int batch_limit = 1000;               // jobs moved by one expire()
inline constexpr std::size_t dead_limit = 1000;        // kept for people, newest

// Scores are doubles: beyond this they would lose their last digits.
constexpr std::int64_t bounded_priority(int priority) { return std::clamp(priority, -1000, 1000); }

}  // namespace slipway
