#include "handlers/runs/worker/tools/terraform/inputs.hpp"

#include <set>

#include "handlers/runs/worker/tree_hash.hpp"
#include "handlers/runs/worker/workspace.hpp"
#include "service/base/digest.hpp"

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
        {InputKind::tool, "", std::string(traits_of(tool.kind).title) + " " + tool.version.text()}};
    if (!lock_file.empty()) out.push_back({InputKind::lock_file, "", sha256_hex(lock_file)});
    return out;
}

}  // namespace slipway
