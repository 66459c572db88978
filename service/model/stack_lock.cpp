#include "service/model/stack_lock.hpp"

#include <charconv>

namespace slipway {

namespace {

std::int64_t unit_ms(char unit) {
    constexpr std::int64_t second = 1000;
    switch (unit) {
        case 's':
            return second;
        case 'm':
            return 60 * second;
        case 'h':
            return 3600 * second;
        case 'd':
            return 24 * 3600 * second;
        default:
            return 0;
    }
}

}  // namespace

Reason why_locked(const StackLock& lock, std::int64_t now_ms) {
    Reason out;
    if (!holds(lock, now_ms)) return out;
    out.cause = Cause::locked;
    out.name = lock.holder.login;
    out.text = lock.note;
    out.until_ms = lock.expires_at_ms;
    return out;
}

std::optional<std::int64_t> parse_lock_duration(std::string_view text) {
    constexpr std::size_t longest = 8;  // with its unit: no number of milliseconds overflows
    if (text.size() < 2 || text.size() > longest) return std::nullopt;
    const auto unit = unit_ms(text.back());
    const auto* end = text.data() + text.size() - 1;
    std::int64_t number = 0;
    const auto [at, error] = std::from_chars(text.data(), end, number);
    if (unit == 0 || error != std::errc() || at != end || number <= 0) return std::nullopt;
    const auto out = number * unit;
    return out > lock_longest_ms ? std::nullopt : std::optional(out);
}

}  // namespace slipway
