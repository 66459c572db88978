// What a driver reads in a plan file.
#pragma once
#include <string>
#include <vector>

#include "service/base/json.hpp"
#include "service/model/plan.hpp"
#include "service/model/secret.hpp"

namespace slipway {

struct ReadPlan {
    Plan plan;
    Json document;  // the tool's own, redacted
    std::string
        change_digest;  // keyed over everything, sensitive values too; in no particular order
    std::vector<Secret> sensitive;  // the sensitive values: what the log must not show either
};

}  // namespace slipway
