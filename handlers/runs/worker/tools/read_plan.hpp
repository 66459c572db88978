// What a driver reads in a plan file.
#pragma once
#include <set>
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

// Members in order of their names, so that equal values read equal.
Json with_sorted_members(const Json& json);
// Of what each change says, in full. The key keeps whoever reads the digest from trying passwords
// against it.
std::string change_digest(const std::multiset<std::string>& changes, const Secret& key);

}  // namespace slipway
