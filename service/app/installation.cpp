#include "service/app/installation.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "service/base/digest.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

std::string read_line(const std::filesystem::path& path) {
    std::string out;
    std::ifstream file(path);
    std::getline(file, out);
    return out;
}

// On the disk before Redis hears of it, and never over one that another process has just made.
void make_file(const std::filesystem::path& path) {
    const auto temporary = path.string() + "." + random_id();
    const auto text = random_id() + "\n";
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written =
        file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file) == 0 && (::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
    const std::string trouble = std::strerror(errno);
    if (file >= 0) ::close(file);
    ::unlink(temporary.c_str());
    if (!written)
        throw Failure(path.string() + " cannot be written: " + trouble +
                          "; make the data directory writable for the service",
                      Retry::never);
    const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    ::fsync(folder);
    ::close(folder);
}

}  // namespace

std::string installation_id(const std::filesystem::path& data) {
    const auto path = data / "installation";
    if (!std::filesystem::exists(path)) make_file(path);
    auto id = read_line(path);
    if (id.empty())
        throw Failure(path.string() + " is empty; restore it from your backup", Retry::never);
    return id;
}

Task<void> check_installation(Queue& queue, std::filesystem::path data) {
    const auto ours = installation_id(data);
    std::string theirs, trouble;
    constexpr int tries = 6;  // of five seconds each
    for (int i = 0; theirs.empty() && i < tries; ++i) {
        try {
            theirs = co_await queue.installation(ours);
        } catch (const Failure& failure) {
            if (failure.retry() == Retry::never) throw;
            trouble = failure.what();
        }
        if (theirs.empty()) log_warning("Redis is waited for", {{"reason", trouble}});
    }
    if (theirs.empty())
        throw Failure(trouble + "; start Redis, or correct its address in the configuration",
                      Retry::never);
    if (theirs != ours)
        throw Failure("this Redis holds the data of another installation of Slipway (" + theirs +
                          ", and " + data.string() + " belongs to " + ours +
                          "): give this service that installation's data directory and sealing "
                          "key, or a Redis "
                          "of its own",
                      Retry::never);
}

}  // namespace slipway
