// Rule R1: a run sees its workspace, its tool, read-only caches, and nothing of the service. One
// function around the argument vector: slipway-enter takes the run's user id and network,
// bubblewrap builds what it sees, and slipway-enter again is process 1 inside.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "service/base/config.hpp"
#include "service/process/process.hpp"
#include "service/process/run_network.hpp"

namespace slipway {

// A program that a run executes: `file` is seen as `at`.
struct PlacedProgram {
    std::filesystem::path file, at;
};

struct SandboxView {
    std::filesystem::path workspace;  // writable, and the same path for every run inside
    std::vector<std::filesystem::path> readable;  // caches, the tool's own directory, parts of the
                                                  // workspace that must not be written
    std::vector<std::filesystem::path> writable;  // beside the workspace: the plugin cache
    std::vector<std::filesystem::path>
        hidden;  // the data directory, its key: covered by an empty tmpfs
    std::vector<PlacedProgram> programs;
    std::optional<unsigned>
        user;                    // on the machine: see run_user(); the workspace must belong to it
    bool needs_network = false;  // without: nothing but a loopback of its own
    const RunNetwork* network =
        nullptr;  // where it is isolated; must outlive the start of the command
};

// The same command inside the sandbox, or unchanged where kind is none. The environment given to
// the command is all that it has; it travels neither in an argument vector nor in bubblewrap's own
// environment. The first signal of a stop reaches the command alone. Later entries of the view win
// over earlier ones: what is hidden stays hidden. Throws Failure(never) where bubblewrap is not
// installed.
Command sandboxed(Command command, const SandboxConfig& config, const SandboxView& view);

// What a run may use of the machine, for its commands: the limits that are watched and explained.
UsageLimits usage_limits(const SandboxConfig& config, const std::filesystem::path& workspace);

// Where a path of ours is inside: the workspace is always /workspace, so that plans made in
// different directories agree on what `abspath` says; everything else keeps its path.
std::filesystem::path inside_sandbox(const std::filesystem::path& path, const SandboxConfig& config,
                                     const SandboxView& view);

enum class SandboxAccess { read, write };

// Whether a command inside can read, or write, what the machine has at `path`, and not something
// that only the sandbox has there.
bool sandbox_shows(const std::filesystem::path& path, SandboxAccess access,
                   const SandboxConfig& config, const SandboxView& view);

// What a run had, for its record: "bubblewrap", "bubblewrap_shared_network" or "none".
std::string sandbox_level(const SandboxConfig& config);

struct SandboxLevel {
    std::string name;     // "bubblewrap" or "none"
    std::string trouble;  // why bubblewrap does not work here; "": it does
    SandboxConfig::Network network = SandboxConfig::Network::shared;  // isolated or shared
    std::string network_trouble;  // why it is not isolated although nobody asked for a shared one
};
// Tries it once with `true`. Throws Failure(never) where something is to be shared that does not
// exist, or where the configuration asks for an isolated network and there is none.
Task<SandboxLevel> probe_sandbox(SandboxConfig config);

}  // namespace slipway
