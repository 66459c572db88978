#include "handlers/runs/worker/workspace.hpp"

#include <sys/stat.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "service/base/log.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;

Workspace::Workspace(const fs::path& scratch, std::string_view name) {
    std::error_code error;
    fs::create_directories(scratch, error);
    std::string safe(name.substr(0, 80));
    for (auto& c : safe)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '_';
    std::string pattern = (scratch / (safe + "-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr)
        throw Failure("cannot make a directory for the run below " + scratch.string() + ": " +
                      std::strerror(errno));
    root_ = pattern;
    for (const auto& path : {source(), data(), home(), temporary(), out()}) {
        fs::create_directory(path);
        fs::permissions(path, fs::perms::owner_all);
    }
}

Workspace::~Workspace() { remove_tree(root_); }

void remove_tree(const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (!error) return;
    // Directories without permissions (module caches, spite): open them, then again.
    for (auto at = fs::recursive_directory_iterator(path, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error))
        if (at->symlink_status().type() == fs::file_type::directory)
            ::chmod(at->path().c_str(), 0700);
    fs::remove_all(path, error);
    if (error)
        log_warning("a run's directory cannot be removed",
                    {{"directory", path.string()}, {"error", error.message()}});
}

}  // namespace slipway
