#include "handlers/forges/github/pacing.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace slipway::github {
namespace {

constexpr milliseconds shortest_wait{1'000}, default_wait{60'000}, longest_wait{3'600'000};
// A little longer than they are, because calls do not all take the same time to arrive.
constexpr std::int64_t minute_ms = 60'250, hour_ms = 3'600'250;
constexpr int scarce_part = 5;

int points_of(CallKind kind) { return kind == CallKind::reads ? 1 : 5; }

std::optional<std::int64_t> number(const HttpReply& reply, std::string_view header) {
    auto at = reply.headers.find(header);
    if (at == reply.headers.end()) return std::nullopt;
    std::int64_t value = 0;
    const auto& text = at->second;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

// "Sat, 28 Nov 2026 03:12:30 GMT", in milliseconds.
std::optional<std::int64_t> time_there(const HttpReply& reply) {
    auto at = reply.headers.find("date");
    if (at == reply.headers.end()) return std::nullopt;
    std::tm parts{};
    const char* end = ::strptime(at->second.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (!end || *end != '\0') return std::nullopt;
    return static_cast<std::int64_t>(::timegm(&parts)) * 1'000;
}

// From now until a moment that GitHub names, by its own clock where the reply shows it.
milliseconds until(std::int64_t unix_seconds, const HttpReply& reply, std::int64_t now_ms) {
    const auto wait = unix_seconds * 1'000 - time_there(reply).value_or(now_ms);
    return milliseconds(std::clamp<std::int64_t>(wait, 0, longest_wait.count()));
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
        wait = until(*reset, reply, now_ms);
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

std::optional<PrimaryLimit> primary_limit(const HttpReply& reply, std::int64_t now_ms) {
    const auto limit = number(reply, "x-ratelimit-limit"),
               left = number(reply, "x-ratelimit-remaining");
    if (!limit || !left) return std::nullopt;
    PrimaryLimit out{*limit, *left, longest_wait};
    if (auto reset = number(reply, "x-ratelimit-reset"))
        out.until_reset = until(*reset, reply, now_ms);
    return out;
}

milliseconds Pace::wait_for(CallKind kind, Need need, std::int64_t now_ms) const {
    auto at = std::max(now_ms, held_until_ms_);
    const auto points = points_of(kind);
    auto over = points_ + points - limits_.points_a_minute;
    for (auto one = spent_.begin(); over > 0 && one != spent_.end(); ++one) {
        over -= one->points;
        at = std::max(at, one->at_ms + minute_ms);
    }
    const bool waits = need == Need::can_wait;
    if (waits) at = std::max(at, scarce_until_ms_);
    if (kind == CallKind::creates) {
        const auto free_at = [&](int most, std::int64_t window_ms) {
            const auto allowed = static_cast<std::size_t>(std::max(most, 1));
            if (created_.size() < allowed) return now_ms;
            return created_[created_.size() - allowed] + window_ms;
        };
        at = std::max(at, free_at(limits_.created_a_minute - (waits ? limits_.kept_of_minute : 0),
                                  minute_ms));
        at = std::max(
            at, free_at(limits_.created_an_hour - (waits ? limits_.kept_of_hour : 0), hour_ms));
    }
    return milliseconds(at - now_ms);
}

void Pace::made(CallKind kind, std::int64_t now_ms) {
    while (!spent_.empty() && spent_.front().at_ms + minute_ms <= now_ms) {
        points_ -= spent_.front().points;
        spent_.pop_front();
    }
    while (!created_.empty() && created_.front() + hour_ms <= now_ms) created_.pop_front();
    spent_.push_back({now_ms, points_of(kind)});
    points_ += points_of(kind);
    if (kind == CallKind::creates) created_.push_back(now_ms);
}

void Pace::limited(milliseconds wait, std::int64_t now_ms) {
    ++limits_in_a_row_;
    held_until_ms_ = std::max(held_until_ms_, now_ms + wait.count());
}

void Pace::told(const PrimaryLimit& limit, std::int64_t now_ms) {
    const bool scarce = limit.left * scarce_part < limit.limit;
    scarce_until_ms_ = scarce ? now_ms + limit.until_reset.count() : 0;
}

milliseconds Pace::held(std::int64_t now_ms) const {
    return milliseconds(std::max<std::int64_t>(0, held_until_ms_ - now_ms));
}

}  // namespace slipway::github
