#include "service/app/forges.hpp"

#include <filesystem>

#include "handlers/forges/builtin.hpp"

namespace slipway {

Forges make_forges(const Config& config, HttpClient& http, Pool& pool, const Clock& clock) {
    Forges out;
    for (const auto& [name, forge] : config.forges) {
        switch (forge.kind) {
            case ForgeKind::github:
                out.emplace(name, make_github_forge(forge, http, clock));
                break;
            case ForgeKind::builtin:
                out.emplace(name, make_builtin_forge(forge, pool, clock));
                break;
        }
    }
    return out;
}

void settle_forges(const Config& config, const std::string& url) {
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    for (const auto& [name, forge] : config.forges)
        if (forge.kind == ForgeKind::builtin) install_builtin_hooks(forge, url, program);
}

}  // namespace slipway
