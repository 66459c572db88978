/// The list prices that Slipway brings along: `prices/tables/`, packed when the program is built.
#pragma once

#include "policies/cost/price_table.hpp"

namespace slipway::cost {

class PackedPrices;

class BuiltInPrices final : public PriceTable {
  public:
    std::optional<Price> find(const PriceKey& key) const override;
    std::chrono::year_month_day newest() const override;
};

/// For showing and comparing it.
const PackedPrices& built_in_table();

}  // namespace slipway::cost
