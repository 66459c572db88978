// From what was read of a finished phase to the run's next state, as one commit. Private to this
// folder.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "handlers/runs/control/stale.hpp"
#include "handlers/runs/control/transition.hpp"
#include "handlers/runs/control/upstream_outputs.hpp"
#include "service/model/drift.hpp"
#include "service/model/provider.hpp"

namespace slipway {

struct JudgeLook {
    Phase phase = Phase::plan;
    std::int64_t now_ms = 0;
    StoredRun run;  // with what the worker found of a plan, and what plan policies say to it
    PhaseResult result;
    Stored<ProviderBasis> providers;      // of a plan of the branch
    std::vector<PullRequestName> behind;  // likewise: whose runs wait behind it
    int resources_after = -1;             // of an apply; -1: not known
    Stored<StackOutputs> outputs;         // of a run of the branch: what its stack handed over
    std::optional<AppliedOutputs> applied_outputs;  // of an apply, where somebody saw them
    Stored<CostHistory> costs;                      // likewise: what its stack cost before
    std::vector<StalePull> stale;                   // whose plans of the stack are of before
    std::vector<PullRequestName> beside;            // of a proposed run: who else changes the stack
    Stored<DriftRecord> drift;                      // of a look for drift: what the last one found
    std::string last_seen;  // of one whose end nobody saw: the last line of its log
};

// `look.run` is moved on.
Commit decide_judgement(const ControlContext& context, JudgeLook& look);

}  // namespace slipway
