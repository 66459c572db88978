#include "handlers/forges/rest/pacing.hpp"

#include <algorithm>

namespace slipway::rest {
namespace {

// A little longer than they are, because calls do not all take the same time to arrive.
constexpr std::int64_t minute_ms = 60'250, hour_ms = 3'600'250;
constexpr int scarce_part = 5;

}  // namespace

int Pace::points_of(CallKind kind) const {
    return kind == CallKind::reads ? 1 : limits_.points_of_write;
}

milliseconds Pace::wait_for(CallKind kind, Need need, std::int64_t now_ms) const {
    auto at = std::max(now_ms, held_until_ms_);
    const auto points = points_of(kind);
    auto over = limits_.points_a_minute > 0 ? points_ + points - limits_.points_a_minute : 0;
    for (auto one = spent_.begin(); over > 0 && one != spent_.end(); ++one) {
        over -= one->points;
        at = std::max(at, one->at_ms + minute_ms);
    }
    const bool waits = need == Need::can_wait;
    if (waits) at = std::max(at, scarce_until_ms_);
    if (kind == CallKind::creates) {
        const auto free_at = [&](int limit, int kept, std::int64_t window_ms) {
            const auto allowed = static_cast<std::size_t>(std::max(limit - (waits ? kept : 0), 1));
            if (limit == 0 || created_.size() < allowed) return now_ms;
            return created_[created_.size() - allowed] + window_ms;
        };
        at = std::max(at, free_at(limits_.created_a_minute, limits_.kept_of_minute, minute_ms));
        at = std::max(at, free_at(limits_.created_an_hour, limits_.kept_of_hour, hour_ms));
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

void Pace::told(const CallsLeft& limit, std::int64_t now_ms) {
    const bool scarce = limit.left * scarce_part < limit.limit;
    scarce_until_ms_ = scarce ? now_ms + limit.until_reset.count() : 0;
}

milliseconds Pace::held(std::int64_t now_ms) const {
    return milliseconds(std::max<std::int64_t>(0, held_until_ms_ - now_ms));
}

}  // namespace slipway::rest
