// UTC in and out of text. Only the forms that records, people and forges use: RFC 3339 and minutes.
#include "service/base/clock.hpp"

#include <charconv>
#include <cstdio>
#include <string_view>

namespace slipway {

namespace {

struct Parts {
    std::chrono::year_month_day date;
    std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
};

Parts split(std::int64_t unix_ms) {
    std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(unix_ms)};
    auto day = std::chrono::floor<std::chrono::days>(at);
    return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss(at - day)};
}

// Takes exactly `digits` digits off the front; -1 where they are not there.
int take(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return -1;
    for (char c : text.substr(0, digits))
        if (c < '0' || c > '9') return -1;
    int value = 0;
    std::from_chars(text.data(), text.data() + digits, value);
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char either, char other) {
    if (text.empty() || (text.front() != either && text.front() != other)) return false;
    text.remove_prefix(1);
    return true;
}

// ".123456" → 123; what is finer than a millisecond is cut off.
int take_fraction(std::string_view& text) {
    if (!take(text, '.', '.')) return 0;
    int value = 0, digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        if (digits++ < 3) value = value * 10 + (text.front() - '0');
        text.remove_prefix(1);
    }
    if (digits == 0) return -1;
    for (; digits < 3; ++digits) value *= 10;
    return value;
}

// "Z" or "+02:00" as the minutes to subtract; false where it is neither or something follows.
bool take_offset(std::string_view text, int& minutes) {
    minutes = 0;
    if (take(text, 'Z', 'z')) return text.empty();
    const bool west = !text.empty() && text.front() == '-';
    if (!take(text, '+', '-')) return false;
    const int hours = take(text, 2);
    if (!take(text, ':', ':')) return false;
    const int rest = take(text, 2);
    if (hours < 0 || hours > 23 || rest < 0 || rest > 59 || !text.empty()) return false;
    minutes = (west ? -1 : 1) * (hours * 60 + rest);
    return true;
}

}  // namespace

std::string utc_minutes(std::int64_t unix_ms) {
    auto [date, time] = split(unix_ms);
    char out[64];
    std::snprintf(out, sizeof out, "%04d-%02u-%02u %02d:%02d UTC", int(date.year()),
                  unsigned(date.month()), unsigned(date.day()), int(time.hours().count()),
                  int(time.minutes().count()));
    return out;
}

std::string utc_iso(std::int64_t unix_ms) {
    auto [date, time] = split(unix_ms);
    char out[64];
    std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02dZ", int(date.year()),
                  unsigned(date.month()), unsigned(date.day()), int(time.hours().count()),
                  int(time.minutes().count()), int(time.seconds().count()));
    return out;
}

std::int64_t parse_utc_iso(std::string_view text) {
    const int year = take(text, 4);
    if (year < 0 || !take(text, '-', '-')) return 0;
    const int month = take(text, 2);
    if (month < 0 || !take(text, '-', '-')) return 0;
    const int day = take(text, 2);
    if (day < 0 || !take(text, 'T', 't')) return 0;
    const int hour = take(text, 2);
    if (!take(text, ':', ':')) return 0;
    const int minute = take(text, 2);
    if (!take(text, ':', ':')) return 0;
    const int second = take(text, 2);
    const int fraction = take_fraction(text);
    int offset = 0;
    if (!take_offset(text, offset) || fraction < 0) return 0;
    // 60 is a leap second, which RFC 3339 allows.
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return 0;
    std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)),
                                     std::chrono::day(unsigned(day))};
    if (!date.ok()) return 0;
    auto at = std::chrono::sys_days(date) + std::chrono::hours(hour) +
              std::chrono::minutes(minute - offset) + std::chrono::seconds(second) +
              std::chrono::milliseconds(fraction);
    return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

}  // namespace slipway
