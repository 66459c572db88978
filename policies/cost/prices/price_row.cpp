#include "policies/cost/prices/price_row.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

namespace slipway::cost {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> whole(std::string_view text) {
    int value = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

/// Digits without a point, and how many of them stood behind it.
struct Digits {
    std::string digits;
    int behind = 0;
};

std::optional<Digits> plain_digits(std::string_view text) {
    Digits out;
    const auto point = text.find('.');
    const auto before = text.substr(0, point);
    const auto after = point == text.npos ? std::string_view() : text.substr(point + 1);
    if (before.empty() || (point != text.npos && after.empty())) return std::nullopt;
    out.digits = std::string(before) + std::string(after);
    out.behind = static_cast<int>(after.size());
    if (!std::all_of(out.digits.begin(), out.digits.end(), is_digit)) return std::nullopt;
    return out;
}

std::optional<std::int64_t> scaled(Digits number, int decimals, bool round) {
    int missing = decimals - number.behind;
    bool up = false;
    for (; missing < 0; ++missing) {
        if (number.digits.empty()) return 0;
        const char last = number.digits.back();
        if (last != '0' && !round) return std::nullopt;
        up = last >= '5';
        number.digits.pop_back();
    }
    if (missing > std::numeric_limits<std::int64_t>::digits10) return std::nullopt;
    number.digits.append(static_cast<std::size_t>(missing), '0');
    const auto first = number.digits.find_first_not_of('0');
    if (first == std::string::npos) return up ? 1 : 0;
    number.digits.erase(0, first);
    std::int64_t value = 0;
    const auto* end = number.digits.data() + number.digits.size();
    const auto read = std::from_chars(number.digits.data(), end, value);
    if (read.ec != std::errc() || value == std::numeric_limits<std::int64_t>::max())
        return std::nullopt;
    return value + (up ? 1 : 0);
}

}  // namespace

std::optional<std::int64_t> parse_fixed(std::string_view text, int decimals) {
    auto digits = plain_digits(text);
    return digits ? scaled(std::move(*digits), decimals, false) : std::nullopt;
}

std::optional<std::int64_t> parse_fixed_rounded(std::string_view text, int decimals) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    int exponent = 0;
    if (const auto mark = text.find_first_of("eE"); mark != text.npos) {
        auto power = text.substr(mark + 1);
        if (power.starts_with('+')) power.remove_prefix(1);
        const auto read = whole(power);
        if (!read || *read < -60 || *read > 18) return std::nullopt;
        exponent = *read;
        text = text.substr(0, mark);
    }
    auto digits = plain_digits(text);
    if (!digits) return std::nullopt;
    digits->behind -= exponent;
    const auto value = scaled(std::move(*digits), decimals, true);
    return value && negative ? std::optional(-*value) : value;
}

std::string fixed_text(std::int64_t amount, int decimals) {
    const bool negative = amount < 0;
    auto digits = std::to_string(negative ? -amount : amount);
    const auto least = static_cast<std::size_t>(decimals) + 1;
    if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
    digits.insert(digits.size() - static_cast<std::size_t>(decimals), ".");
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
    return (negative ? "-" : "") + digits;
}

Decimal fixed_decimal(std::int64_t amount, int decimals) {
    return Decimal(fixed_text(amount, decimals));  // a division would not be exact
}

std::optional<std::chrono::sys_days> parse_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = whole(text.substr(0, 4)), month = whole(text.substr(5, 2)),
               day = whole(text.substr(8, 2));
    if (!year || !month || !day || *month < 1 || *day < 1) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date);
}

std::string day_text(std::chrono::sys_days day) {
    const std::chrono::year_month_day date(day);
    std::string out = "0000-00-00";
    const auto write = [&](std::size_t begin, std::size_t end, unsigned number) {
        for (auto at = end; at-- > begin; number /= 10)
            out[at] = static_cast<char>('0' + number % 10);
    };
    write(0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
    write(5, 7, static_cast<unsigned>(date.month()));
    write(8, 10, static_cast<unsigned>(date.day()));
    return out;
}

std::string tiers_fault(const std::vector<RowTier>& tiers) {
    if (tiers.empty()) return "there is no price";
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        if (tiers[i].price <= 0) return "a price must be above zero";
        if (tiers[i].from < 0) return "a tier must not begin below zero";
        if (i > 0 && tiers[i].from <= tiers[i - 1].from) return "tiers must ascend";
    }
    return {};
}

namespace {

auto in_order(const PriceKey& key) {
    return std::tie(key.provider, key.service, key.region, key.attributes, key.sku);
}

}  // namespace

bool key_before(const PriceKey& a, const PriceKey& b) { return in_order(a) < in_order(b); }
bool same_key(const PriceKey& a, const PriceKey& b) { return in_order(a) == in_order(b); }

std::string key_text(const PriceKey& key) {
    return key.provider + " " + key.service + " " + key.sku +
           (key.attributes.empty() ? "" : " (" + key.attributes + ")") + " in " + key.region;
}

}  // namespace slipway::cost
