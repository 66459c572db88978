// Where programs are: PATH for the system's, our own directory first for the two that come with us.
#include <unistd.h>

#include <cstdlib>

#include "service/process/process.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {
bool is_program(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}
}  // namespace

std::optional<fs::path> find_program(std::string_view name) {
    if (name.empty()) return std::nullopt;
    if (name.find('/') != name.npos) {
        const fs::path path(name);
        return is_program(path) ? std::optional(path) : std::nullopt;
    }
    const char* variable = std::getenv("PATH");
    std::string_view rest = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const auto colon = rest.find(':');
        const auto directory = rest.substr(0, colon);
        rest = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
        if (!directory.starts_with('/')) continue;  // a relative entry means whatever lies here
        auto path = fs::path(directory) / name;
        if (is_program(path)) return path;
    }
    return std::nullopt;
}

std::optional<fs::path> find_own_program(std::string_view name) {
    std::error_code error;
    const auto here = fs::read_symlink("/proc/self/exe", error).parent_path();
    if (!error && is_program(here / name)) return here / name;
    return find_program(name);
}

}  // namespace slipway
