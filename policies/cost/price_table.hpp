/// List prices by what is bought. The built-in table and the user's imports answer through the same
/// call.
#pragma once

#include "policies/cost/decimal.hpp"

#include <chrono>
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::cost {

/// What a price is for. `sku` and `attributes` are those of the table's rows: "m5.large",
/// "os=linux".
struct PriceKey {
    std::string provider;  ///< "aws", "azure", "gcp", or a user's own
    std::string service;   ///< "ec2", "ebs", "vm"
    std::string region;  ///< "eu-west-1"; a row of region "*" answers for every region that has no
                         ///< row of its own
    std::string sku;
    std::string attributes;  ///< "key=value;key=value", sorted by key; may be empty

    auto operator<=>(const PriceKey&) const = default;
};

struct PriceTier {
    Decimal from;   ///< in the price's unit, per month; this price holds above it
    Decimal price;  ///< US dollars for one unit, never zero or negative
};

struct Price {
    std::string unit;  ///< "hour", "GB-month"
    std::vector<PriceTier>
        tiers;  ///< at least one, the first from 0 or from what is free, ascending
    std::chrono::year_month_day date;
    std::string source;  ///< a key of the table's sources
};

class PriceTable {
  public:
    virtual ~PriceTable() = default;
    virtual std::optional<Price> find(const PriceKey& key) const = 0;
    /// The date of the newest row, for "prices of 2026-10-15".
    virtual std::chrono::year_month_day newest() const = 0;
};

}  // namespace slipway::cost
