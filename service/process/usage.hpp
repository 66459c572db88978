// What a tree of processes uses, and what a directory holds: the watcher's eyes. A process that
// ends while it is looked at counts as nothing.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace slipway {

struct Usage {
    int tasks = 0;  // threads of all processes
    // Memory of their own, files in memory that they hold open, and what lies in a sandbox's
    // /dev/shm, /tmp and /var/tmp, which are memory as well.
    std::int64_t memory_bytes = 0;
};
// Of `leader` and everything below it.
Usage usage_of(pid_t leader);

// On the disk, without following links.
std::int64_t bytes_in(const std::filesystem::path& directory);

std::vector<pid_t> children_of(pid_t parent);

}  // namespace slipway
