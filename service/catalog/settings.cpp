// The settings of a stack, key by key. What one file says is checked here; what files say of each
// other is checked by check_stacks().
#include <algorithm>
#include <array>
#include <cctype>

#include "service/catalog/detail/reading.hpp"
#include "service/model/glob.hpp"

namespace slipway::catalog {

namespace {

constexpr std::array later_tools{"terragrunt", "pulumi", "cloudformation", "kubernetes", "ansible"};
// Slipway sets these for every run itself.
constexpr std::array own_variables{
    "PATH",        "HOME",         "TMPDIR",          "TF_CLI_CONFIG_FILE",
    "TF_DATA_DIR", "TF_WORKSPACE", "TF_IN_AUTOMATION"};

// "stacks//network/" is "stacks/network".
std::string tidied(std::string_view directory) {
    std::string out;
    for (std::size_t from = 0; from <= directory.size();) {
        std::size_t to = std::min(directory.find('/', from), directory.size());
        std::string_view part = directory.substr(from, to - from);
        if (!part.empty() && part != ".") out.append(out.empty() ? "" : "/").append(part);
        from = to + 1;
    }
    return out.empty() ? "." : out;
}

template <class List>
bool contains(const List& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

void refuse_later(MapReader& reader, std::string_view key, std::string_view instead) {
    if (reader.find(key))
        reader.report(key, "is not part of this version: " + std::string(instead));
}

// "terraform, opentofu or custom/NAME"
std::string tool_choice() {
    constexpr auto words = words_of(ToolKind{});
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto kind = static_cast<ToolKind>(i);
        out += (i == 0                  ? ""
                : i + 1 == words.size() ? " or "
                                        : ", ") +
               tool_text(kind, traits_of(kind).is_configured ? "NAME" : "");
    }
    return out;
}

void read_tool(MapReader& reader, Stack& stack) {
    auto text = reader.text("tool");
    if (!text) return;
    const auto slash = std::min(text->find('/'), text->size());
    const auto name = text->substr(std::min(slash + 1, text->size()));
    const auto tool = parse_word<ToolKind>(text->substr(0, slash));
    const bool is_configured = tool && traits_of(*tool).is_configured;
    if (is_configured && !id_trouble(name).empty())
        return reader.report(
            "tool", "names a tool of the workers' configuration, as " + tool_text(*tool, "NAME"));
    if (tool && is_configured == (slash < text->size())) {
        stack.tool = *tool;
        stack.configured_tool = name;
    } else if (contains(later_tools, *text)) {
        reader.report("tool", "is " + tool_choice() + " in this version, not " + *text);
    } else {
        reader.report("tool", "is " + tool_choice());
    }
}

void read_apply(MapReader& reader, Stack& stack, Findings& findings) {
    const Yaml* node = reader.find("apply");
    if (!node) return;
    MapReader apply(*node, "`apply`", findings);
    if (auto when = apply.word<ApplyWhen>("when")) stack.apply_when = *when;
    if (auto start = apply.word<ApplyStart>("start")) stack.apply_start = *start;
}

void read_limits(MapReader& reader, Stack& stack, Findings& findings) {
    const Yaml* node = reader.find("time_limit_minutes");
    if (!node) return;
    MapReader limits(*node, "`time_limit_minutes`", findings);
    constexpr int most = 24 * 60;
    if (auto plan = limits.whole("plan", 1, most)) stack.plan_limit_minutes = *plan;
    if (auto apply = limits.whole("apply", 1, most)) stack.apply_limit_minutes = *apply;
}

// {env: NAME}, {file: PATH} or {value: TEXT}, each with `for`.
std::optional<Variable> described_variable(const Yaml& node, const std::string& name,
                                           Findings& findings) {
    MapReader reader(node, "variable " + name, findings);
    Variable variable;
    int sources = 0;
    auto take = [&](std::string_view key, Variable::Source source, VariablePhase phase) {
        if (!reader.find(key)) return;
        ++sources;
        variable.source = source;
        variable.phase = phase;
        variable.value = reader.text(key).value_or("");
    };
    take("value", Variable::Source::literal, VariablePhase::both);
    take("env", Variable::Source::worker_environment, VariablePhase::apply);
    take("file", Variable::Source::worker_file, VariablePhase::apply);
    if (reader.find("secret")) {
        reader.report("secret",
                      "is not part of this version: let the worker resolve it, "
                      "with {env: NAME} or {file: PATH}");
        return std::nullopt;
    }
    if (auto phase = reader.word<VariablePhase>("for")) variable.phase = *phase;
    if (sources != 1) {
        findings.add(reader.place(), "variable " + name + " has one of `value`, `env` and `file`");
        return std::nullopt;
    }
    if (variable.source == Variable::Source::worker_environment && !variable.value.empty() &&
        !is_variable_name(variable.value))
        reader.report("env", "is the name of an environment variable of the worker");
    if (variable.source == Variable::Source::worker_file && !variable.value.empty() &&
        !variable.value.starts_with('/'))
        reader.report("file", "is the full path of a file of the worker");
    return variable;
}

void read_variables(MapReader& reader, Stack& stack, Findings& findings) {
    const Yaml* node = reader.find("variables");
    if (!node) return;
    if (node->kind != Yaml::Kind::map)
        return reader.report("variables", "is a map, not " + std::string(kind_name(*node)));
    for (const auto& entry : node->map) {
        if (auto trouble = variable_trouble(entry.key); !trouble.empty()) {
            findings.add(entry.place, trouble);
            continue;
        }
        switch (entry.value.kind) {
            case Yaml::Kind::map:
                if (auto variable = described_variable(entry.value, entry.key, findings))
                    stack.variables[entry.key] = *variable;
                break;
            case Yaml::Kind::list:
                findings.add(entry.value.place,
                             "variable " + entry.key +
                                 " is a text or a map, not a list; write a list for "
                                 "the tool as text in quotes");
                break;
            default: {
                Variable variable;
                variable.value = entry.value.scalar;
                stack.variables[entry.key] = std::move(variable);
            }
        }
    }
}

void read_labels(MapReader& reader, Stack& stack) {
    for (auto& label : reader.texts("labels")) {
        if (label.size() > 100 || label.find_first_of("\n\r") != label.npos)
            reader.report("labels", "are short texts of one line");
        else if (!contains(stack.labels, label))
            stack.labels.push_back(std::move(label));
    }
}

void read_triggers(MapReader& reader, Stack& stack, Findings& findings) {
    const Yaml* node = reader.find("also_triggered_by");
    stack.also_triggered_by = reader.texts("also_triggered_by");
    if (!node || node->kind != Yaml::Kind::list) return;
    for (const auto& item : node->list) {
        if (item.kind != Yaml::Kind::scalar || item.scalar.empty()) continue;
        if (auto trouble = glob_error(item.scalar); !trouble.empty())
            findings.add(item.place, "the pattern " + item.scalar + " " + trouble);
        else if (!directory_trouble(item.scalar).empty())
            findings.add(item.place,
                         "the pattern " + item.scalar + " " + directory_trouble(item.scalar));
    }
}

}  // namespace

bool is_variable_name(std::string_view name) {
    return !name.empty() && name.size() <= 200 &&
           !std::isdigit(static_cast<unsigned char>(name[0])) &&
           std::all_of(name.begin(), name.end(),
                       [](unsigned char c) { return c < 128 && (std::isalnum(c) || c == '_'); });
}

std::string variable_trouble(std::string_view name) {
    if (!is_variable_name(name))
        return "`" + std::string(name) + "` is not a valid name of an environment variable";
    if (contains(own_variables, name) || name.starts_with("SLIPWAY_"))
        return std::string(name) + " is set by Slipway itself";
    return "";
}

std::string directory_trouble(std::string_view directory) {
    constexpr auto trouble =
        "is a path inside the repository, relative to its root and without `..`";
    if (directory.empty() || directory.starts_with('/') || directory.find('\\') != directory.npos ||
        directory.find('\0') != directory.npos)
        return trouble;
    for (std::size_t from = 0; from <= directory.size();) {
        std::size_t to = std::min(directory.find('/', from), directory.size());
        if (directory.substr(from, to - from) == "..") return trouble;
        from = to + 1;
    }
    return "";
}

std::string id_trouble(std::string_view id) {
    bool fits = !id.empty() && id.size() <= 100 &&
                std::isalnum(static_cast<unsigned char>(id[0])) &&
                std::all_of(id.begin(), id.end(), [](unsigned char c) {
                    return c < 128 && (std::isalnum(c) || c == '-' || c == '_' || c == '.');
                });
    return fits ? ""
                : "is made of letters, digits, `-`, `_` and `.`, and begins with a letter or digit";
}

void read_defaults(MapReader& reader, Stack& stack, Findings& findings) {
    if (auto text = reader.text("repository")) {
        auto name = RepositoryName::parse(*text);
        if (name && text->find("//") == text->npos && !text->ends_with('/'))
            stack.repository = *name;
        else
            reader.report("repository", "is FORGE/PATH, like github.com/acme/infra");
    }
    if (auto branch = reader.text("branch")) stack.branch = *branch;
    read_tool(reader, stack);
    if (auto version = reader.text("version")) {
        stack.version = *version;
        auto trouble = version_trouble(*version);
        if (trouble.empty()) trouble = version_number_trouble(*reader.find("version"));
        if (!trouble.empty()) reader.report("version", trouble);
    }
    if (auto workspace = reader.text("workspace")) {
        stack.workspace = *workspace;
        if (auto trouble = id_trouble(*workspace); !trouble.empty())
            reader.report("workspace", trouble);
    }
    read_labels(reader, stack);
    read_apply(reader, stack, findings);
    read_variables(reader, stack, findings);
    read_limits(reader, stack, findings);
    if (auto pool = reader.text("pool"); pool && *pool != "default")
        reader.report(
            "pool",
            "is default in this version: all runs are performed by the service's own slots");
    if (auto mode = reader.word<Mode>("mode")) stack.mode = *mode;
}

void read_settings(MapReader& reader, ReadStack& out, Findings& findings) {
    Stack& stack = out.stack;
    read_defaults(reader, stack, findings);
    if (reader.require("directory")) {
        out.directory_place = reader.place_of("directory");
        if (auto directory = reader.text("directory")) {
            if (auto trouble = directory_trouble(*directory); !trouble.empty())
                reader.report("directory", trouble);
            else
                stack.directory = tidied(*directory);
        }
    }
    read_triggers(reader, stack, findings);
    read_dependencies(reader, out, findings);
    if (reader.boolean("managed_state").value_or(false))
        reader.report("managed_state",
                      "is not part of this version: keep the state in the stack's own backend");
    refuse_later(reader, "drift", "drift is not looked for; remove the key");
    if (auto what = reader.word<OnDelete>("delete")) stack.on_delete = *what;
}

}  // namespace slipway::catalog
