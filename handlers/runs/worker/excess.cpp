#include "handlers/runs/worker/excess.hpp"

namespace slipway {

std::string excess(std::optional<Resource> resource, const SandboxConfig& limits) {
    const auto text = [](const std::string& used, int limit, const std::string& unit,
                         const std::string& key) {
        return used + " more than " + std::to_string(limit) + " " + unit +
               " and was stopped: raise sandbox.limits." + key;
    };
    switch (resource.value_or(Resource::memory)) {
        case Resource::tasks:
            return text("started", limits.processes, "processes and threads", "processes");
        case Resource::directory:
            return text("wrote", limits.workspace_mb, "MB into its workspace", "workspace_mb");
        case Resource::memory:
            break;
    }
    return text("used", limits.memory_mb, "MB of memory", "memory_mb");
}

}  // namespace slipway
