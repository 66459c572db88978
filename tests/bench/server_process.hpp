// A server in a process of its own, so that its processor time is its own, too.
#pragma once
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>

namespace slipway::bench {

// On the processor so far, all threads: seconds.
inline double processor_seconds(pid_t pid) {
    double total = 0;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        double nanoseconds = 0;
        std::ifstream(task.path() / "schedstat") >> nanoseconds;
        total += nanoseconds / 1e9;
    }
    return total;
}

class ServerProcess {
  public:
    using Ready = std::function<void(int port)>;
    // `serve` runs in the child until killed and calls what it is given once it listens.
    explicit ServerProcess(const std::function<void(Ready)>& serve) {
        int pipe[2];
        if (::pipe(pipe) != 0) throw std::runtime_error("no pipe");
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::close(pipe[0]);
            try {
                serve([&](int port) {
                    if (::write(pipe[1], &port, sizeof port) != sizeof port) ::_exit(1);
                });
            } catch (const std::exception& error) {
                std::fprintf(stderr, "the server ended: %s\n", error.what());
            }
            ::_exit(1);
        }
        ::close(pipe[1]);
        const bool told = ::read(pipe[0], &port_, sizeof port_) == sizeof port_;
        ::close(pipe[0]);
        if (!told) throw std::runtime_error("the server does not start");
    }
    // A program that prints its port on a line of standard output.
    explicit ServerProcess(const std::vector<std::string>& words) {
        int pipe[2];
        if (::pipe(pipe) != 0) throw std::runtime_error("no pipe");
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::dup2(pipe[1], STDOUT_FILENO);
            std::vector<char*> argv;
            for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
            argv.push_back(nullptr);
            ::execvp(argv[0], argv.data());
            ::_exit(127);
        }
        ::close(pipe[1]);
        std::string line;
        for (char c; ::read(pipe[0], &c, 1) == 1 && c != '\n';) line += c;
        ::close(pipe[0]);
        if (line.empty()) throw std::runtime_error(words[0] + " does not start");
        port_ = std::stoi(line);
    }
    ~ServerProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    int port() const { return port_; }
    double processor_seconds() const { return bench::processor_seconds(pid_); }

  private:
    pid_t pid_ = -1;
    int port_ = 0;
};

}  // namespace slipway::bench
