// The plan as Terraform and OpenTofu tell it (`show -json`, format 1.x) → our Plan of Changes, the
// same document without sensitive values, and the digest by which two plans are the same. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "handlers/runs/worker/tools/read_plan.hpp"
#include "service/base/result.hpp"

namespace slipway {

// `known`: secrets of the run itself. Refuses what is not a plan of format 1.x.
Result<ReadPlan> read_plan(std::string_view shown, const std::vector<Secret>& known,
                           const Secret& digest_key);
// Likewise, of a plan that only refreshes: what is other than the state says.
Result<ReadPlan> read_drift(std::string_view shown, const std::vector<Secret>& known,
                            const Secret& digest_key);

// "tags.owner", "ingress[0].cidr", "labels[\"a.b/c\"]"
std::string path_below(const std::string& path, std::string_view member);
std::string path_below(const std::string& path, std::size_t index);

}  // namespace slipway
