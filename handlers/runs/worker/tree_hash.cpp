#include "handlers/runs/worker/tree_hash.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "service/base/digest.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

std::optional<std::string> file_hash(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return std::nullopt;
    Sha256Stream digest;
    std::string buffer(256u << 10, '\0');
    ssize_t n = 0;
    while ((n = ::read(fd, buffer.data(), buffer.size())) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        digest.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
    }
    ::close(fd);
    if (n < 0) return std::nullopt;
    return to_hex(digest.finish());
}

bool stays_inside(const fs::path& name, const fs::path& target) {
    const auto meant = (name.parent_path() / target).lexically_normal();
    return !target.empty() && target.is_relative() && *meant.begin() != "..";
}

enum class Reading { package, content };

// "": it cannot be digested.
std::string line_of(const fs::directory_entry& entry, const fs::path& name, Reading reading) {
    const auto status = entry.symlink_status();
    if (fs::is_symlink(status)) {
        const auto target = fs::read_symlink(entry.path());
        if (reading == Reading::package || !stays_inside(name, target)) return {};
        return "link " + sha256_hex(target.string());
    }
    if (!fs::is_regular_file(status)) return {};
    const auto hash = file_hash(entry.path());
    if (!hash) return {};
    const bool executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    return reading == Reading::content && executable ? "x " + *hash : *hash;
}

// Name → what is said of its file; sorted by bytes, as Go sorts.
std::optional<std::map<std::string, std::string>> lines_of(const fs::path& directory,
                                                           Reading reading) {
    std::map<std::string, std::string> out;
    std::error_code error;
    auto at = fs::recursive_directory_iterator(directory, error);
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (fs::is_directory(at->symlink_status())) continue;
        const auto name = at->path().lexically_relative(directory);
        const auto line = line_of(*at, name, reading);
        if (line.empty() || name.string().find('\n') != std::string::npos) return std::nullopt;
        out.emplace(name.string(), line);
    }
    if (error) return std::nullopt;
    return out;
}

std::optional<Sha256> hash_of(const fs::path& directory, Reading reading) {
    try {
        const auto lines = lines_of(directory, reading);
        if (!lines) return std::nullopt;
        Sha256Stream all;
        for (const auto& [name, line] : *lines) all.feed(line + "  " + name + "\n");
        return all.finish();
    } catch (const fs::filesystem_error&) {
        return std::nullopt;
    }
}

}  // namespace

std::optional<std::string> package_hash(const fs::path& directory) {
    const auto hash = hash_of(directory, Reading::package);
    if (!hash) return std::nullopt;
    return "h1:" + to_base64({reinterpret_cast<const char*>(hash->data()), hash->size()});
}

std::optional<std::string> content_hash(const fs::path& directory) {
    const auto hash = hash_of(directory, Reading::content);
    if (!hash) return std::nullopt;
    return to_hex(*hash);
}

}  // namespace slipway
