#include "handlers/runs/worker/run_inputs.hpp"

#include <algorithm>
#include <set>

#include "handlers/runs/worker/tree_hash.hpp"
#include "handlers/runs/worker/workspace.hpp"
#include "service/base/digest.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

void remove_version_control(const fs::path& directory) {
    static const std::set<std::string> names{".git", ".hg", ".svn"};
    std::vector<fs::path> found;
    for (auto at = fs::recursive_directory_iterator(directory);
         at != fs::recursive_directory_iterator(); ++at) {
        if (!names.contains(at->path().filename().string())) continue;
        found.push_back(at->path());
        at.disable_recursion_pending();
    }
    for (const auto& path : found) remove_tree(path);
}

// "": it cannot be digested.
std::string module_digest(const fs::directory_entry& entry) {
    std::error_code error;
    if (fs::is_symlink(entry.symlink_status())) {  // a module by an absolute path
        const auto place = fs::canonical(entry.path(), error);
        return error || !fs::is_directory(place) ? std::string() : content_hash(place).value_or("");
    }
    if (!fs::is_directory(entry.symlink_status())) return {};
    try {
        remove_version_control(entry.path());
    } catch (const fs::filesystem_error&) {
        return {};
    }
    return content_hash(entry.path()).value_or("");
}

bool is_of_the_worker(const Variable& variable) {
    return variable.source != Variable::Source::literal;
}

class Values {
  public:
    explicit Values(const ValueDigests& how) : how_(how) {}

    RunInput input(const std::string& name, const Variable& variable,
                   const std::string& value) const {
        RunInput out{InputKind::value, name, ""};
        const auto& identities = how_.identity_names;
        if (std::find(identities.begin(), identities.end(), variable.value) != identities.end())
            out.digest = "identity " + variable.value;
        else
            out.digest = hmac_sha256_hex(how_.key, "value of a variable\n" + name + "\n" + value);
        return out;
    }

    // "": it is not there; the apply will say so itself.
    RunInput of_the_apply(const std::string& name, const Variable& variable) const {
        RunSpec alone;
        alone.phase = Phase::apply;
        alone.variables.emplace(name, variable);
        try {
            const auto resolved = run_environment(alone, how_.allowed_names, how_.read);
            return input(name, variable, resolved.variables.at(name));
        } catch (const Failure&) {
            return {InputKind::value, name, ""};
        }
    }

  private:
    const ValueDigests& how_;
};

}  // namespace

std::vector<RunInput> module_inputs(const fs::path& data) {
    std::vector<RunInput> out;
    std::error_code error;
    for (auto at = fs::directory_iterator(data / "modules", error);
         !error && at != fs::directory_iterator(); at.increment(error)) {
        const auto name = at->path().filename().string();
        if (name == "modules.json") continue;
        out.push_back({InputKind::module, name, module_digest(*at)});
    }
    return out;
}

std::vector<RunInput> provider_inputs(const std::vector<InstalledProvider>& installed) {
    std::vector<RunInput> out;
    for (const auto& provider : installed)
        out.push_back(
            {InputKind::provider, provider.address, provider.version + " " + provider.hash});
    return out;
}

std::vector<RunInput> tool_inputs(const InstalledTool& tool, std::string_view lock_file) {
    std::vector<RunInput> out{
        {InputKind::tool, "", std::string(title(tool.kind)) + " " + tool.version.text()}};
    if (!lock_file.empty()) out.push_back({InputKind::lock_file, "", sha256_hex(lock_file)});
    return out;
}

std::vector<RunInput> value_inputs(const RunSpec& spec, const RunEnvironment& environment,
                                   const ValueDigests& how) {
    const Values values(how);
    std::vector<RunInput> out;
    for (const auto& [name, variable] : spec.variables)
        if (const auto at = environment.variables.find(name);
            is_of_the_worker(variable) && at != environment.variables.end())
            out.push_back(values.input(name, variable, at->second));
    for (const auto& [name, variable] : spec.apply_variables)
        if (is_of_the_worker(variable)) out.push_back(values.of_the_apply(name, variable));
    return out;
}

std::vector<InputDifference> differences_of_apply(const RunSpec& spec,
                                                  const std::vector<RunInput>& now) {
    auto planned = spec.planned_inputs;
    std::erase_if(planned, [&](const RunInput& input) {
        return input.kind == InputKind::setting || input.kind == InputKind::files ||
               input.kind == InputKind::variable ||
               (input.kind == InputKind::value && !spec.variables.contains(input.name));
    });
    return differences(planned, now);
}

}  // namespace slipway
