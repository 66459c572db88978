// What the command line answers to wrong words.
#include "service/app/usage.hpp"

#include <doctest/doctest.h>

#include <CLI/CLI.hpp>

#include "service/app/commands.hpp"

namespace slipway {

TEST_CASE("a word typed wrong is named, with the one that was meant") {
    struct Row {
        std::vector<std::string> typed;
        std::string answer;  // how it begins
    };
    const std::vector<Row> rows = {
        {{"chekc"},
         "slipway knows no command chekc; did you mean `check`?\nslipway --help says more.\n"},
        {{"frobnicate"}, "slipway knows no command frobnicate; there are serve, preview, check, "},
        {{"--limt", "3", "runs"}, "slipway knows no option --limt"},
        {{"runs", "--limt", "3"},
         "slipway runs knows no option --limt; did you mean `--limit`?\nslipway runs --help says "
         "more.\n"},
        {{"pull", "opne"}, "slipway pull knows no command opne; did you mean `open`?"},
        {{"pull"}, "slipway pull wants a command: "},
        {{}, "slipway wants a command: serve, "},
        {{"runs", "all"}, "slipway runs knows no command all; there are show"},
        {{"runs", "--limit", "many"}, "slipway runs: "},
        {{"logs"}, "slipway logs: run is required"},
    };
    for (auto row : rows) {
        CAPTURE(row.answer);
        CLI::App app{"", "slipway"};
        app.require_subcommand(1);
        Chosen chosen;
        add_serve_command(app, chosen);
        add_local_commands(app, chosen);
        add_cost_commands(app, chosen);
        add_client_commands(app, chosen);
        add_pull_commands(app, chosen);
        std::string answer;
        std::reverse(row.typed.begin(), row.typed.end());  // as CLI11 wants them
        try {
            app.parse(row.typed);
        } catch (const CLI::ParseError& error) {
            answer = usage_error(app, error);
        }
        CHECK(answer.substr(0, row.answer.size()) == row.answer);
        CHECK(!chosen);
    }
}

}  // namespace slipway
