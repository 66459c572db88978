#include "handlers/webhooks/atlantis_options.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "service/base/nearest.hpp"
#include "service/wording/commands.hpp"

namespace slipway {

namespace {

struct Option {
    std::string_view name;  // behind two hyphens
    char letter;            // behind one; 0: none
    AtlantisOption::Which which;
    bool has_value;
    std::string_view verbs;  // that take it
};
using Which = AtlantisOption::Which;
constexpr std::array<Option, 7> table = {{
    {"project", 'p', Which::project, true, "plan apply approve_policies"},
    {"dir", 'd', Which::directory, true, "plan apply approve_policies"},
    {"workspace", 'w', Which::workspace, true, "plan apply approve_policies"},
    {"verbose", 0, Which::without_effect, false, "plan apply approve_policies"},
    {"auto-merge-disabled", 0, Which::without_effect, false, "apply"},
    {"auto-merge-method", 0, Which::without_effect, true, "apply"},
    {"policy-set", 0, Which::without_effect, true, "approve_policies"},
}};

bool takes(const Option& option, std::string_view verb) {
    for (std::string_view rest = option.verbs; !rest.empty();) {
        const auto end = std::min(rest.find(' '), rest.size());
        if (rest.substr(0, end) == verb) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

CommandMistake unknown(std::string_view verb, std::string_view typed) {
    std::vector<std::string> known;
    for (const auto& option : table)
        if (takes(option, verb)) known.push_back("--" + std::string(option.name));
    return {mistakes::atlantis_options(verb, known, nearest(typed, known).value_or(""))};
}

}  // namespace

std::variant<AtlantisOption, CommandMistake> atlantis_option(std::string_view verb,
                                                             std::string_view text,
                                                             std::string_view next) {
    const auto equals = std::min(text.find('='), text.size());
    const auto name = text.substr(0, equals);
    const auto at = std::find_if(table.begin(), table.end(), [&](const Option& option) {
        if (!takes(option, verb)) return false;
        if (name.starts_with("--")) return name.substr(2) == option.name;
        return name.size() == 2 && option.letter != 0 && name[1] == option.letter;
    });
    if (at == table.end()) return unknown(verb, name);
    AtlantisOption out;
    out.which = at->which;
    if (!at->has_value) return out;
    out.took_next = equals == text.size();
    out.value = out.took_next ? next : text.substr(equals + 1);
    if (out.value.empty() || out.value.starts_with('-'))
        return CommandMistake{mistakes::option_needs_value(at->name)};
    return out;
}

CommandTarget atlantis_place(std::string_view directory, std::string_view workspace) {
    while (directory.starts_with("./")) directory.remove_prefix(2);
    while (directory.ends_with('/')) directory.remove_suffix(1);
    CommandTarget out;
    out.directory = directory.empty() ? "." : directory;
    out.workspace = workspace.empty() ? "default" : workspace;
    return out;
}

std::optional<CommandMistake> atlantis_verb_elsewhere(std::string_view verb) {
    if (verb == "version") return CommandMistake{mistakes::atlantis_version()};
    if (verb == "import" || verb == "state") return CommandMistake{mistakes::atlantis_import(verb)};
    return std::nullopt;
}

}  // namespace slipway
