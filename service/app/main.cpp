// slipway: one binary, every role.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "service/app/commands.hpp"
#include "service/app/usage.hpp"
#include "service/base/result.hpp"

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app{
        "Slipway: the control plane for infrastructure as code.\n"
        "A pull request becomes a plan, a check and a comment; a merge becomes an apply."};
    app.set_version_flag("--version", "slipway 0.1.0");
    app.require_subcommand(1);
    app.footer("Start here: slipway preview --help, or slipway serve --help");

    slipway::Chosen chosen;
    slipway::add_serve_command(app, chosen);
    slipway::add_local_commands(app, chosen);
    slipway::add_cost_commands(app, chosen);
    slipway::add_price_commands(app, chosen);
    slipway::add_forge_commands(app, chosen);
    slipway::add_client_commands(app, chosen);
    slipway::add_pull_commands(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        std::cerr << slipway::usage_error(app, error);
        return 2;
    }
    try {
        return chosen();
    } catch (const slipway::Failure& failure) {
        std::cerr << "slipway: " << failure.what() << "\n";
        return failure.retry() == slipway::Retry::never ? 2 : 3;
    } catch (const std::exception& error) {
        std::cerr << "slipway: " << error.what() << "\n";
        return 3;
    }
}
