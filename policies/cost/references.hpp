// Which resource an attribute points to. An id is known only after apply, so the configuration is
// asked where the values say nothing: through inputs and outputs of modules, to the instance of
// the same key.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "policies/cost/plan_document.hpp"
#include "policies/cost/value.hpp"

namespace slipway::cost {

// The resource of one of `types` that `attribute` (a value with its place) points to; a null value
// for an attribute that is not set, and an unknown one where no single resource is found.
Value referred(const PlanDocument& plan, const PlanSide& side, const PlanResource& from,
               const Value& attribute, const std::vector<std::string>& types);

// What an expression of the configuration of a module comes to, as far as the plan tells: a
// constant, or the value of a root variable, handed down through module calls. nullptr: unknown.
const Json* constant_of(const PlanDocument& plan, const ModulePath& modules,
                        const Json& expression);

// Whether an expression depends on variables and constants alone, so that its value was known when
// the plan was made.
bool is_settled(const PlanDocument& plan, const ModulePath& modules, const Json& expression);

}  // namespace slipway::cost
