// Rule R1: a run sees its workspace, its tool, read-only caches, and nothing of the service. One function
// around the argument vector (bubblewrap); egress stays open.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "service/base/config.hpp"
#include "service/process/process.hpp"

namespace slipway {

struct SandboxView {
    std::filesystem::path workspace;                // writable, also the working directory's root
    std::vector<std::filesystem::path> readable;    // caches, the tool's own directory, mirrors
    std::vector<std::filesystem::path> writable;    // beside the workspace: scratch, the plugin cache
    std::vector<std::filesystem::path> hidden;      // the data directory, its key: covered by an empty tmpfs
};

// The same command inside the sandbox, or unchanged where kind is none. The environment given to the
// command is all that it has.
Command sandboxed(Command command, const SandboxConfig& config, const SandboxView& view);

struct SandboxLevel {
    std::string name;     // "bubblewrap" or "none"
    std::string trouble;  // why bubblewrap does not work here; "": it does
};
// Tries it once with `true`.
Task<SandboxLevel> probe_sandbox(SandboxConfig config);

}  // namespace slipway
