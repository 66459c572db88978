// A few blocking words with a Redis on a unix socket, by hiredis: for the moments when no loop
// runs, at the start and the end of the service.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

struct redisContext;

namespace slipway {

class LocalTalk {
  public:
    // nullopt: nobody listens there.
    static std::optional<LocalTalk> connect(const std::string& socket);

    // Sends one command as the server reads it from a line. What comes back within the limit as the
    // protocol writes it, where that is one line ("+PONG", "-LOADING …", ":3"); else "".
    std::string ask(const std::string& command, std::chrono::milliseconds limit) const;
    pid_t listener() const;  // the process that listens; 0: not known

  private:
    struct Free {
        void operator()(redisContext* context) const;
    };
    explicit LocalTalk(redisContext* context) : context_(context) {}
    std::unique_ptr<redisContext, Free> context_;
};

// Waits for the end of a process, whoever's child it is; false: it still runs.
bool wait_for_end(pid_t pid, std::chrono::milliseconds limit);

}  // namespace slipway
