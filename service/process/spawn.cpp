// posix_spawn with everything said: a new session (no controlling terminal to type into), default
// signal dispositions and mask, the directory, and every descriptor above 2 closed.
#include "service/process/spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

#include "service/base/result.hpp"
#include "service/process/usage.hpp"

namespace slipway {

namespace {

[[noreturn]] void fail(const std::string& what, int error, Retry retry = Retry::later) {
    throw Failure(what + ": " + std::strerror(error), retry);
}

constexpr int gate_descriptor = 4, last_given = 9;

Descriptor above_nine(int fd) {
    if (fd > last_given) return Descriptor(fd);
    Descriptor low(fd);
    const int high = fcntl(fd, F_DUPFD_CLOEXEC, last_given + 1);
    if (high < 0) fail("cannot duplicate a descriptor", errno);
    return Descriptor(high);
}

std::pair<Descriptor, Descriptor> make_pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) fail("cannot make a pipe", errno);
    auto first = above_nine(fds[0]);
    return {std::move(first), above_nine(fds[1])};
}

// Owns the lists that posix_spawn wants.
struct SpawnPlan {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    SpawnPlan() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

std::string path_of(const std::string& name) {
    if (name.find('/') != name.npos) return name;
    if (auto found = find_program(name)) return found->string();
    throw Failure("the program " + name + " is not installed (not found on PATH)", Retry::never);
}

pid_t spawn(const Command& command, int input, int output, int error_output, int gate) {
    SpawnPlan plan;
    posix_spawn_file_actions_adddup2(&plan.actions, input, 0);
    posix_spawn_file_actions_adddup2(&plan.actions, output, 1);
    posix_spawn_file_actions_adddup2(&plan.actions, error_output, 2);
    posix_spawn_file_actions_addchdir_np(&plan.actions, command.directory.c_str());
    std::vector<Descriptor> side_inputs;  // open until the child is there
    for (int fd = 3; fd <= last_given; ++fd) {
        const auto input_at = command.side_inputs.find(fd);
        if (input_at != command.side_inputs.end()) {
            side_inputs.push_back(file_in_memory(input_at->second));
            posix_spawn_file_actions_adddup2(&plan.actions, side_inputs.back().get(), fd);
        } else if (fd == gate_descriptor && command.held_input) {
            posix_spawn_file_actions_adddup2(&plan.actions, gate, fd);
        } else {
            posix_spawn_file_actions_addclose(&plan.actions, fd);
        }
    }
    posix_spawn_file_actions_addclosefrom_np(&plan.actions, last_given + 1);

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&plan.attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&plan.attributes, &none);
    posix_spawnattr_setsigdefault(&plan.attributes, &all);

    std::vector<std::string> variables;
    for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
    if (command.argv.empty()) throw Failure("a command without a program", Retry::never);
    auto program = path_of(command.argv.front());
    auto texts = command.argv;
    if (command.data_bytes_limit) {  // set before the program is, so that it cannot be outrun
        texts.front() = program;
        const auto bytes = std::to_string(*command.data_bytes_limit);
        const std::vector<std::string> limited{"prlimit", "--data=" + bytes + ":" + bytes, "--"};
        texts.insert(texts.begin(), limited.begin(), limited.end());
        if (!find_program(program)) fail("cannot start " + program, EACCES, Retry::never);
        program = path_of(texts.front());
    }
    auto argv = pointers(texts);
    auto envp = pointers(variables);
    pid_t pid = -1;
    const int error = posix_spawn(&pid, program.c_str(), &plan.actions, &plan.attributes,
                                  argv.data(), envp.data());
    if (error == 0) return pid;
    std::error_code ignored;
    if (!std::filesystem::is_directory(command.directory, ignored))
        throw Failure(
            "cannot start " + program + " in " + command.directory.string() + ": no such directory",
            Retry::never);
    const bool passing = error == EAGAIN || error == ENOMEM;
    fail("cannot start " + program, error, passing ? Retry::later : Retry::never);
}

}  // namespace

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

DescriptorPair pipe_from_child() {
    auto [read_end, write_end] = make_pipe();
    return {std::move(read_end), std::move(write_end)};
}

DescriptorPair pipe_to_child() {
    auto [read_end, write_end] = make_pipe();
    return {std::move(write_end), std::move(read_end)};
}

DescriptorPair socket_pair() {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        fail("cannot make a socket pair", errno);
    auto ours = above_nine(fds[0]);
    return {std::move(ours), above_nine(fds[1])};
}

Descriptor open_null() {
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) fail("cannot open /dev/null", errno);
    return above_nine(fd);
}

void give_pipe(const Descriptor& pipe, unsigned user) {
    struct stat status {};
    if (pipe.get() < 0 || ::fstat(pipe.get(), &status) != 0 || !S_ISFIFO(status.st_mode)) return;
    if (::fchown(pipe.get(), user, user) != 0) fail("cannot give a pipe to the run's user", errno);
}

Descriptor file_in_memory(const std::string& content) {
    const int fd = memfd_create("side-input", MFD_CLOEXEC);
    if (fd < 0) fail("cannot make a file in memory", errno);
    auto file = above_nine(fd);
    for (std::size_t at = 0; at < content.size();) {
        const auto n = ::write(file.get(), content.data() + at, content.size() - at);
        if (n < 0 && errno != EINTR) fail("cannot write a file in memory", errno);
        if (n > 0) at += static_cast<std::size_t>(n);
    }
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

std::string content_of(const Descriptor& file) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail("cannot look at a file in memory", errno);
    std::string out(static_cast<std::size_t>(status.st_size), '\0');
    const auto n = ::pread(file.get(), out.data(), out.size(), 0);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
}

namespace {

// Children that somebody here waits for. Held while one is started, so that none is taken for a
// stranger before it is known.
std::mutex known_mutex;
std::set<pid_t> known;

}  // namespace

Child::Child(const Command& command, int input, int output, int error_output, int gate) {
    {
        std::lock_guard lock(known_mutex);
        pid_ = spawn(command, input, output, error_output, gate);
        known.insert(pid_);
    }
    // Not reaped yet, so the number is still this child's.
    pidfd_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    if (pidfd_.get() >= 0) return;
    const int error = errno;
    ::kill(-pid_, SIGKILL);
    reap();
    fail("cannot watch " + command.argv.front(), error);
}

Child::~Child() {
    ::kill(-pid_, SIGKILL);
    reap();
}

void Child::reap() {
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    std::lock_guard lock(known_mutex);
    known.erase(pid_);
}

int reap_strangers() {
    int reaped = 0, subreaper = 0;
    ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    if (::getpid() != 1 && subreaper == 0) return 0;
    for (const auto& one : children_of(::getpid())) {
        std::lock_guard lock(known_mutex);
        if (!known.contains(one) && ::waitpid(one, nullptr, WNOHANG) == one) ++reaped;
    }
    return reaped;
}

void Child::signal(int number) const { ::kill(-pid_, number); }

std::optional<Child::End> Child::ended() const {
    siginfo_t info{};
    const int flags = WEXITED | WNOWAIT | WNOHANG;
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, flags) != 0 || info.si_pid == 0)
        return std::nullopt;
    return End{info.si_code != CLD_EXITED, info.si_status};
}

}  // namespace slipway
