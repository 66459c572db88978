// A usage file to fill in: every key that the estimate of a plan looked for.
#pragma once
#include <string>

#include "policies/cost/type_library.hpp"
#include "policies/cost/usage_file.hpp"
#include "service/model/cost.hpp"

namespace slipway::cost {

// YAML in the shape that UsageFile::read() takes. Keys that `usage` gives have their values, others
// none, which is read as not given. "" where nothing of the plan depends on use.
std::string usage_template(const CostEstimate& estimate, const TypeLibrary& types,
                           const UsageFile& usage);

}  // namespace slipway::cost
