// Which programs of Terraform and OpenTofu are installed, and which of them a stack wants.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/runs/worker/tools/version.hpp"
#include "service/base/result.hpp"
#include "service/base/task.hpp"
#include "service/model/stack.hpp"

namespace slipway {

struct InstalledTool {
    ToolKind kind = default_tool;
    std::filesystem::path program;
    Version version;
};

// All of PATH: terraform, tofu, and the same with a version behind ("terraform-1.10.5"). Each
// program is asked for its version once, as long as its file stays the same.
Task<std::vector<InstalledTool>> installed_tools();

// The newest that fits; the error names what is installed.
Result<InstalledTool> choose_tool(ToolKind kind, std::string_view constraint,
                                  const std::vector<InstalledTool>& installed);

}  // namespace slipway
