// The functions of type files. What the small language cannot say is a function here, and rarely.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "policies/cost/expression.hpp"
#include "policies/cost/value.hpp"

namespace slipway::cost {

using Tables = std::map<std::string, std::map<std::string, std::string>>;

// Of a call that is not possible: an unknown name, a wrong number of arguments, a table that the
// file does not have. "" where it is.
std::string call_trouble(const Expression& call, const Tables& tables);

// Whether the first argument names a table.
bool is_table_function(const Expression& expression);

// Functions of values alone; the evaluator has `if`, `resource`, `is_managed`, `ordinal`,
// `known`, `lookup` and `at_least` itself. Arguments are known.
Value call_function(const std::string& name, const std::vector<Value>& arguments);

}  // namespace slipway::cost
