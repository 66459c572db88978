// What an organisation says of costs: the files of `costs/` in its tree.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "policies/cost/layered_prices.hpp"
#include "policies/cost/type_library.hpp"
#include "policies/cost/usage_file.hpp"

namespace slipway::cost {

struct OrganisationCosts {
    std::shared_ptr<const TypeLibrary> types;  // the built-in ones, and the organisation's
    UsageFile usage;
    Discounts discounts;
};

// `files`: path → text. `usage.yaml` says how much is used, `discounts.yaml` is a list of
// discounts, `free.yaml` lists what costs nothing; each other file describes a type. What is wrong
// goes to `findings`.
OrganisationCosts read_organisation_costs(const std::map<std::string, std::string>& files,
                                          Findings& findings);

}  // namespace slipway::cost
