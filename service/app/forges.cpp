#include "service/app/forges.hpp"

#include <filesystem>

#include "handlers/forges/builtin.hpp"

namespace slipway {

namespace {

// One line for each kind of forge.
struct MakeForge {
    const ForgeConfig& config;
    HttpClient& http;
    Pool& pool;
    const Clock& clock;

    std::unique_ptr<Forge> operator()(const GithubConfig&) const {
        return make_github_forge(config, http, clock);
    }
    std::unique_ptr<Forge> operator()(const GiteaConfig&) const {
        return make_gitea_forge(config, http, clock);
    }
    std::unique_ptr<Forge> operator()(const GitlabConfig&) const {
        return make_gitlab_forge(config, http, clock);
    }
    std::unique_ptr<Forge> operator()(const BuiltinConfig&) const {
        return make_builtin_forge(config, pool, clock);
    }
};

}  // namespace

Forges make_forges(const Config& config, HttpClient& http, Pool& pool, const Clock& clock) {
    Forges out;
    for (const auto& [name, forge] : config.forges)
        out.emplace(name, std::visit(MakeForge{forge, http, pool, clock}, forge.own));
    return out;
}

void settle_forges(const Config& config, const std::string& url) {
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    for (const auto& [name, forge] : config.forges)
        if (const auto* builtin = std::get_if<BuiltinConfig>(&forge.own))
            install_builtin_hooks(name, *builtin, url, program);
}

}  // namespace slipway
