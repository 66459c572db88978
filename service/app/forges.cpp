#include "service/app/forges.hpp"

#include <filesystem>

#include "handlers/forges/builtin.hpp"
#include "service/base/log.hpp"

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

namespace {
std::filesystem::path own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }
}  // namespace

Task<void> watch_forges(const Config& config, std::string url, Pool& pool) {
    std::vector<BuiltinWatch> watches;
    for (const auto& [name, forge] : config.forges)
        if (const auto* builtin = std::get_if<BuiltinConfig>(&forge.own))
            watches.emplace_back(name, *builtin, url, own_program());
    while (!watches.empty()) {
        for (auto& watch : watches) {
            std::string trouble;
            try {
                co_await pool.run([&watch] { watch.look(); });
            } catch (const std::exception& error) {
                trouble = error.what();
            }
            if (!trouble.empty())
                log_warning("a new repository could not be set up; it is tried again",
                            {{"reason", trouble}});
        }
        co_await sleep_for(std::chrono::seconds(1));
    }
}

void settle_forges(const Config& config, const std::string& url) {
    const auto program = own_program();
    for (const auto& [name, forge] : config.forges)
        if (const auto* builtin = std::get_if<BuiltinConfig>(&forge.own))
            install_builtin_hooks(name, *builtin, url, program);
}

}  // namespace slipway
