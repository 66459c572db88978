#include "handlers/forges/github/pacing.hpp"

#include <algorithm>
#include <charconv>

namespace slipway::github {
namespace {

constexpr milliseconds shortest_wait{1'000}, default_wait{60'000}, longest_wait{3'600'000};

std::optional<std::int64_t> number(const HttpReply& reply, std::string_view header) {
    auto at = reply.headers.find(header);
    if (at == reply.headers.end()) return std::nullopt;
    std::int64_t value = 0;
    const auto& text = at->second;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

bool mentions_a_limit(std::string_view body) {
    return body.find("secondary rate limit") != body.npos ||
           body.find("rate limit exceeded") != body.npos ||
           body.find("abuse detection") != body.npos;
}

// 403 and 429 alike: GitHub uses both for its limits, and 403 for missing permissions, too.
std::optional<milliseconds> limit_of(const HttpReply& reply, std::int64_t now_ms,
                                     int limits_in_a_row) {
    std::optional<milliseconds> wait;
    bool exhausted = number(reply, "x-ratelimit-remaining") == 0;
    if (auto seconds = number(reply, "retry-after")) {
        wait = milliseconds(std::min<std::int64_t>(*seconds, 3'600) * 1'000);
    } else if (auto reset = number(reply, "x-ratelimit-reset"); exhausted && reset) {
        wait = milliseconds(std::clamp<std::int64_t>(*reset * 1'000 - now_ms, 0, 3'600'000));
    } else if (exhausted || reply.status == 429 || mentions_a_limit(reply.body)) {
        wait = default_wait * (1 << std::clamp(limits_in_a_row, 0, 4));
    }
    if (wait) wait = std::clamp(*wait, shortest_wait, longest_wait);
    return wait;
}

}  // namespace

ReplyMeaning meaning_of(const HttpReply& reply, std::int64_t now_ms, int limits_in_a_row) {
    const int status = reply.status;
    if (status == 403 || status == 429) {
        if (auto wait = limit_of(reply, now_ms, limits_in_a_row))
            return {ReplyKind::limited, *wait};
        return {ReplyKind::forbidden};
    }
    if (status >= 200 && status < 300) return {ReplyKind::success};
    switch (status) {
        case 301:
        case 302:
        case 307:
        case 308:
            return {ReplyKind::moved};
        case 401:
            return {ReplyKind::unauthorised};
        case 404:
        case 410:
            return {ReplyKind::missing};
        case 409:
            return {ReplyKind::conflict};
        default:
            break;
    }
    return {status >= 400 && status < 500 ? ReplyKind::refused : ReplyKind::broken};
}

std::optional<std::int64_t> calls_left(const HttpReply& reply) {
    return number(reply, "x-ratelimit-remaining");
}

milliseconds Pace::reserve(WriteKind kind, std::int64_t now_ms) {
    auto at = std::max(now_ms, next_write_ms_);
    if (kind == WriteKind::creates) {
        at = std::max(at, next_created_ms_);
        next_created_ms_ = at + spacing_.between_created.count();
    }
    next_write_ms_ = at + spacing_.between_writes.count();
    return milliseconds(at - now_ms);
}

void Pace::limited(milliseconds wait, std::int64_t now_ms) {
    ++limits_in_a_row_;
    held_until_ms_ = std::max(held_until_ms_, now_ms + wait.count());
}

milliseconds Pace::held(std::int64_t now_ms) const {
    return milliseconds(std::max<std::int64_t>(0, held_until_ms_ - now_ms));
}

}  // namespace slipway::github
