// Where a resource lies. No region is ever guessed: one that nothing tells is unknown, and a price
// of another region is never taken.
#pragma once
#include <optional>
#include <string>

#include "policies/cost/plan_document.hpp"
#include "policies/cost/value.hpp"

namespace slipway::cost {

// A text such as "eu-west-1", "westeurope", "us-central1" or "EU" (a multi-region of Google), or
// an unknown value. Null for a provider that has no regions we know of.
Value region_of(const PlanDocument& plan, const PlanSide& side, const PlanResource& resource);

}  // namespace slipway::cost
