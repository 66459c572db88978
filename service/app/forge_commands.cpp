// `slipway forge check` and `slipway forge setup`: with the service's configuration, against the
// forge itself.
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iostream>

#include "service/app/commands.hpp"
#include "service/app/forges.hpp"
#include "service/app/serve.hpp"
#include "service/base/digest.hpp"
#include "service/net/http_client.hpp"
#include "service/wording/setup.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

struct Options {
    std::string config, forge, make_secret, url;
    std::vector<std::string> repositories;
    bool change = false;
};

// A secret for the webhook, where the file is not there yet. Only its owner may read it. GitLab
// wants its signing tokens in this shape (Standard Webhooks); to the others it is as good as any.
void make_secret(const fs::path& file) {
    if (file.empty() || fs::exists(file)) return;
    std::ofstream out(file);
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    out << "whsec_" << to_base64(random_bytes(32)) << "\n";
    if (!out.flush()) throw Failure("cannot write " + file.string(), Retry::never);
    std::cout << "wrote a new secret into " << file.string() << "\n";
}

const ForgeConfig& forge_called(const Config& config, const std::string& name) {
    if (const auto at = config.forges.find(name); at != config.forges.end()) return at->second;
    std::string known;
    for (const auto& [each, forge] : config.forges) known += (known.empty() ? "" : ", ") + each;
    throw Failure(
        "the configuration has no forge " + name + "; it has " + (known.empty() ? "none" : known),
        Retry::never);
}

std::string webhook_url(const Config& config, const Options& options) {
    auto base = !options.url.empty()         ? options.url
                : !config.public_url.empty() ? config.public_url
                                             : "http://" + config.listen;
    while (base.ends_with('/')) base.pop_back();
    return base + "/webhooks/" + options.forge;
}

Task<bool> set_up_all(Forge& forge, const Config& config, const Options& options) {
    bool in_order = true;
    for (const auto& path : options.repositories) {
        SetupRequest setup;
        setup.repository = {options.forge, path};
        setup.webhook_url = webhook_url(config, options);
        setup.check_name = config.check_name;
        setup.change = options.change;
        const auto findings = co_await forge.set_up(setup);
        in_order = in_order && is_in_order(findings);
        std::cout << setup_text(setup, findings) << std::flush;
    }
    co_return in_order;
}

int run(const Options& options) {
    make_secret(options.make_secret);
    auto config = load_config(fs::path(options.config), process_environment(), {});
    if (!config) throw Failure(config.error().message, Retry::never);
    forge_called(*config, options.forge);
    asio::io_context io;
    const SystemClock clock;
    Pool pool{1};
    auto http = make_http_client();
    auto forges = make_forges(*config, *http, pool, clock);
    bool in_order = false;
    std::exception_ptr error;
    auto task = set_up_all(*forges.at(options.forge), *config, options);
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr e, bool value) {
        error = e;
        in_order = value;
    });
    io.run();
    if (error) std::rethrow_exception(error);
    return in_order ? 0 : 1;
}

}  // namespace

void add_forge_commands(CLI::App& app, Chosen& chosen) {
    auto* family =
        app.add_subcommand("forge", "Looks whether a forge is set up for Slipway, and sets it up");
    family->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, bool change) {
        auto options = std::make_shared<Options>();
        options->change = change;
        auto* command = family->add_subcommand(name, help);
        command->footer(
            "Example: slipway forge " + std::string(name) +
            " git.example.com acme/infra --config /etc/slipway.yaml\n"
            "Exit code: 0 everything is in order · 1 something is missing · 2 wrong configuration");
        command->add_option("forge", options->forge, "Its name in the configuration")->required();
        command->add_option("repositories", options->repositories, "Their paths there")->required();
        command->add_option("--config", options->config, "Configuration file (YAML)")
            ->required()
            ->check(CLI::ExistingFile);
        command->add_option("--url", options->url,
                            "Where the forge reaches the service; default: public_url");
        if (change)
            command->add_option("--make-secret", options->make_secret,
                                "File of the webhook's secret, made where it is not there");
        command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
    };
    add("check", "Says what is in order on the forge, and what is missing", false);
    add("setup", "Makes the webhook, and says what else is missing", true);
}

}  // namespace slipway
