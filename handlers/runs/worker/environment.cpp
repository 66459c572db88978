#include "handlers/runs/worker/environment.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

#include "handlers/runs/worker/masking.hpp"
#include "handlers/runs/worker/tools/drivers.hpp"
#include "handlers/runs/worker/tools/scrubber.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(sentence, Retry::never); }

bool is_variable_name(std::string_view name) {
    const auto good = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    };
    return !name.empty() && !std::isdigit(static_cast<unsigned char>(name.front())) &&
           std::all_of(name.begin(), name.end(), good);
}

// Names by which a variable could move the run's files.
bool is_ours(std::string_view name) {
    return name == "PATH" || name == "HOME" || name == "TMPDIR" || name.starts_with("SLIPWAY_");
}

bool lists(const std::vector<std::string>& allowed, const std::string& name) {
    return std::find(allowed.begin(), allowed.end(), name) != allowed.end();
}

std::string read_secret_file(const std::string& name, const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(longest_secret + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    if (file.bad() || (!file.is_open()))
        refuse("the variable " + name + " asks for the worker's file " + path.string() +
               ", which cannot be read");
    if (text.size() > longest_secret)
        refuse("the worker's file " + path.string() + " is larger than 64 KB");
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return text;
}

std::string resolve(const std::string& name, const Variable& variable,
                    const std::vector<std::string>& allowed, const ReadVariable& read) {
    if (variable.source == Variable::Source::literal) return variable.value;
    const bool file = variable.source == Variable::Source::worker_file;
    if (!lists(allowed, variable.value))
        refuse("the variable " + name + " asks for the worker's " +
               (file ? "file " : "environment variable ") + variable.value +
               ", which the worker's configuration does not list under worker.environment");
    if (file) return read_secret_file(name, variable.value);
    auto value = read(variable.value);
    if (!value)
        refuse("the variable " + name + " asks for the worker's environment variable " +
               variable.value + ", which is not set there");
    return std::move(*value);
}

}  // namespace

std::optional<std::string> own_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

RunEnvironment run_environment(const RunSpec& spec, const std::vector<std::string>& allowed_names,
                               const ReadVariable& read) {
    RunEnvironment out;
    const auto other = spec.phase == Phase::apply ? VariablePhase::plan : VariablePhase::apply;
    for (const auto& [name, variable] : spec.variables) {
        if (variable.phase == other) continue;
        if (!is_variable_name(name)) refuse("\"" + name + "\" is not a valid variable name");
        if (is_ours(name) || driver_of(spec.tool).reserves(name))
            refuse("the variable " + name + " cannot be set for a run: Slipway sets it itself");
        auto value = resolve(name, variable, allowed_names, read);
        if (value.find('\0') != value.npos) refuse("the variable " + name + " holds a zero byte");
        if (variable.source != Variable::Source::literal || is_named_like_a_secret(name)) {
            if (!can_be_masked(value) && !value.empty()) out.unmasked.push_back(name);
            out.secrets.emplace_back(value);
        }
        out.variables[name] = std::move(value);
    }
    return out;
}

std::map<std::string, std::string> base_variables(const fs::path& workspace) {
    return {
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"HOME", (workspace / "home").string()},
        {"TMPDIR", (workspace / "tmp").string()},
        {"LANG", "C.UTF-8"},
    };
}

}  // namespace slipway
