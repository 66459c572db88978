// A redis-server of the test's own on a unix socket below a scratch directory, ended by its pid.
// Can be killed hard and started again on the same data.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "queue/queue.hpp"
#include "tests/support/scratch.hpp"

extern char** environ;

namespace slipway {

inline bool redis_server_installed() {
    return std::filesystem::exists("/usr/bin/redis-server") ||
           std::filesystem::exists("/usr/local/bin/redis-server");
}

class RedisServer {
  public:
    explicit RedisServer(std::vector<std::string> options = {}, std::string socket = {})
        : options_(std::move(options)), socket_(std::move(socket)) {
        if (socket_.empty()) socket_ = directory_.path.string() + "/s";
        start();
    }
    ~RedisServer() { kill_hard(); }
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    const std::string& socket() const { return socket_; }
    RedisAddress address() const { return {"unix://" + socket(), Secret()}; }
    pid_t pid() const { return pid_; }

    void start() {
        std::vector<std::string> words = {"setpriv",      "--pdeathsig",
                                          "KILL",         "redis-server",
                                          "--port",       "0",
                                          "--unixsocket", socket(),
                                          "--dir",        directory_.path.string(),
                                          "--save",       "",
                                          "--appendonly", "yes",
                                          "--loglevel",   "warning",
                                          "--logfile",    directory_.path.string() + "/log"};
        words.insert(words.end(), options_.begin(), options_.end());
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        const int failed = posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (failed) throw std::runtime_error("redis-server does not start");
        wait_until_it_answers();
    }
    void kill_hard() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    void stop() const { ::kill(pid_, SIGSTOP); }
    void go_on() const { ::kill(pid_, SIGCONT); }

    // One command in its inline form; the first bytes of the answer.
    std::string ask(const std::string& command) const {
        const int to = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        std::strncpy(where.sun_path, socket().c_str(), sizeof(where.sun_path) - 1);
        std::string out;
        const timeval limit{5, 0};
        setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (::connect(to, reinterpret_cast<sockaddr*>(&where), sizeof(where)) == 0) {
            const auto line = command + "\r\n";
            char bytes[65536];
            if (::send(to, line.data(), line.size(), MSG_NOSIGNAL) > 0)
                if (const auto size = ::recv(to, bytes, sizeof(bytes), 0); size > 0)
                    out.assign(bytes, static_cast<std::size_t>(size));
        }
        ::close(to);
        return out;
    }

  private:
    void wait_until_it_answers() const {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (ask("PING") != "+PONG\r\n") {
            if (std::chrono::steady_clock::now() > end)
                throw std::runtime_error("redis-server does not answer");
            std::this_thread::sleep_for(std::chrono::milliseconds(5));  // between two looks
        }
    }

    std::vector<std::string> options_;
    Scratch directory_;
    std::string socket_;
    pid_t pid_ = -1;
};

}  // namespace slipway
