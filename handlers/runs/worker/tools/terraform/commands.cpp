#include "handlers/runs/worker/tools/terraform/commands.hpp"

#include <algorithm>

#include "handlers/runs/worker/tools/lines.hpp"
#include "handlers/runs/worker/tools/scrubber.hpp"
#include "service/process/process.hpp"

namespace slipway::terraform {

Arguments init(bool has_lock_file) {
    Arguments out{"init", "-input=false", "-no-color"};
    if (has_lock_file) out.push_back("-lockfile=readonly");
    return out;
}

Arguments select_workspace(const std::string& name) {
    return {"workspace", "select", "-or-create=true", name};
}

Arguments plan(const std::string& out, PlanAim aim) {
    Arguments arguments{"plan",        "-input=false",       "-no-color",
                        "-lock=false", "-detailed-exitcode", "-out=" + out};
    if (aim == PlanAim::destroy) arguments.push_back("-destroy");
    if (aim == PlanAim::drift) arguments.push_back("-refresh-only");
    return arguments;
}

Arguments show(const std::string& plan_file) { return {"show", "-json", plan_file}; }

Arguments apply(const std::string& plan_file) {
    return {"apply", "-input=false", "-no-color", "-lock-timeout=60s", plan_file};
}

Arguments output() { return {"output", "-json"}; }

Arguments force_unlock(const std::string& lock_id) { return {"force-unlock", "-force", lock_id}; }

Arguments want_lock() {
    return {"untaint", "-no-color", "-lock-timeout=0s", "terraform_data.slipway_asks_for_the_lock"};
}

bool tells_of_change(std::string_view output) {
    static constexpr std::string_view words[] = {": Creating...", ": Modifying...",
                                                 ": Destroying..."};
    return std::any_of(std::begin(words), std::end(words),
                       [&](std::string_view word) { return output.find(word) != output.npos; });
}

// What programs of a provisioner print has their resource's address and "(local-exec):" before it,
// so that it is no address of the plan.
std::optional<DoneResource> done(std::string_view line) {
    static constexpr std::pair<std::string_view, bool> words[] = {
        {": Creation complete after ", false},
        {": Modifications complete after ", false},
        {": Destruction complete after ", true}};
    for (const auto& [word, destroyed] : words) {
        const auto at = line.rfind(word);
        if (at == line.npos) continue;
        DoneResource out{std::string(line.substr(0, at)), destroyed};
        // As a plan calls it.
        static constexpr std::string_view deposed = " (deposed object ";
        if (const auto old = out.address.rfind(deposed); old != out.address.npos)
            out.address.replace(old, deposed.size(), " (deposed ");
        return out;
    }
    return std::nullopt;
}

bool lock_is_free(std::string_view error_output) {
    return error_output.find("No such resource instance") != error_output.npos;
}

namespace {

std::string list_of(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) out += (out.empty() ? "" : ", ") + slipway::quoted(text);
    return "[" + out + "]";
}

}  // namespace

std::map<std::string, std::string> variables(const std::filesystem::path& data) {
    return {
        {"TF_IN_AUTOMATION", "1"},      {"TF_INPUT", "0"},
        {"CHECKPOINT_DISABLE", "1"},    {"TF_CLI_CONFIG_FILE", held_input_path},
        {"TF_DATA_DIR", data.string()},
    };
}

std::string cli_configuration(const std::vector<ProviderMirror>& mirrors) {
    std::string out = "disable_checkpoint = true\nprovider_installation {\n";
    std::vector<std::string> mirrored;
    for (const auto& mirror : mirrors) {
        if (mirror.addresses.empty()) continue;
        out += "  filesystem_mirror {\n    path    = " + slipway::quoted(mirror.path) +
               "\n    include = " + list_of(mirror.addresses) + "\n  }\n";
        mirrored.insert(mirrored.end(), mirror.addresses.begin(), mirror.addresses.end());
    }
    out += "  direct {\n";
    if (!mirrored.empty()) out += "    exclude = " + list_of(mirrored) + "\n";
    return out + "  }\n}\n";
}

