// The command line, one file per family of commands. Each adds its subcommands; the chosen one
// leaves what is to be done in `Chosen`, which main() runs and turns into an exit code: 0 done, or
// yes · 1 no · 2 wrong usage or configuration · 3 something outside failed.
#pragma once
#include <functional>
#include <map>
#include <string>

namespace CLI {
class App;
}

namespace slipway {

using Chosen = std::function<int()>;

void add_serve_command(CLI::App& app, Chosen& chosen);
void add_local_commands(CLI::App& app, Chosen& chosen);   // preview, check, test
void add_cost_commands(CLI::App& app, Chosen& chosen);    // cost estimate, usage, history
void add_client_commands(CLI::App& app, Chosen& chosen);  // runs, logs, confirm, …, lock, token
void add_price_commands(CLI::App& app, Chosen& chosen);   // prices import, show, diff, verify
void add_forge_commands(CLI::App& app, Chosen& chosen);   // forge check, forge setup
void add_pull_commands(CLI::App& app,
                       Chosen& chosen);  // pull …, and the hooks of the built-in forge

// The data directory that commands on this machine talk to: --data, SLIPWAY_DATA, else the default.
std::string default_data_directory();
std::map<std::string, std::string> process_environment();
bool colour_wanted();  // a terminal, and NO_COLOR unset

}  // namespace slipway
