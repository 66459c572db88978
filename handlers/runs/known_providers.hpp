// Rule R3: which providers a run may start. Private to this folder.
#pragma once
#include "handlers/runs/transition.hpp"

namespace slipway {

// Addresses that the tracked branch uses where the stack lives (its lock file; where there is none, what its
// configuration and local modules require), and what administrators allowed on the run's pull request. Where the
// tracked branch does not have the directory yet: those of the repository's other stacks. Never what a head says.
Task<std::vector<std::string>> allowed_providers(ControlContext& context, std::shared_ptr<Repository> repository,
                                                 Run run);

}  // namespace slipway
