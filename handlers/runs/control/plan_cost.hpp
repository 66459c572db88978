// What a run's plan costs: priced once, from the tool's own document, when the plan is judged; held
// against budgets then and when its apply begins; and kept once it was applied. Private to this
// folder.
#pragma once
#include <memory>

#include "handlers/runs/control/control.hpp"
#include "service/base/json.hpp"

namespace slipway {

// What plan policies see beside the plan.
struct PlanEvidence {
    Json document;                                 // the tool's own, redacted; null where none
    std::shared_ptr<const CostEstimate> estimate;  // null where nothing costs
};

// As it was kept.
Task<PlanEvidence> kept_evidence(ControlContext& context, Run run);
Task<std::shared_ptr<const CostEstimate>> kept_estimate(ControlContext& context, Run run);

// Prices what the document plans and keeps the whole estimate; leaves the brief one in the run,
// with its budgets. How much is used is read from `usage.yml` in the stack's directory as the
// tracked branch has it, never from what is proposed: an author could lower an estimate there.
Task<PlanEvidence> price_plan(ControlContext& context, Run& run);

// What the other stacks of budgeted spaces cost by now.
Task<void> look_at_budgets(ControlContext& context, Run& run);

// The stack's history with what this run applied; nothing changes where nothing ever cost.
Task<Stored<CostHistory>> cost_history(ControlContext& context, StackId stack);
void note_applied_cost(Commit& commit, Stored<CostHistory> history, const Run& run,
                       std::int64_t now_ms);

}  // namespace slipway
