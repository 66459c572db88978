// The worker's own values that a run is made from, each under a digest of its own (rule R4). What
// the tool brings is its driver's to say.
#pragma once
#include <vector>

#include "handlers/runs/worker/environment.hpp"

namespace slipway {

// The worker's variables and files: those of this phase as `environment` resolved them, and those
// that the apply will ask for, resolved only to be digested. Of one that is declared as identity
// the name counts alone.
struct ValueDigests {
    const std::vector<std::string>& allowed_names;
    const std::vector<std::string>& identity_names;
    const Secret& key;
    const ReadVariable& read;
};
std::vector<RunInput> value_inputs(const RunSpec& spec, const RunEnvironment& environment,
                                   const ValueDigests& how);

// What the apply found otherwise than its plan; values of the plan alone are not asked for again.
std::vector<InputDifference> differences_of_apply(const RunSpec& spec,
                                                  const std::vector<RunInput>& now);

}  // namespace slipway
