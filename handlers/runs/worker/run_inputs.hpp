// What a run is made from beside the repository: modules that init downloaded, the lock file, the
// tool, the installed providers and the worker's own values, each under a digest of its own (rule
// R4).
#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

#include "handlers/runs/worker/environment.hpp"
#include "handlers/runs/worker/providers.hpp"
#include "handlers/runs/worker/tools/tool.hpp"

namespace slipway {

// One for each downloaded module. What version control keeps beside a module's files differs from
// download to download and is removed, so that nothing is there that was not digested.
std::vector<RunInput> module_inputs(const std::filesystem::path& data);

std::vector<RunInput> provider_inputs(const std::vector<InstalledProvider>& installed);
std::vector<RunInput> tool_inputs(const InstalledTool& tool, std::string_view lock_file);

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
