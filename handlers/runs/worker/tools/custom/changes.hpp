// What `show` of a custom tool prints, read strictly (deploy/guide/custom-tools.md documents it):
//
//   plan      = {"version": 1, "changes": [change…]}
//   change    = {"address": text, "action": action, "type": text?, "provider": text?,
//                "reason": text?, "attributes": [attribute…]?}
//   action    = "create" | "read" | "update" | "delete" | "replace" | "forget"
//   attribute = {"path": text, "before": value?, "after": value?, "after_unknown": bool?,
//                "sensitive": bool?, "forces_replacement": bool?}
#pragma once
#include <string_view>
#include <vector>

#include "handlers/runs/worker/tools/read_plan.hpp"
#include "service/base/result.hpp"

namespace slipway::custom {

// `known`: secrets of the run itself. The error names the member that does not fit.
Result<ReadPlan> read_changes(std::string_view shown, const std::vector<Secret>& known,
                              const Secret& digest_key);

}  // namespace slipway::custom
