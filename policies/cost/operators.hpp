// What the operators of type files' expressions yield for two values that are known.
#pragma once

#include "policies/cost/expression.hpp"
#include "policies/cost/value.hpp"

namespace slipway::cost {

bool truth(const Value& value);
// `<` and its like; false where either is null.
bool compared(Expression::Binary op, const Value& a, const Value& b);
// `+` and its like; null where either is null, unknown for what is not a number or divides by zero.
Value calculated(Expression::Binary op, const Value& a, const Value& b);

}  // namespace slipway::cost
