#include "service/app/usage.hpp"

#include <CLI/CLI.hpp>

#include "service/base/nearest.hpp"

namespace slipway {
namespace {

// The first command that was left with words it does not know, else the last that was understood.
const CLI::App& troubled(const CLI::App& app) {
    const auto commands = app.get_subcommands();
    return commands.empty() || !app.remaining().empty() ? app : troubled(*commands.back());
}

std::string typed_name(const CLI::App& command) {
    const auto* parent = command.get_parent();
    return parent ? typed_name(*parent) + " " + command.get_name() : "slipway";
}

// Those that help shows; the hooks' are left out.
std::vector<std::string> names_below(const CLI::App& command) {
    std::vector<std::string> out;
    for (const auto* each : command.get_subcommands([](const CLI::App*) { return true; }))
        if (!each->get_group().empty()) out.push_back(each->get_name());
    return out;
}

std::vector<std::string> options_of(const CLI::App& command) {
    std::vector<std::string> out;
    for (const auto* each : command.get_options())
        for (const auto& name : each->get_lnames()) out.push_back("--" + name);
    return out;
}

std::string listed(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
}

std::string sentence(const CLI::App& command, const CLI::ParseError& error) {
    const auto name = typed_name(command);
    const auto left = command.remaining();
    const auto below = names_below(command);
    const bool is_option = !left.empty() && left[0].starts_with("-");
    if (is_option)
        return name + " knows no option " + left[0] + did_you_mean(left[0], options_of(command));
    if (!left.empty() && !below.empty()) {
        const auto meant = did_you_mean(left[0], below);
        return name + " knows no command " + left[0] +
               (meant.empty() ? "; there are " + listed(below) : meant);
    }
    if (!left.empty()) return name + " does not know what to do with " + left[0];
    const bool wants_one = command.get_require_subcommand_min() > 0;
    if (wants_one && !below.empty()) return name + " wants a command: " + listed(below);
    return name + ": " + error.what();
}

}  // namespace

std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const auto& command = troubled(app);
    return sentence(command, error) + "\n" + typed_name(command) + " --help says more.\n";
}

}  // namespace slipway
