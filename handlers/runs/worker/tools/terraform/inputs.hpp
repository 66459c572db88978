// What init and the worker bring into a run of Terraform or OpenTofu: downloaded modules, installed
// providers, the lock file and the tool, each under a digest of its own (rule R4).
#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

#include "handlers/runs/worker/tools/terraform/installed.hpp"
#include "handlers/runs/worker/tools/terraform/providers.hpp"
#include "service/model/run_input.hpp"

namespace slipway {

// One for each downloaded module. What version control keeps beside a module's files differs from
// download to download and is removed, so that nothing is there that was not digested.
std::vector<RunInput> module_inputs(const std::filesystem::path& data);

std::vector<RunInput> provider_inputs(const std::vector<InstalledProvider>& installed);
std::vector<RunInput> tool_inputs(const InstalledTool& tool, std::string_view lock_file);

}  // namespace slipway
