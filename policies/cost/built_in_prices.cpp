#include "policies/cost/built_in_prices.hpp"

#include "policies/cost/prices/packed_prices.hpp"

// Written by the build: where the packed table lies in the read-only section of the program.
extern "C" const std::byte slipway_built_in_prices_begin[];
extern "C" const std::byte slipway_built_in_prices_end[];

namespace slipway::cost {

const PackedPrices& built_in_table() {
    static const PackedPrices table = [] {
        auto opened =
            PackedPrices::open({slipway_built_in_prices_begin, slipway_built_in_prices_end}, false);
        if (!opened)
            throw Failure("the built-in price table " + opened.error().message, Retry::never);
        return *opened;
    }();
    return table;
}

std::optional<Price> BuiltInPrices::find(const PriceKey& key) const {
    return find_in_region_or_world(built_in_table(), key);
}

std::chrono::year_month_day BuiltInPrices::newest() const { return built_in_table().newest(); }

}  // namespace slipway::cost
