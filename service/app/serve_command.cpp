// `slipway serve`: the command line and the environment become a configuration, which the service
// starts with or which is refused with all its findings.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

#include "service/app/commands.hpp"
#include "service/app/serve.hpp"
#include "service/app/serve_check.hpp"
#include "service/base/log.hpp"

extern char** environ;

namespace slipway {

namespace {

struct Options {
    std::string config, log_format = "json", log_level = "info";
    std::map<std::string, std::string> flags;
    bool check = false;
};

// A configuration that cannot be read is the answer to --check, and else a reason not to start.
int refuse(const Options& options, const Error& error) {
    if (!options.check) throw Failure(error.message, Retry::never);
    std::vector<CheckedPart> parts;
    std::istringstream lines(error.message);
    for (std::string line; std::getline(lines, line);)
        parts.push_back({CheckVerdict::wrong, "configuration", line});
    std::cout << checked_text(parts);
    return 1;
}

int run(const Options& options) {
    set_log(parse_word<LogLevel>(options.log_level).value_or(LogLevel::info),
            options.log_format == "text" ? LogFormat::text : LogFormat::json);
    std::optional<std::filesystem::path> file;
    if (!options.config.empty()) file = options.config;
    auto config = load_config(file, process_environment(), options.flags);
    if (!config) return refuse(options, config.error());
    if (options.check) return check_serving(*config);
    return serve(std::move(config).value());
}

}  // namespace

std::map<std::string, std::string> process_environment() {
    std::map<std::string, std::string> out;
    for (char** at = environ; *at; ++at) {
        std::string entry = *at;
        auto equals = entry.find('=');
        if (equals != entry.npos) out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return out;
}

void add_serve_command(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<Options>();
    auto* command =
        app.add_subcommand("serve", "The service: webhooks, decisions, API and worker slots");
    command->footer(
        "Example: slipway serve --config /etc/slipway.yaml --data /var/lib/slipway\n"
        "Flags beat environment (SLIPWAY_LISTEN, …) beat the file.\n"
        "Exit code of --check: 0 it would work · 1 something is wrong");
    command->add_flag("--check", options->check,
                      "Says of each part whether it would work, and does not serve");
    command->add_option("--config", options->config, "Configuration file (YAML)")
        ->check(CLI::ExistingFile);
    auto flag = [&](const char* name, const char* key, const char* help) {
        command->add_option_function<std::string>(
            name,
            [options, key = std::string(key)](const std::string& value) {
                options->flags[key] = value;
            },
            help);
    };
    flag("--data", "data", "Data directory: queue, mirrors, blobs");
    flag("--listen", "listen", "HOST:PORT; port 0 takes any free one");
    flag("--org", "organisation", "Directory of the organisation tree");
    flag("--workers", "workers", "Worker slots in this process; 0: none");
    flag("--drain-minutes", "drain_minutes",
         "How long SIGTERM waits for applies that have begun; default 30");
    flag("--lease-seconds", "lease_seconds",
         "Work without a sign of life for so long is taken back; default 30");
    flag("--redis", "redis",
         "redis://… or unix:///…; absent: a private redis-server below the data directory");
    command->add_option("--log-format", options->log_format, "json or text")
        ->check(CLI::IsMember({"json", "text"}));
    command->add_option("--log-level", options->log_level, "debug, info, warning or error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace slipway
