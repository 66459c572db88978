// A stack's state or its branch has moved on: what open pull requests would do to it was planned
// from before. Private to this folder.
#pragma once
#include <vector>

#include "handlers/runs/lifecycle.hpp"

namespace slipway {

struct ControlContext;

inline constexpr int stale_priority = -1;  // whoever waits goes first

struct StalePull {
    PullRequestName name;
    bool approved = false;
    std::int64_t planned_at_ms = 0;
};

// Open pull requests with a plan of the stack, but that of the run itself.
Task<std::vector<StalePull>> stale_pulls(ControlContext& context, Run ended);
// Those whose comment says that the run's pull request changes the stack, too.
Task<std::vector<PullRequestName>> pulls_beside(ControlContext& context, Run planned);
// Has them planned again: approved ones first, then the newest, all after what people wait for.
void plan_stale_pulls(Commit& commit, const Run& ended, std::vector<StalePull> pulls);

}  // namespace slipway
