// Rule R1: a run sees its workspace, its tool, read-only caches, and nothing of the service. One
// function around the argument vector (bubblewrap); egress stays open.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "service/base/config.hpp"
#include "service/process/process.hpp"

namespace slipway {

struct SandboxView {
    std::filesystem::path workspace;  // writable, and the same path for every run inside
    std::vector<std::filesystem::path> readable;  // caches, the tool's own directory, parts of the
                                                  // workspace that must not be written
    std::vector<std::filesystem::path> writable;  // beside the workspace: the plugin cache
    std::vector<std::filesystem::path>
        hidden;  // the data directory, its key: covered by an empty tmpfs
};

// The same command inside the sandbox, or unchanged where kind is none. The environment given to
// the command is all that it has; it travels neither in an argument vector nor in bubblewrap's own
// environment. The first signal of a stop reaches the command alone. Later entries of the view win
// over earlier ones: what is hidden stays hidden. Throws Failure(never) where bubblewrap is not
// installed.
Command sandboxed(Command command, const SandboxConfig& config, const SandboxView& view);

// Where a path of ours is inside: the workspace is always /workspace, so that plans made in
// different directories agree on what `abspath` says; everything else keeps its path.
std::filesystem::path inside_sandbox(const std::filesystem::path& path, const SandboxConfig& config,
                                     const SandboxView& view);

enum class SandboxAccess { read, write };

// Whether a command inside can read, or write, what the machine has at `path`, and not something that only the
// sandbox has there.
bool sandbox_shows(const std::filesystem::path& path, SandboxAccess access, const SandboxConfig& config,
                   const SandboxView& view);

struct SandboxLevel {
    std::string name;     // "bubblewrap" or "none"
    std::string trouble;  // why bubblewrap does not work here; "": it does
};
// Tries it once with `true`. Throws Failure(never) where something is to be shared that does not exist.
Task<SandboxLevel> probe_sandbox(SandboxConfig config);

}  // namespace slipway
