// Webhooks as GitHub sends them, over connections that are kept, each with one request under way.
#pragma once
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/digest.hpp"
#include "service/base/json.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/bench/server_process.hpp"

namespace slipway::bench {

inline const Secret webhook_secret("a secret of the bench");

// pull_request.synchronize from npm's @octokit/webhooks-examples where the tests have installed it;
// otherwise one of the same size and kind.
inline std::string webhook_body() {
    std::ifstream file(SLIPWAY_NPM_DIR
                       "/node_modules/@octokit/webhooks-examples/api.github.com/index.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (const auto all = parse_json(text)) {
        for (const auto& kind : all->items())
            for (const auto& example : kind["examples"].items())
                if (kind["name"].text() == "pull_request" &&
                    example["action"].text() == "synchronize")
                    return example.dump();
    }
    std::string urls;
    for (int i = 0; urls.size() < 23'000; ++i)
        urls += ",\"part_" + std::to_string(i * 7919 % 1000) +
                "_url\":\"https://api.github.com/repos/acme/infrastructure/part-" +
                std::to_string(i * 104729 % 100000) + "{/id}\"";
    return R"({"action":"synchronize","number":7,"pull_request":{"id":1)" + urls + "}}";
}

struct Load {
    int connections = 32;
    std::string head;  // up to the delivery's id
    std::string tail;
    int sent = 0;

    explicit Load(const std::string& body)
        : head(
              "POST /webhooks/github.com HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
              "User-Agent: GitHub-Hookshot/044aadd\r\nContent-Type: application/json\r\n"
              "X-GitHub-Event: pull_request\r\nX-GitHub-Hook-ID: 292430182\r\n"
              "X-GitHub-Hook-Installation-Target-ID: 79929171\r\n"
              "X-GitHub-Hook-Installation-Target-Type: repository\r\n"
              "X-Hub-Signature-256: sha256=" +
              hmac_sha256_hex(webhook_secret, body) + "\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\nX-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-"),
          tail("\r\n\r\n" + body) {}

    struct Measured {
        double seconds = 0;    // of the clock
        double processor = 0;  // of the server's
    };

    // Sends `count` webhooks, each under an id of its own; throws where an answer is not 202.
    Measured run(const ServerProcess& server, int count) {
        const int poll = ::epoll_create1(0);
        std::vector<Connection> all(static_cast<std::size_t>(connections));
        for (auto& each : all) open(each, poll, server.port());
        const double before = server.processor_seconds();
        int started = 0, answered = 0;
        const double seconds = seconds_of([&] {
            for (auto& each : all)
                if (started < count) ++started, begin(each);
            while (answered < count) {
                epoll_event events[64];
                const int n = ::epoll_wait(poll, events, 64, 10'000);
                if (n <= 0) throw std::runtime_error("no answer for ten seconds");
                for (int i = 0; i < n; ++i) {
                    auto& each = *static_cast<Connection*>(events[i].data.ptr);
                    if (!progress(each)) continue;
                    ++answered;
                    if (started < count) ++started, begin(each);
                }
            }
        });
        const double processor = server.processor_seconds() - before;
        for (auto& each : all) ::close(each.socket);
        ::close(poll);
        return {seconds, processor};
    }

  private:
    struct Connection {
        int socket = -1;
        std::string head, in;
        std::size_t written = 0;  // of head and tail
    };

    static void open(Connection& each, int poll, int port) {
        each.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(each.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot connect");
        const int yes = 1;
        ::setsockopt(each.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        ::fcntl(each.socket, F_SETFL, O_NONBLOCK);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = &each;
        ::epoll_ctl(poll, EPOLL_CTL_ADD, each.socket, &event);
    }

    void begin(Connection& each) {
        char id[16];
        std::snprintf(id, sizeof id, "%012d", ++sent);
        each.head.assign(head).append(id);
        each.written = 0;
        write(each);
    }

    void write(Connection& each) {
        if (each.head.empty()) return;  // not begun: more connections than webhooks
        const auto of_head = each.head.size(), all = of_head + tail.size();
        while (each.written < all) {
            std::string_view first = each.head, second = tail;
            first.remove_prefix(std::min(each.written, of_head));
            second.remove_prefix(each.written - std::min(each.written, of_head));
            iovec parts[] = {{const_cast<char*>(first.data()), first.size()},
                             {const_cast<char*>(second.data()), second.size()}};
            msghdr message{};
            message.msg_iov = parts;
            message.msg_iovlen = 2;
            const auto count = ::sendmsg(each.socket, &message, MSG_NOSIGNAL);
            if (count < 0) return;
            each.written += static_cast<std::size_t>(count);
        }
    }

    // True: an answer is there.
    bool progress(Connection& each) {
        write(each);
        char buffer[4096];
        const auto count = ::recv(each.socket, buffer, sizeof buffer, 0);
        if (count < 0) return false;
        if (count == 0) throw std::runtime_error("the server closed a connection");
        each.in.append(buffer, static_cast<std::size_t>(count));
        const auto end = each.in.find("\r\n\r\n");
        if (end == each.in.npos) return false;
        if (!each.in.starts_with("HTTP/1.1 202")) throw std::runtime_error("answered " + each.in);
        const auto at = each.in.find("ontent-Length: ");
        const auto length = at < end ? std::stoul(each.in.substr(at + 15)) : 0;
        if (each.in.size() < end + 4 + length) return false;
        each.in.clear();
        return true;
    }
};

}  // namespace slipway::bench
