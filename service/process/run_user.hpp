// Where the service is root: which user id a run has on the machine, and what belongs to it.
#pragma once
#include <filesystem>
#include <optional>

#include "service/base/config.hpp"

namespace slipway {

// Of the run in this slot. nullopt: the service is not root, so that its runs have its own id; or
// runs have no sandbox.
std::optional<unsigned> run_user(const SandboxConfig& config, int slot);

// The whole tree, without following links: before the run has begun to change it.
void give_tree(const std::filesystem::path& tree, unsigned user);

// Directories that runs may write, and that belong to root: they and the plain files and pipes in
// them are given to the first id of the range, which stands for every run there; one of another
// owner stays as it is, and that owner stands for every run. Once a directory has been given
// nothing in it is touched again. Throws Failure(never), with nothing given, where one holds
// something that does not look like states: another owner's files, programs, devices, links, or
// more than 10,000 entries.
void give_writable_directories(const SandboxConfig& config);

}  // namespace slipway
