// Git's own `git http-backend` behind a small CGI server on a free port of the loopback: what a
// forge's smart HTTP does, with the request heads kept for the test to look at.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace slipway {

class GitHttpServer {
  public:
    // Serves the bare repositories below `root`: http://127.0.0.1:PORT/<name>.git
    explicit GitHttpServer(std::filesystem::path root) : root_(std::move(root)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, 16) != 0)
            throw std::runtime_error("cannot listen on the loopback");
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~GitHttpServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    // What the next requests get; both may be set at any time.
    void require_authorization(std::string value) {
        std::lock_guard lock(mutex_);
        authorization_ = std::move(value);
    }
    // Answers itself where it returns a head (with its empty line), else the repository is served.
    void set_answer(std::function<std::string(const std::string& request_head)> answer) {
        std::lock_guard lock(mutex_);
        answer_ = std::move(answer);
    }
    std::vector<std::string> heads() const {
        std::lock_guard lock(mutex_);
        return heads_;
    }

  private:
    void serve() {
        for (;;) {
            int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection < 0) return;
            answer(connection);
            ::close(connection);
        }
    }

    void answer(int connection) {
        std::string received, head;
        while (head.empty()) {
            if (!read_more(connection, received)) return;
            if (auto end = received.find("\r\n\r\n"); end != received.npos) {
                head = received.substr(0, end + 2);
                received.erase(0, end + 4);
            }
        }
        std::size_t length = std::strtoull(field(head, "content-length").c_str(), nullptr, 10);
        while (received.size() < length)
            if (!read_more(connection, received)) return;
        std::string required, own;
        {
            std::lock_guard lock(mutex_);
            heads_.push_back(head);
            required = authorization_;
            if (answer_) own = answer_(head);
        }
        if (!own.empty())
            send_all(connection, own);
        else if (!required.empty() && field(head, "authorization") != required)
            send_all(connection,
                     "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n"
                     "Content-Length: 0\r\nConnection: close\r\n\r\n");
        else
            send_all(connection, backend(head, received));
    }

    static bool read_more(int connection, std::string& into) {
        char buffer[65536];
        ssize_t n = ::read(connection, buffer, sizeof buffer);
        if (n <= 0) return false;
        into.append(buffer, static_cast<std::size_t>(n));
        return true;
    }

    static void send_all(int connection, const std::string& bytes) {
        for (std::size_t sent = 0; sent < bytes.size();) {
            ssize_t n = ::send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }

    static std::string field(const std::string& head, const std::string& name) {
        std::string lower = head;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        auto at = lower.find("\r\n" + name + ":");
        if (at == lower.npos) return "";
        auto from = head.find_first_not_of(' ', at + name.size() + 3);
        return head.substr(from, head.find("\r\n", from) - from);
    }

    std::string backend(const std::string& head, const std::string& body) const {
        auto method_end = head.find(' ');
        std::string target =
            head.substr(method_end + 1, head.find(' ', method_end + 1) - method_end - 1);
        auto question = target.find('?');
        std::vector<std::string> environment{
            "PATH=" + std::string(std::getenv("PATH")),
            "GIT_PROJECT_ROOT=" + root_.string(),
            "GIT_HTTP_EXPORT_ALL=1",
            "GIT_CONFIG_NOSYSTEM=1",
            "GIT_CONFIG_GLOBAL=/dev/null",
            "HOME=/nonexistent",
            "REQUEST_METHOD=" + head.substr(0, method_end),
            "PATH_INFO=" + target.substr(0, question),
            "QUERY_STRING=" + (question == target.npos ? "" : target.substr(question + 1)),
            "CONTENT_TYPE=" + field(head, "content-type"),
            "CONTENT_LENGTH=" + std::to_string(body.size()),
            "HTTP_CONTENT_ENCODING=" + field(head, "content-encoding"),
            "GIT_PROTOCOL=" + field(head, "git-protocol"),
            "REMOTE_ADDR=127.0.0.1"};
        std::vector<char*> pointers;
        for (auto& text : environment) pointers.push_back(text.data());
        pointers.push_back(nullptr);
        char git[] = "git", http_backend[] = "http-backend";
        char* arguments[] = {git, http_backend, nullptr};
        int in[2], out[2];
        if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) return "";
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        pid_t child = 0;
        int failed = ::posix_spawnp(&child, "git", &actions, nullptr, arguments, pointers.data());
        posix_spawn_file_actions_destroy(&actions);
        ::close(in[0]);
        ::close(out[1]);
        std::string answer;
        std::thread writer([&] {
            for (std::size_t sent = 0; sent < body.size();) {
                ssize_t n = ::write(in[1], body.data() + sent, body.size() - sent);
                if (n <= 0) break;
                sent += static_cast<std::size_t>(n);
            }
            ::close(in[1]);
        });
        while (!failed && read_more(out[0], answer)) {
        }
        writer.join();
        ::close(out[0]);
        if (!failed) ::waitpid(child, nullptr, 0);
        auto end = answer.find("\r\n\r\n");
        if (end == answer.npos)
            return "HTTP/1.1 500 Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        std::string answer_head = "\r\n" + answer.substr(0, end + 2);
        std::string status = field(answer_head, "status");
        return "HTTP/1.1 " + (status.empty() ? "200 OK" : status) + answer_head +
               "Content-Length: " + std::to_string(answer.size() - end - 4) +
               "\r\nConnection: close\r\n\r\n" + answer.substr(end + 4);
    }

    std::filesystem::path root_;
    int listener_ = -1;
    int port_ = 0;
    std::thread thread_;
    mutable std::mutex mutex_;
    std::string authorization_;
    std::function<std::string(const std::string&)> answer_;
    std::vector<std::string> heads_;
};

}  // namespace slipway
