// What a plan costs: its two sides priced with the same table and the same usage, and compared.
#pragma once
#include <string>

#include "policies/cost/price_table.hpp"
#include "policies/cost/type_library.hpp"
#include "policies/cost/usage_file.hpp"
#include "service/base/json.hpp"
#include "service/model/cost.hpp"

namespace slipway::cost {

struct EstimateInput {
    const Json& plan;  // as `terraform show -json` and `tofu show -json` write it
    const PriceTable& prices;
    const TypeLibrary& types;
    const UsageFile& usage;
    std::string today;  // "2026-10-15"; decides what a version's support costs
};

// Throws Failure, with one sentence, for a document that is no plan. Whatever else cannot be known
// is a reason of the estimate.
CostEstimate estimate(const EstimateInput& input);

}  // namespace slipway::cost
