#include "queue/redis/local_talk.hpp"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace slipway {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool set_limit(redisContext* context, std::chrono::milliseconds limit) {
    const auto ms = std::max<std::int64_t>(limit.count(), 1);  // 0 would mean none
    return ::redisSetTimeout(context, {ms / 1000, ms % 1000 * 1000}) == REDIS_OK;
}

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
    if (socket.size() >= sizeof(sockaddr_un::sun_path))
        return std::nullopt;  // hiredis would cut it
    LocalTalk talk(::redisConnectUnix(socket.c_str()));
    if (!talk.context_ || talk.context_->err != 0) return std::nullopt;
    ::fcntl(talk.context_->fd, F_SETFD, FD_CLOEXEC);
    return talk;
}

void LocalTalk::Free::operator()(redisContext* context) const { ::redisFree(context); }

std::string LocalTalk::ask(const std::string& command, std::chrono::milliseconds limit) const {
    const auto line = command + "\r\n";
    void* got = nullptr;
    if (!set_limit(context_.get(), limit) ||
        ::redisAppendFormattedCommand(context_.get(), line.data(), line.size()) != REDIS_OK ||
        ::redisGetReply(context_.get(), &got) != REDIS_OK)
        return "";
    const std::unique_ptr<redisReply, decltype(&::freeReplyObject)> reply(
        static_cast<redisReply*>(got), ::freeReplyObject);
    switch (reply->type) {
        case REDIS_REPLY_STATUS:
            return "+" + std::string(reply->str, reply->len);
        case REDIS_REPLY_ERROR:
            return "-" + std::string(reply->str, reply->len);
        case REDIS_REPLY_INTEGER:
            return ":" + std::to_string(reply->integer);
        default:
            return "";
    }
}

pid_t LocalTalk::listener() const {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(context_->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
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
