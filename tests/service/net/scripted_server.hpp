// A server that answers what a test tells it to, from a thread of its own: one connection after the
// other, one request each unless the answer says keep-alive. It knows just enough of HTTP to read a
// request with Content-Length.
#pragma once
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace slipway {

class ScriptedServer {
  public:
    // nullopt: never answers; the connection is held until the server goes.
    using Script = std::function<std::optional<std::string>(const std::string& request)>;

    explicit ScriptedServer(Script script, const std::string& unix_path = "")
        : script_(std::move(script)) {
        if (unix_path.empty()) {
            listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            bind_and_listen(reinterpret_cast<sockaddr*>(&address), sizeof address);
            socklen_t size = sizeof address;
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
            port_ = ntohs(address.sin_port);
        } else {
            listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
            bind_and_listen(reinterpret_cast<sockaddr*>(&address), sizeof address);
        }
        thread_ = std::thread([this] { serve(); });
    }
    ~ScriptedServer() {
        stopping_ = true;
        thread_.join();
        for (int held : held_) ::close(held);
        ::close(listener_);
    }

    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    std::vector<std::string> requests() {
        std::lock_guard lock(mutex_);
        return requests_;
    }

  private:
    void bind_and_listen(sockaddr* address, socklen_t size) {
        if (::bind(listener_, address, size) != 0 || ::listen(listener_, 64) != 0)
            throw std::runtime_error("the scripted server cannot listen");
    }

    bool readable(int socket) {
        pollfd wanted{socket, POLLIN, 0};
        while (!stopping_) {
            if (::poll(&wanted, 1, 20) > 0) return true;
        }
        return false;
    }

    std::string read_request(int socket) {
        std::string bytes;
        std::size_t wanted = std::string::npos;
        while (bytes.size() < wanted) {
            char buffer[4096];
            if (!readable(socket)) break;
            const auto count = ::read(socket, buffer, sizeof buffer);
            if (count <= 0) break;
            bytes.append(buffer, static_cast<std::size_t>(count));
            const auto end = bytes.find("\r\n\r\n");
            if (end == std::string::npos || wanted != std::string::npos) continue;
            const auto length = bytes.find("Content-Length: ");
            wanted = end + 4 + (length < end ? std::stoul(bytes.substr(length + 16)) : 0);
        }
        return bytes;
    }

    // Whether another request may come over this connection.
    bool serve_one(int socket) {
        const auto request = read_request(socket);
        if (request.empty()) return false;
        {
            std::lock_guard lock(mutex_);
            requests_.push_back(request);
        }
        const auto answer = script_(request);
        if (!answer) {
            held_.push_back(::dup(socket));
            return false;
        }
        for (std::size_t sent = 0; sent < answer->size();) {
            const auto count =
                ::send(socket, answer->data() + sent, answer->size() - sent, MSG_NOSIGNAL);
            if (count <= 0) break;
            sent += static_cast<std::size_t>(count);
        }
        return answer->find("Connection: keep-alive") != std::string::npos;
    }

    void serve() {
        while (readable(listener_)) {
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) continue;
            while (serve_one(socket)) {
            }
            ::close(socket);
        }
    }

    Script script_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::vector<std::string> requests_;
    std::vector<int> held_;
    std::thread thread_;
};

// A whole answer with its length.
inline std::string scripted_answer(const std::string& status, const std::string& headers,
                                   const std::string& body, const std::string& then = "close") {
    return "HTTP/1.1 " + status + "\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: " + then +
           "\r\n\r\n" + body;
}

}  // namespace slipway
