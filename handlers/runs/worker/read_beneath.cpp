#include "handlers/runs/worker/read_beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace slipway {

namespace {
struct Closing {
    int fd;
    ~Closing() {
        if (fd >= 0) ::close(fd);
    }
};

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

std::optional<std::string> read_beneath(const std::filesystem::path& root,
                                        const std::filesystem::path& relative,
                                        std::size_t at_most) {
    std::string out;
    const ChunkSink add = [&](std::string_view piece) { out += piece; };
    if (!read_beneath(root, relative, at_most, add)) return std::nullopt;
    return out;
}

bool read_beneath(const std::filesystem::path& root, const std::filesystem::path& relative,
                  std::size_t at_most, const ChunkSink& sink) {
    const Closing directory{::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const Closing file{
        static_cast<int>(::syscall(SYS_openat2, directory.fd, relative.c_str(), &how, sizeof how))};
    struct stat status {};
    if (file.fd < 0 || ::fstat(file.fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        static_cast<std::size_t>(status.st_size) > at_most)
        return false;
    auto left = static_cast<std::size_t>(status.st_size);
    std::string piece(std::min(left, chunk_size), '\0');
    while (left != 0) {
        const auto n = ::read(file.fd, piece.data(), std::min(left, piece.size()));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        sink(std::string_view(piece).substr(0, static_cast<std::size_t>(n)));
        left -= static_cast<std::size_t>(n);
    }
    return true;
}

bool write_beneath(const std::filesystem::path& root, const std::filesystem::path& relative,
                   const ChunkSource& bytes, std::optional<unsigned> user) {
    const Closing directory{::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    open_how how{};
    how.flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY;
    how.mode = 0600;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const Closing file{
        static_cast<int>(::syscall(SYS_openat2, directory.fd, relative.c_str(), &how, sizeof how))};
    if (file.fd < 0 || (user && ::fchown(file.fd, *user, *user) != 0)) return false;
    for (auto piece = bytes(); !piece.empty(); piece = bytes())
        if (!write_all(file.fd, piece)) return false;
    return true;
}

}  // namespace slipway
