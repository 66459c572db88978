// Which installation a data directory belongs to. The id lies in the data directory and in Redis:
// where they differ, two services share a Redis but not their files, and each would fail on what
// the other stored.
#pragma once
#include <filesystem>

#include "queue/queue.hpp"

namespace slipway {

// The id kept in `data`/installation, made where there is none. Throws Failure(never) where it
// cannot be.
std::string installation_id(const std::filesystem::path& data);

// Throws Failure(never), with what to do, where Redis belongs to another installation.
Task<void> check_installation(Queue& queue, std::filesystem::path data);

}  // namespace slipway
