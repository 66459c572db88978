// `slipway forge check` and `slipway forge setup`: with the service's configuration, against the
// forge itself.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

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

// How many genuine webhooks of this forge the service that runs here has had; nullopt: none runs.
Task<std::optional<double>> webhooks_received(HttpClient& http, const Config& config,
                                              const std::string& forge) {
    HttpCall call;
    call.url = "http://localhost/metrics";
    call.unix_socket = (config.data / "slipway.sock").string();
    call.limit = std::chrono::seconds(5);
    HttpReply reply;
    try {
        reply = co_await http.send(std::move(call));
    } catch (const Failure&) {
        co_return std::nullopt;
    }
    if (reply.status != 200) co_return std::nullopt;
    double count = 0;
    std::istringstream lines(reply.body);
    for (std::string line; std::getline(lines, line);) {
        const bool genuine = line.find("outcome=\"stored\"") != line.npos ||
                             line.find("outcome=\"duplicate\"") != line.npos;
        if (line.starts_with("slipway_webhooks_received_total{") && genuine &&
            line.find("forge=\"" + forge + "\"") != line.npos)
            count += std::stod(line.substr(line.rfind(' ') + 1));
    }
    co_return count;
}

// The way there and back: the forge was asked for an event, and the service has had one since.
Task<void> wait_for_test_event(HttpClient& http, const Config& config, const std::string& forge,
                               std::optional<double> before, std::vector<SetupFinding>& findings) {
    const auto asked = std::ranges::find_if(findings, [](const SetupFinding& found) {
        return found.part == SetupPart::test_event && found.state == SetupState::changed;
    });
    if (asked == findings.end()) co_return;
    asked->state = before ? SetupState::missing : SetupState::unknown;
    constexpr int looks = 60;
    for (int i = 0; before && i < looks; ++i) {
        auto now = co_await webhooks_received(http, config, forge);
        if (now && *now > *before) {
            asked->state = SetupState::good;
            co_return;
        }
        co_await sleep_for(std::chrono::milliseconds(250));
    }
}

Task<bool> set_up_all(Forge& forge, HttpClient& http, const Config& config,
                      const Options& options) {
    bool in_order = true;
    for (const auto& path : options.repositories) {
        SetupRequest setup;
        setup.repository = {options.forge, path};
        setup.webhook_url = webhook_url(config, options);
        setup.check_name = config.check_name;
        setup.change = options.change;
        auto before = co_await webhooks_received(http, config, options.forge);
        auto findings = co_await forge.set_up(setup);
        co_await wait_for_test_event(http, config, options.forge, before, findings);
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
    auto task = set_up_all(*forges.at(options.forge), *http, *config, options);
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
