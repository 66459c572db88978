#include "handlers/runs/worker/tool_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "service/base/digest.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& path) {
    throw Failure("cannot copy the tool to " + path.string() + ": " + std::strerror(errno));
}

struct File {
    int fd;
    ~File() {
        if (fd >= 0) ::close(fd);
    }
};

bool is_script(int fd) {
    std::array<char, 2> start{};
    return ::pread(fd, start.data(), start.size(), 0) == 2 && start[0] == '#' && start[1] == '!';
}

void copy(int from, std::size_t size, const fs::path& to) {
    auto name = to.string() + "-XXXXXX";
    const File file{::mkstemp(name.data())};
    if (file.fd < 0) fail(to);
    for (std::size_t done = 0; done < size;) {
        const auto n = ::copy_file_range(from, nullptr, file.fd, nullptr, size - done, 0);
        if (n <= 0) fail(to);
        done += static_cast<std::size_t>(n);
    }
    if (::fchmod(file.fd, 0111) != 0 || ::rename(name.c_str(), to.c_str()) != 0) fail(to);
}

}  // namespace

std::optional<fs::path> unreadable_copy(const fs::path& directory, const fs::path& program) {
    const File original{::open(program.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status {};
    if (original.fd < 0 || ::fstat(original.fd, &status) != 0) fail(program);
    if (is_script(original.fd)) return std::nullopt;
    std::string identity = program.string();
    for (const auto number :
         {static_cast<long long>(status.st_dev), static_cast<long long>(status.st_ino),
          static_cast<long long>(status.st_size), static_cast<long long>(status.st_mtim.tv_sec),
          static_cast<long long>(status.st_mtim.tv_nsec)})
        identity += " " + std::to_string(number);
    const auto made =
        directory / (program.filename().string() + "-" + sha256_hex(identity).substr(0, 16));
    std::error_code error;
    if (fs::exists(made, error)) return made;
    fs::create_directories(directory, error);
    copy(original.fd, static_cast<std::size_t>(status.st_size), made);
    return made;
}

}  // namespace slipway
