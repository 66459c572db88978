// Child processes: argument vectors only, a clean environment, a process group of their own, output
// while it is made, limits, and an end that takes the whole group along. posix_spawn + pidfd;
// nothing of ours but descriptors 0-2 reaches the child.
#pragma once
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/task.hpp"

namespace slipway {

// What a command and everything that it starts may use, looked at several times a second; 0: no
// limit.
struct UsageLimits {
    int tasks = 0;  // processes and their threads
    std::int64_t memory_bytes = 0;
    std::int64_t directory_bytes = 0;  // what lies in `directory`
    std::filesystem::path directory;
};
enum class Resource { tasks, memory, directory };

struct Command {
    std::vector<std::string> argv;  // argv[0]: a path, or a name searched on our PATH
    std::map<std::string, std::string> environment;  // all of it
    std::filesystem::path directory = "/";
    std::string input;                       // written to standard input, then closed
    std::map<int, std::string> side_inputs;  // readable on these descriptors: 3, and 5 to 9
    std::optional<std::string>
        held_input;  // what it waits for, at most 4096 bytes: see HeldCommand
    std::chrono::milliseconds limit{60'000};     // for the whole
    std::chrono::milliseconds silence_limit{0};  // without output; 0: none
    std::chrono::milliseconds grace{5'000};      // between the first signal and SIGKILL
    int first_signal = SIGTERM;                  // SIGINT where the tool stops gracefully on it
    std::size_t output_limit = 64u
                               << 20;  // bytes kept or passed on; the rest is counted and dropped
    std::optional<std::uint64_t> data_bytes_limit;  // RLIMIT_DATA
    std::optional<unsigned> user;  // who it becomes: may open its own descriptors by their names
    UsageLimits usage_limits;      // of it and everything that it starts
};

struct Ended {
    enum class How { exited, signalled, timed_out, silent, used_too_much, stopped };
    How how = How::exited;
    std::optional<Resource> used_too_much;
    int code = 0;  // exit code; signalled: the number; else what it left, 128 + n for signal n
    std::chrono::milliseconds limit{0};  // the one that passed, where one did
    std::string output;                  // standard output, where nobody streams it
    std::string error_output;            // standard error, likewise
    std::size_t dropped_bytes = 0;
    bool ok() const { return how == How::exited && code == 0; }
    std::string text() const;  // "exited with 1", "was killed by signal 9 (Killed)",
                               // "took longer than 30 s"
};

// Receives output as it comes: which is 1 or 2.
using OnOutput = std::function<void(int which, std::string_view bytes)>;

// Runs to the end of the child and of its output; what it leaves running in the background is
// killed a second later. Cancelling the task stops the child (first signal, grace, SIGKILL) and
// waits for it. Throws Failure(never) where the program cannot be started.
Task<Ended> run(Command command, OnOutput on_output = {});

// Asks a running child to stop from outside its coroutine and from any thread: `stop()` sends the
// first signal at once, the rest as above; how becomes `stopped`. A command that is started after
// it never runs.
class StopSwitch {
  public:
    StopSwitch();
    void stop();
    bool stopped() const;
    struct State;
    std::shared_ptr<State> state;
};
Task<Ended> run(Command command, OnOutput on_output, StopSwitch stop);

// A command that is started ahead of its turn, for a program that reads a file before it does
// anything else: that file is `held_input_path`, and its content, the command's `held_input`, comes
// with run(). Until then the program waits in its first read, with its sandbox built and itself
// loaded. One that never runs is killed. Limits count from run(). Without a `held_input`, all
// begins with run().
inline constexpr const char* held_input_path = "/proc/self/fd/4";

class HeldCommand {
  public:
    explicit HeldCommand(Command command);
    HeldCommand(HeldCommand&&) noexcept;
    HeldCommand& operator=(HeldCommand&&) noexcept;
    ~HeldCommand();
    Task<Ended> run(std::chrono::milliseconds limit, OnOutput on_output, StopSwitch stop);
    int pid() const;  // 0: it is not started yet

  private:
    struct Ready;
    std::unique_ptr<Ready> ready_;
};

// A child that stays: bytes both ways over a socketpair on its standard input and output (one
// descriptor); its standard error goes to the log, line by line.
class Companion {
  public:
    // `executor` must run in the thread that calls. Dies with our process (parent-death signal).
    // Throws Failure(never) where the program is not installed.
    Companion(asio::any_io_executor executor, Command command);
    ~Companion();  // kills the group and reaps
    Companion(const Companion&) = delete;
    Companion& operator=(const Companion&) = delete;
    Task<void> write(std::string bytes);          // throws Failure once it is gone
    Task<std::string> read(std::size_t exactly);  // likewise
    bool running() const;
    void kill();
    int pid() const;

    struct Line;  // the companion's own end

  private:
    std::shared_ptr<Line> line_;
};

// Where we are process 1 of a container, or a subreaper, what our children leave behind becomes
// ours. Reaps those that have ended and are not the child of anybody here; answers how many.
int reap_strangers();

// The full path of a program on PATH, nullopt where there is none.
std::optional<std::filesystem::path> find_program(std::string_view name);
// Next to this executable (build tree and installation alike), then PATH.
std::optional<std::filesystem::path> find_own_program(std::string_view name);

}  // namespace slipway
