#include "handlers/runs/worker/read_beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace slipway {

namespace {
struct Closing {
    int fd;
    ~Closing() {
        if (fd >= 0) ::close(fd);
    }
};
}  // namespace

std::optional<std::string> read_beneath(const std::filesystem::path& root,
                                        const std::filesystem::path& relative,
                                        std::size_t at_most) {
    const Closing directory{::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const Closing file{
        static_cast<int>(::syscall(SYS_openat2, directory.fd, relative.c_str(), &how, sizeof how))};
    struct stat status {};
    if (file.fd < 0 || ::fstat(file.fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        static_cast<std::size_t>(status.st_size) > at_most)
        return std::nullopt;
    std::string out(static_cast<std::size_t>(status.st_size), '\0');
    for (std::size_t at = 0; at < out.size();) {
        const auto n = ::read(file.fd, out.data() + at, out.size() - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return std::nullopt;
        at += static_cast<std::size_t>(n);
    }
    return out;
}

bool write_beneath(const std::filesystem::path& root, const std::filesystem::path& relative,
                   std::string_view bytes, std::optional<unsigned> user) {
    const Closing directory{::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    open_how how{};
    how.flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY;
    how.mode = 0600;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const Closing file{
        static_cast<int>(::syscall(SYS_openat2, directory.fd, relative.c_str(), &how, sizeof how))};
    if (file.fd < 0 || (user && ::fchown(file.fd, *user, *user) != 0)) return false;
    while (!bytes.empty()) {
        const auto n = ::write(file.fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace slipway
