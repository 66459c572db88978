// A server under test on a thread of its own, and a client that sends bytes as they are.
#pragma once
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "service/net/http_server.hpp"

namespace slipway {

// One loop on one thread; what runs there is started by run().
class LoopThread {
  public:
    LoopThread() : thread_([this] { io_.run(); }) {}
    ~LoopThread() {
        work_.reset();
        thread_.join();
    }
    asio::any_io_executor executor() { return io_.get_executor(); }
    // Calls it on the loop and hands out what it returns or throws.
    template <class F>
    auto call(F what) {
        std::packaged_task<std::invoke_result_t<F>()> task(std::move(what));
        auto result = task.get_future();
        asio::post(io_, [&task] { task(); });
        return result.get();
    }
    template <class T>
    T run(Task<T> task) {
        return asio::co_spawn(io_, std::move(task), asio::use_future).get();
    }

    // Until what had come before to its sockets has been seen to.
    void catch_up() {
        for (int turn = 0; turn < 3; ++turn) call([] {});
    }

  private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    std::thread thread_;
};

class Serving {
  public:
    explicit Serving(std::function<void(Router&)> routes, HttpServerOptions options = {},
                     const std::filesystem::path& unix_path = {}) {
        routes(router_);
        server_ = loop.call([&] {
            return unix_path.empty() ? serve_tcp(loop.executor(), router_, "127.0.0.1", 0, options)
                                     : serve_unix(loop.executor(), router_, unix_path, options);
        });
    }
    ~Serving() { stop(std::chrono::milliseconds(0)); }
    int port() const { return server_->port(); }
    std::size_t open_connections() {
        return loop.call([&] { return server_->open_connections(); });
    }
    void stop(std::chrono::milliseconds grace) {
        if (!server_) return;
        loop.run(server_->stop(grace));
        loop.call([&] { server_.reset(); });
    }
    HttpServer& server() { return *server_; }

  private:
    Router router_;

  public:
    LoopThread loop;

  private:
    std::unique_ptr<HttpServer> server_;
};

class RawClient {
  public:
    explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connect(reinterpret_cast<sockaddr*>(&address), sizeof address);
        const int at_once = 1;  // each send() is a segment
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    }
    explicit RawClient(const std::filesystem::path& path)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.string().copy(address.sun_path, sizeof address.sun_path - 1);
        connect(reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    ~RawClient() { ::close(socket_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    // False: the peer has closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    void finish_sending() { ::shutdown(socket_, SHUT_WR); }

    // Something to read (or the end) within the limit.
    bool readable(std::chrono::milliseconds limit) {
        pollfd wanted{socket_, POLLIN, 0};
        return ::poll(&wanted, 1, static_cast<int>(limit.count())) > 0;
    }

    // The next answer, head and body; "" where the connection ends first.
    std::string answer() {
        for (;;) {
            const auto end = bytes_.find("\r\n\r\n");
            if (end != bytes_.npos) {
                const auto at = bytes_.find("Content-Length: ");
                const bool bodiless = bytes_.starts_with("HTTP/1.1 1") || head_only;
                const auto length = at < end && !bodiless ? std::stoul(bytes_.substr(at + 16)) : 0;
                if (bytes_.size() >= end + 4 + length) {
                    auto out = bytes_.substr(0, end + 4 + length);
                    bytes_.erase(0, end + 4 + length);
                    return out;
                }
            }
            if (!read()) return "";
        }
    }
    // Everything until the peer closes.
    std::string rest() {
        while (read()) {
        }
        return std::exchange(bytes_, "");
    }
    std::string ask(std::string_view request) {
        send(request);
        return answer();
    }

    bool head_only = false;  // the next answers are to HEAD

  private:
    void connect(sockaddr* address, socklen_t size) {
        if (::connect(socket_, address, size) != 0)
            throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
    }
    bool read() {
        if (!readable(std::chrono::seconds(20))) throw std::runtime_error("no answer in time");
        char buffer[65536];
        const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
        if (count <= 0) return false;
        bytes_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }
    int socket_;
    std::string bytes_;
};

inline int status_of(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}
inline std::string body_of(const std::string& answer) {
    const auto end = answer.find("\r\n\r\n");
    return end == answer.npos ? "" : answer.substr(end + 4);
}

}  // namespace slipway
