// The changed attributes of one resource: before, after, what is unknown and what is sensitive are
// trees of one shape, walked together.
#pragma once
#include <vector>

#include "handlers/runs/worker/tools/scrubber.hpp"
#include "service/base/json.hpp"
#include "service/model/plan.hpp"

namespace slipway {

std::vector<AttributeChange> changed_attributes(const Json& change, const Scrubber& scrubber);

}  // namespace slipway
