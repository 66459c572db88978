// The plan of a run, made where it has none yet.
#pragma once
#include "service/model/run.hpp"

namespace slipway {

inline PlanOutcome& set_plan(Run& run) { return run.plan ? *run.plan : run.plan.emplace(); }

}  // namespace slipway