namespace {

constexpr std::string_view frame[] = {"╷", "│ ", "│", "╵"};

std::string_view unframed(std::string_view line) {
    for (const auto part : frame)
        if (line.starts_with(part)) return line.substr(part.size());
    return line;
}

// The text of each error, each once.
std::vector<std::vector<std::string_view>> errors_of(std::string_view error_output) {
    std::vector<std::vector<std::string_view>> out;
    bool inside = false;
    for (const auto line : lines_of(error_output)) {
        const auto text = unframed(line);
        if (text.starts_with("Error: ")) {
            out.push_back({text.substr(std::string_view("Error: ").size())});
            inside = true;
        } else if (line.starts_with("╵") || text.starts_with("Warning: ")) {
            inside = false;
        } else if (inside && !(is_blank(text) && is_blank(out.back().back()))) {
            out.back().push_back(text);
        }
    }
    // An introduction that tells nothing where others follow.
    if (out.size() > 1 &&
        out[0][0].find("encountered problems during initiali") != std::string::npos)
        out.erase(out.begin());
    for (auto& error : out)
        while (error.size() > 1 && is_blank(error.back())) error.pop_back();
    std::vector<std::vector<std::string_view>> once;
    for (auto& error : out)
        if (std::find(once.begin(), once.end(), error) == once.end())
            once.push_back(std::move(error));
    return once;
}

}  // namespace

// The http backend tells the holder's id as "ID=…" and calls the asker's own request "Lock Info";
// others tell the holder there.
std::string lock_id(std::string_view error_output) {
    const auto behind = [](std::string_view text, std::string_view label) {
        text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
        if (!text.starts_with(label)) return std::string();
        text.remove_prefix(label.size());
        text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
        return std::string(text.substr(0, text.find_last_not_of(" \t\r") + 1));
    };
    std::string holder, told, operation;
    for (const auto line : lines_of(error_output)) {
        const auto text = unframed(line);
        if (holder.empty()) holder = behind(text, "ID=");
        if (told.empty()) told = behind(text, "ID:");
        if (operation.empty()) operation = behind(text, "Operation:");
    }
    if (!holder.empty()) return holder;
    return operation == "OperationTypeApply" ? told : "";
}

std::string first_error(std::string_view error_output, std::size_t lines) {
    const auto errors = errors_of(error_output);
    if (errors.empty()) return last_lines(error_output, 10);
    auto out = joined(errors.front(), lines);
    if (const auto more = errors.size() - 1; more != 0)
        out += "\n(" + std::to_string(more) + (more == 1 ? " more error)" : " more errors)");
    return out;
}

std::optional<std::string> progress(std::string_view line) {
    static constexpr std::string_view words[] = {
        ": Refreshing state...", ": Reading...",        ": Still reading...", ": Read complete",
        ": Preparing import...", ": Importing from ID", ": Import prepared!", ": Opening...",
        ": Opening complete",    ": Closing...",        ": Closing complete"};
    for (const auto word : words)
        if (const auto at = line.find(word); at != line.npos)
            return std::string(line.substr(0, at + word.size()));
    return std::nullopt;
}

std::string state_problem(const Json& backend, std::string_view workspace) {
    const auto& kind = backend["backend"]["type"];
    if (!backend["backend"].is_object() || !kind.is_string())
        return "the stack names no backend, so its state would be lost with the directory of the "
               "run; "
               "give it one (for a file: backend \"local\" with an absolute path that the sandbox "
               "may "
               "write to)";
    if (kind.string_or("") != "local" || !state_path(backend, workspace).empty()) return "";
    return "the stack keeps its state in the directory of the run, where it would be lost; give "
           "its "
           "backend \"local\" an absolute " +
           std::string(workspace == "default" ? "path" : "workspace_dir") +
           " outside of the checkout that the sandbox may write to";
}

std::string state_path(const Json& backend, std::string_view workspace) {
    if (backend["backend"]["type"].string_or("") != "local") return "";
    const auto& config = backend["backend"]["config"];
    const auto place = config[workspace == "default" ? "path" : "workspace_dir"].text();
    return place.starts_with("/") && !place.starts_with("/workspace/") ? place : std::string();
}

ToolOutputs read_outputs(const Json& outputs) {
    ToolOutputs out;
    for (const auto& [name, output] : outputs.members())
        if (output["sensitive"].bool_or(true) || is_named_like_a_secret(name))
            out.sensitive.push_back(name);
        else
            out.values.set(name, output["value"]);
    return out;
}

}  // namespace slipway::terraform
