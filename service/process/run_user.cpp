#include "service/process/run_user.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "service/base/log.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_given = 10'000;

struct stat status_of(const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
        throw Failure("cannot look at " + path.string() + ": " + std::strerror(errno),
                      Retry::never);
    return status;
}

void give(const fs::path& path, unsigned user) {
    if (::lchown(path.c_str(), user, user) != 0)
        throw Failure("cannot give " + path.string() + " to user id " + std::to_string(user) +
                      ": " + std::strerror(errno));
}

// Why it is not given; "": it may be.
std::string trouble_of(const fs::path& path, const struct stat& status) {
    const auto name = path.string();
    if (S_ISLNK(status.st_mode)) return name + " is a link";
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
        return name + " is not a plain file";
    if (status.st_uid != 0) return name + " belongs to user id " + std::to_string(status.st_uid);
    if (S_ISREG(status.st_mode) && status.st_nlink > 1)
        return name + " has a second name elsewhere";
    if (S_ISREG(status.st_mode) && (status.st_mode & 07111) != 0) return name + " is a program";
    return "";
}

std::vector<fs::path> to_be_given(const fs::path& directory, unsigned user) {
    std::vector<fs::path> out;
    const auto refuse = [&](const std::string& why) {
        throw Failure("`sandbox` lets runs write " + directory.string() +
                          ", which belongs to root, and runs do not: give what they may write to "
                          "the user id that they "
                          "have there (chown -R " +
                          std::to_string(user) + ":" + std::to_string(user) + " " +
                          directory.string() +
                          "), or name the directory of the states alone. It is not done by "
                          "itself, because " +
                          why,
                      Retry::never);
    };
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        const auto trouble = trouble_of(entry.path(), status_of(entry.path()));
        if (!trouble.empty()) refuse(trouble);
        out.push_back(entry.path());
        if (out.size() > most_given) refuse("it holds more than 10,000 files");
    }
    out.push_back(directory);  // last: it tells that the rest is done
    return out;
}

}  // namespace

std::optional<unsigned> run_user(const SandboxConfig& config, int slot) {
    if (::geteuid() != 0 || config.kind == SandboxConfig::Kind::none) return std::nullopt;
    return config.first_uid + static_cast<unsigned>(slot) % config.uids;
}

void give_tree(const fs::path& tree, unsigned user) {
    give(tree, user);
    for (const auto& entry : fs::recursive_directory_iterator(tree)) give(entry.path(), user);
}

void give_writable_directories(const SandboxConfig& config) {
    if (!run_user(config, 0)) return;
    std::vector<std::vector<fs::path>> all;
    for (const auto& path : config.writable) {
        const auto directory = fs::canonical(path);
        if (status_of(directory).st_uid == 0)
            all.push_back(to_be_given(directory, config.first_uid));
    }
    for (const auto& paths : all) {
        for (const auto& path : paths) give(path, config.first_uid);
        log_info("a directory that runs may write was given to the user id that they have there",
                 {{"directory", paths.back().string()},
                  {"user", static_cast<int>(config.first_uid)},
                  {"entries", static_cast<int>(paths.size())}});
    }
}

}  // namespace slipway
