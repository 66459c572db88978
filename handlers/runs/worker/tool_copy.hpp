// The tool as runs have it: a copy that can be executed and not read. The kernel lets nobody look
// into a process whose program its user may not read, or write its memory: not by /proc/PID/mem,
// not by its descriptors, not by tracing. Providers run as the same user as the tool that started
// them, so nothing else parts them.
#pragma once
#include <filesystem>
#include <optional>

namespace slipway {

// Below `directory`, made where it is not there yet; again where the program has changed. nullopt:
// `program` is a script, which its interpreter must read. Throws Failure where it cannot be made.
std::optional<std::filesystem::path> unreadable_copy(const std::filesystem::path& directory,
                                                     const std::filesystem::path& program);

}  // namespace slipway
