// Why a run that used too much was stopped, as a half sentence behind "the plan".
#pragma once
#include <optional>
#include <string>

#include "service/base/config.hpp"
#include "service/process/process.hpp"

namespace slipway {

// "used more than 4096 MB of memory and was stopped: raise sandbox.limits.memory_mb"
std::string excess(std::optional<Resource> resource, const SandboxConfig& limits);

}  // namespace slipway
