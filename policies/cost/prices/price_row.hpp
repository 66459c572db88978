/// One price of a table while it is read, checked and packed. Amounts are whole numbers of a small
/// unit, since a table has hundreds of thousands of them.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/cost/price_table.hpp"

namespace slipway::cost {

inline constexpr int price_decimals = 14;    ///< of RowTier::price: up to $92,000
inline constexpr int quantity_decimals = 6;  ///< of RowTier::from

struct RowTier {
    std::int64_t from = 0;   ///< 10^-6 of the row's unit
    std::int64_t price = 0;  ///< 10^-14 US dollars
    auto operator<=>(const RowTier&) const = default;
};

struct PriceRow {
    PriceKey key;
    std::string unit;
    std::string source;
    std::chrono::sys_days date;
    std::vector<RowTier> tiers;
};

/// The amount in units of 10^-decimals; nullopt where the text is not a plain decimal number, has
/// more decimals or does not fit.
std::optional<std::int64_t> parse_fixed(std::string_view text, int decimals);

/// As parse_fixed(), for foreign files: takes an exponent, and rounds what has more decimals half
/// up.
std::optional<std::int64_t> parse_fixed_rounded(std::string_view text, int decimals);

/// Shortest text: "0.096".
std::string fixed_text(std::int64_t amount, int decimals);
Decimal fixed_decimal(std::int64_t amount, int decimals);

/// ISO 8601: "2026-10-15"; nullopt where there is no such day.
std::optional<std::chrono::sys_days> parse_day(std::string_view text);
std::string day_text(std::chrono::sys_days day);

/// What is wrong with the tiers of one price, or "": not positive, or not ascending.
std::string tiers_fault(const std::vector<RowTier>& tiers);

/// Orders by provider, service, region, attributes, sku: the order of a packed table.
bool key_before(const PriceKey& a, const PriceKey& b);
bool same_key(const PriceKey& a, const PriceKey& b);
/// "aws ec2 m5.large (os=linux) in eu-west-1"
std::string key_text(const PriceKey& key);

}  // namespace slipway::cost
