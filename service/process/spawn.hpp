// What run() and the companion share: descriptors with an owner, and a child that is started clean
// (own session and group, default signals, nothing inherited but 0-2, a side input and the gate of
// a held command) and never left behind.
#pragma once
#include <sys/types.h>

#include <optional>
#include <utility>

#include "service/process/process.hpp"

namespace slipway {

class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor();
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_ = -1;
};

struct DescriptorPair {
    Descriptor ours, theirs;
};
// All are close-on-exec and above 9, so that moving them onto 0-9 cannot overwrite another.
DescriptorPair pipe_from_child();
DescriptorPair pipe_to_child();
DescriptorPair socket_pair();
Descriptor open_null();
// So that `user` may open it by its name in /proc or /dev. Nothing where it is not a pipe.
void give_pipe(const Descriptor& pipe, unsigned user);
Descriptor file_in_memory(const std::string& content);  // to be read from its beginning
std::string content_of(
    const Descriptor& file);  // of all of it, wherever its reader or writer stands

class Child {
  public:
    struct End {
        bool signalled = false;
        int code = 0;
    };

    // Throws Failure(never) where the program cannot be started. `gate`: of a held command.
    Child(const Command& command, int input, int output, int error_output, int gate = -1);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();  // the group is killed, then its leader is reaped

    pid_t pid() const { return pid_; }
    Descriptor take_pidfd() { return std::move(pidfd_); }  // becomes readable when the leader ends
    void signal(int number) const;                         // to the whole group
    std::optional<End> ended()
        const;  // leaves it to be reaped, so that the group's number stays ours

  private:
    void reap();

    pid_t pid_ = -1;
    Descriptor pidfd_;
};

}  // namespace slipway
