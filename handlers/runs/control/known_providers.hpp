// Rule R3: which providers a run may start. Private to this folder.
#pragma once
#include "handlers/runs/control/transition.hpp"
#include "service/model/provider.hpp"

namespace slipway {

// Addresses that the basis' commit uses where the stack lives (its lock file; where there is none,
// what its configuration and local modules require), that its plan used, and what administrators
// allowed for the stack or on the run's pull request. Where that commit does not have the
// directory: those of the repository's other stacks. Never what a head says.
Task<std::vector<std::string>> allowed_providers(ControlContext& context,
                                                 std::shared_ptr<Repository> repository, Run run,
                                                 ProviderBasis basis);

// The basis after a plan of the tracked branch that ran no unknown provider.
ProviderBasis advanced(ProviderBasis basis, const Run& planned);

}  // namespace slipway
