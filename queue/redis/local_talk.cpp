#include "queue/redis/local_talk.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace slipway {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool readable(int fd, SteadyClock::time_point end) {
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now()).count();
        pollfd wanted{fd, POLLIN, 0};
        const int ready = ::poll(&wanted, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready > 0) return true;
        if (ready == 0 && left <= 0) return false;
        if (ready < 0 && errno != EINTR) return false;
    }
}

}  // namespace

std::optional<LocalTalk> LocalTalk::connect(const std::string& socket) {
    sockaddr_un where{};
    if (socket.size() >= sizeof(where.sun_path)) return std::nullopt;
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, socket.data(), socket.size());
    LocalTalk talk(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (talk.fd_ < 0) return std::nullopt;
    if (::connect(talk.fd_, reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0)
        return std::nullopt;
    return talk;
}

LocalTalk::LocalTalk(LocalTalk&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

LocalTalk::~LocalTalk() {
    if (fd_ >= 0) ::close(fd_);
}

std::string LocalTalk::ask(const std::string& command, std::chrono::milliseconds limit) const {
    const auto end = SteadyClock::now() + limit;
    const auto line = command + "\r\n";
    if (::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
        return "";
    std::string out;
    char byte = 0;
    while (out.size() < 512 && readable(fd_, end) && ::recv(fd_, &byte, 1, 0) == 1) {
        if (byte == '\r') return out;
        out.push_back(byte);
    }
    return "";
}

pid_t LocalTalk::listener() const {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
    return peer.pid;
}

bool wait_for_end(pid_t pid, std::chrono::milliseconds limit) {
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) return errno == ESRCH;
    const bool ended = readable(process, SteadyClock::now() + limit);
    ::close(process);
    return ended;
}

}  // namespace slipway
