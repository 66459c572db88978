// Tiered prices: which part of a quantity falls into which band, and what a band is called.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "policies/cost/price_table.hpp"

namespace slipway::cost {

struct Band {
    std::string name;  // "first 50TB", "next 450TB", "over 500TB"; "" for a flat price
    std::optional<Decimal> quantity;  // absent where none was given
    Decimal price;
};

// At least one. Bands without any quantity are left out, but for the first. What a first tier would
// leave free is billed: free allowances are an account's, not a resource's.
std::vector<Band> bands_of(const Price& price, const std::optional<Decimal>& quantity);

}  // namespace slipway::cost
