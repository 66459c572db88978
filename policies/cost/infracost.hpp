// The estimate as Infracost writes one, version "0.2": what existing policies and tools read.
// Numbers are strings with all their digits.
#pragma once
#include <string>

#include "service/base/json.hpp"
#include "service/model/cost.hpp"

namespace slipway::cost {

struct InfracostFacts {
    std::string project;           // the stack's name, or the plan's path
    std::string path;              // of the plan
    std::string generated_at;      // RFC 3339
    std::string command = "diff";  // or "breakdown"
    std::string branch{}, commit{}, commit_at{}, author_name{}, author_email{}, message{};
};

Json infracost_document(const CostEstimate& estimate, const InfracostFacts& facts);

}  // namespace slipway::cost
