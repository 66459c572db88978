// A few blocking words with a Redis on a unix socket: for the moments when no loop runs, at the
// start and the end of the service.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace slipway {

class LocalTalk {
  public:
    // nullopt: nobody listens there.
    static std::optional<LocalTalk> connect(const std::string& socket);
    LocalTalk(LocalTalk&& other) noexcept;
    LocalTalk& operator=(LocalTalk&&) = delete;
    ~LocalTalk();

    // Sends one command of plain words; the first line of what comes back within the limit, or "".
    std::string ask(const std::string& command, std::chrono::milliseconds limit) const;
    pid_t listener() const;  // the process that listens; 0: not known

  private:
    explicit LocalTalk(int fd) : fd_(fd) {}
    int fd_;
};

// Waits for the end of a process, whoever's child it is; false: it still runs.
bool wait_for_end(pid_t pid, std::chrono::milliseconds limit);

}  // namespace slipway
