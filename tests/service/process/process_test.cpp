// run(): what a child gets, how it ends, and that nothing of it stays behind.
#include "service/process/process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "service/base/result.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;
using How = Ended::How;

Command shell(std::string script) {
    Command command;
    command.argv = {"/bin/sh", "-c", std::move(script)};
    command.environment = {{"PATH", "/usr/bin:/bin"}};
    command.grace = 200ms;
    return command;
}

Ended run_now(Command command, OnOutput on_output = {}) {
    asio::io_context io;
    return run_task(io, run(std::move(command), std::move(on_output)));
}

// A pid that a script printed, once nobody has it any more (or is a zombie of somebody else's).
bool is_gone(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    std::string line;
    while (std::getline(status, line))
        if (line.starts_with("State:")) return line.find('Z') != line.npos;
    return true;
}

// The end of a killed process may take the kernel a moment.
void check_gone(pid_t pid) {
    REQUIRE(pid > 1);
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!is_gone(pid) && std::chrono::steady_clock::now() < end) usleep(1000);
    CHECK(is_gone(pid));
}

std::set<int> open_descriptors() {
    std::set<int> out;
    for (int fd = 0; fd < 256; ++fd)
        if (fcntl(fd, F_GETFD) >= 0) out.insert(fd);
    return out;
}

TEST_CASE("a child's exit code, output and error output come back") {
    auto ended = run_now(shell("echo out; echo err >&2; exit 9"));
    CHECK(ended.how == How::exited);
    CHECK(ended.code == 9);
    CHECK(ended.output == "out\n");
    CHECK(ended.error_output == "err\n");
    CHECK_FALSE(ended.ok());
    CHECK(ended.text() == "exited with 9");
    CHECK(run_now(shell("true")).ok());
}

TEST_CASE("a signal is told apart from an exit code of the same number") {
    auto ended = run_now(shell("kill -9 $$"));
    CHECK(ended.how == How::signalled);
    CHECK(ended.code == 9);
    CHECK(ended.text() == "was killed by signal 9 (Killed)");
}

TEST_CASE(
    "a child gets its own environment and directory, default signals, and no descriptor of ours") {
    const int leak = ::open("/etc/passwd", O_RDONLY);
    REQUIRE(leak > 2);
    auto command = shell(
        "env | grep -v ^_= | sort; pwd; ls /proc/self/fd | wc -l;"
        "tty; grep SigIgn /proc/self/status | cut -c 17-");
    command.environment = {{"ONLY", "1"}};
    command.directory = "/tmp";
    auto ended = run_now(std::move(command));
    ::close(leak);
    // 0, 1, 2 and the one with which ls reads the directory; then the signals, real-time ones aside
    const std::string expected = "ONLY=1\nPWD=/tmp\n/tmp\n4\nnot a tty\n";
    REQUIRE(ended.output.substr(0, expected.size()) == expected);
    const auto ignored = std::stoul(ended.output.substr(expected.size()), nullptr, 16);
    CHECK((ignored & 0x7fffffff) == 0);
}

TEST_CASE("standard input carries the given text and then ends") {
    auto command = shell("wc -c; echo done");
    command.input = std::string(300'000, 'x');
    CHECK(run_now(std::move(command)).output == "300000\ndone\n");
    CHECK(run_now(shell("wc -c")).output == "0\n");
    auto deaf = shell("exit 3");
    deaf.input = std::string(300'000, 'x');
    CHECK(run_now(std::move(deaf)).code == 3);
}

TEST_CASE("output is passed on while it is made") {
    asio::io_context io;
    char fifo[] = "/tmp/slipway-process-XXXXXX";
    REQUIRE(mkdtemp(fifo));
    const std::string go = std::string(fifo) + "/go";
    REQUIRE(mkfifo(go.c_str(), 0600) == 0);
    // The child goes on only after we have seen its first line.
    std::string seen;
    int writer = -1;
    auto ended = run_task(io, run(shell("echo first; read x < " + go + "; echo second >&2"),
                                  [&](int which, std::string_view bytes) {
                                      seen += std::to_string(which) + std::string(bytes);
                                      if (writer < 0) {
                                          writer = ::open(go.c_str(), O_RDWR);
                                          CHECK(::write(writer, "x\n", 2) == 2);
                                      }
                                  }));
    ::close(writer);
    std::filesystem::remove_all(fifo);
    CHECK(ended.ok());
    CHECK(seen == "1first\n2second\n");
    CHECK(ended.output.empty());
}

TEST_CASE("a program that cannot be started is a failure that nobody should repeat") {
    struct {
        const char* program;
        const char* directory;
        const char* message;
    } cases[] = {
        {"/nonexistent", "/", "cannot start /nonexistent: No such file or directory"},
        {"no-such-program", "/",
         "the program no-such-program is not installed (not found on PATH)"},
        {"/bin/true", "/nowhere", "cannot start /bin/true in /nowhere: no such directory"},
        {"/etc/passwd", "/", "cannot start /etc/passwd: Permission denied"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.program);
        Command command;
        command.argv = {c.program};
        command.directory = c.directory;
        try {
            run_now(std::move(command));
            FAIL("was started");
        } catch (const Failure& failure) {
            CHECK(std::string(failure.what()) == c.message);
            CHECK(failure.retry() == Retry::never);
        }
    }
}

TEST_CASE("a limit ends the whole group, also what ignores SIGTERM") {
    auto command = shell("sleep 60 & echo $!; trap '' TERM; sleep 61; sleep 62");
    command.limit = 300ms;
    auto ended = run_now(std::move(command));
    CHECK(ended.how == How::timed_out);
    CHECK(ended.code == 128 + SIGKILL);
    CHECK(ended.text() == "took longer than 0.3 s");
    check_gone(std::stoi(ended.output));
}

TEST_CASE("a child that prints nothing is ended by the silence limit, one that prints is not") {
    auto command = shell("echo one; sleep 60");
    command.silence_limit = 200ms;
    auto silent = run_now(command);
    CHECK(silent.how == How::silent);
    CHECK(silent.output == "one\n");
    CHECK(silent.text() == "printed nothing for 0.2 s");
    command.argv.back() = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done";
    command.silence_limit = 5s;
    CHECK(run_now(command).ok());
}

TEST_CASE("a background grandchild that holds the pipe does not hold the run") {
    auto ended = run_now(shell("sleep 60 & echo $!; exit 3"));
    CHECK(ended.how == How::exited);
    CHECK(ended.code == 3);
    check_gone(std::stoi(ended.output));
}

TEST_CASE("output over the limit is counted and dropped, and the child goes on") {
    auto command = shell("head -c 1000000 /dev/zero; echo more >&2; exit 4");
    command.output_limit = 1000;
    auto ended = run_now(std::move(command));
    CHECK(ended.code == 4);
    CHECK(ended.output.size() + ended.error_output.size() == 1000);
    CHECK(ended.dropped_bytes == 1000000 + 5 - 1000);
}

TEST_CASE("a data limit keeps a child from eating memory") {
    auto command = shell("head -c 400000000 /dev/zero | tail -n 1 | wc -c");
    CHECK(run_now(command).output == "400000000\n");
    command.data_bytes_limit = 64u << 20;
    auto ended = run_now(command);
    CHECK(ended.output == "0\n");
    CHECK(ended.error_output.find("memory exhausted") != std::string::npos);
}

TEST_CASE("a stop switch sends the first signal and tells that it stopped") {
    asio::io_context io;
    auto command = shell("trap 'echo bye; exit 5' INT; echo ready; sleep 60 & wait");
    command.first_signal = SIGINT;
    command.grace = 20s;
    StopSwitch stop;
    std::string seen;
    auto ended = run_task(io, run(
                                  command,
                                  [&](int, std::string_view bytes) {
                                      if (seen.empty()) stop.stop();
                                      seen += bytes;
                                  },
                                  stop));
    CHECK(ended.how == How::stopped);
    CHECK(ended.code == 5);
    CHECK(seen == "ready\nbye\n");
    SUBCASE("and a command after it never runs") {
        auto next = run_task(io, run(shell("echo ran"), {}, stop));
        CHECK(next.how == How::stopped);
        CHECK(next.output.empty());
        CHECK(next.code != 0);  // no apply is taken for done that never ran
    }
}

TEST_CASE("a cancelled run stops its child and waits for it") {
    asio::io_context io;
    pid_t pid = 0;
    OnOutput take = [&](int, std::string_view bytes) { pid = std::stoi(std::string(bytes)); };
    auto task = [&]() -> Task<void> {
        auto inner = run(shell("trap '' TERM; echo $$; while :; do sleep 1; done"), take);
        co_await within(400ms, std::move(inner));
    };
    CHECK_THROWS_AS(run_task(io, task()), TimedOut);
    check_gone(pid);
}

TEST_CASE("after a run its coroutine can still be cancelled") {
    asio::io_context io;
    auto task = [&]() -> Task<void> {
        co_await run(shell("true"));
        co_await sleep_for(1h);
    };
    auto limited = [&]() -> Task<void> {
        auto inner = task();
        co_await within(300ms, std::move(inner));
    };
    CHECK_THROWS_AS(run_task(io, limited()), TimedOut);
}

TEST_CASE("a receiver that throws ends the child and its exception comes through") {
    auto thrower = [](int, std::string_view) { throw std::runtime_error("no room"); };
    CHECK_THROWS_WITH(run_now(shell("echo x; sleep 60"), thrower), "no room");
}

TEST_CASE("five hundred quick children leave no descriptor, no zombie and no mistake") {
    asio::io_context io;
    const auto before = open_descriptors();
    int right = 0;
    auto one = [&](int i) -> Task<void> {
        auto ended =
            co_await run(shell("echo " + std::to_string(i) + "; exit " + std::to_string(i % 7)));
        right += ended.output == std::to_string(i) + "\n" && ended.code == i % 7;
    };
    auto all = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        for (int i = 0; i < 500; ++i) {
            while (group.size() >= 20) co_await sleep_for(1ms);
            group.start(one(i));
        }
        co_await group.join();
    };
    run_task(io, all(), std::chrono::seconds(60));
    CHECK(right == 500);
    std::vector<int> left;
    const auto after = open_descriptors();
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                        std::back_inserter(left));
    CHECK(left.size() <= 4);  // the loop's own epoll, timer and event descriptors
    std::ifstream children("/proc/thread-self/children");
    std::string zombies;
    std::getline(children, zombies);
    CHECK(zombies == "");
}

TEST_CASE("programs are found by name on PATH, and ours beside us") {
    CHECK(find_program("sh").value().filename() == "sh");
    CHECK(find_program("/bin/sh").value() == "/bin/sh");
    CHECK_FALSE(find_program("no-such-program"));
    CHECK_FALSE(find_program("/etc/passwd"));
    CHECK_FALSE(find_program(""));
    CHECK(find_own_program("process_tests").value().filename() == "process_tests");
    CHECK(find_own_program("sh").value().filename() == "sh");
}

TEST_CASE(
    "a held command is started at once, goes on with run(), and is killed where it never runs") {
    const auto directory =
        std::filesystem::temp_directory_path() / ("held-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory);
    const auto held = [&](const std::string& name) {
        mkfifo((directory / name).c_str(), 0600);
        auto command = shell("echo $$ > " + name + "; cat " + held_input_path + "; echo begun");
        command.directory = directory;
        command.held_input = "the input\n";
        return command;
    };
    const auto ready = [&](const std::string& name) {
        pid_t pid = 0;
        std::ifstream(directory / name) >> pid;  // opens when the script does
        return pid;
    };
    asio::io_context io;
    {
        HeldCommand command(held("first"));
        ready("first");
        const auto ended = run_task(io, command.run(20s, {}, StopSwitch()));
        CHECK(ended.ok());
        CHECK(ended.output == "the input\nbegun\n");
    }
    pid_t forgotten = 0;
    {
        HeldCommand command(held("second"));
        forgotten = ready("second");
    }
    check_gone(forgotten);
    {
        HeldCommand command(held("third"));
        const auto stopped = ready("third");
        StopSwitch stop;
        stop.stop();
        CHECK(run_task(io, command.run(20s, {}, stop)).how == How::stopped);
        check_gone(stopped);
    }
    HeldCommand plain(shell("echo plain"));
    CHECK(run_task(io, plain.run(20s, {}, StopSwitch())).output == "plain\n");
    std::filesystem::remove_all(directory);
}

TEST_CASE(
    "what a program leaves behind is reaped by a process 1, and our own children are left to those "
    "who wait") {
    REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);  // as process 1 of a container is
    asio::io_context io;
    // A grandchild whose parent ends first becomes ours.
    const auto left =
        run_task(io, run(shell("setsid sh -c 'echo $$; exec >&- 2>&-' & exec sh -c :")));
    const auto stranger = static_cast<pid_t>(std::stol(left.output));
    const std::string status_path = "/proc/" + std::to_string(stranger) + "/stat";
    auto is_zombie = [&] {
        std::ifstream file(status_path);
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        return text.find(") Z " + std::to_string(getpid()) + " ") != text.npos;
    };
    while (!is_zombie()) usleep(1'000);

    // One of our own that has ended too, and whose end nobody has seen yet.
    Command own = shell("exit 7");
    own.held_input = "";  // so that it is started before it is waited for
    HeldCommand ended(std::move(own));
    siginfo_t info{};
    while (info.si_pid == 0 || info.si_pid == stranger) {
        reap_strangers();
        REQUIRE(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) == 0);
    }
    CHECK(reap_strangers() == 0);
    CHECK_FALSE(std::ifstream(status_path).is_open());
    CHECK(run_task(io, ended.run(5s, {}, StopSwitch())).code == 7);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_CASE("what a command and all that it starts use is limited, and the end says by which limit") {
    asio::io_context io;
    struct {
        const char* what;
        std::string script;
        std::function<void(UsageLimits&, const std::filesystem::path&)> limit;
        Resource resource;
    } cases[] = {
        {"memory of a grandchild",
         "sh -c 'python3 -c \"x = bytearray(150 << 20); input()\"' </proc/self/fd/1",
         [](UsageLimits& limits, auto&) { limits.memory_bytes = 100 << 20; }, Resource::memory},
        {"a file in memory",
         "python3 -c 'import os; os.write(os.memfd_create(\"x\"), bytes(90 << 20)); input()' "
         "</proc/self/fd/1",
         [](UsageLimits& limits, auto&) { limits.memory_bytes = 60 << 20; }, Resource::memory},
        {"processes", "for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & done; wait",
         [](UsageLimits& limits, auto&) { limits.tasks = 8; }, Resource::tasks},
        {"bytes on the disk", "head -c 9000000 /dev/urandom >deep/file; cat </proc/self/fd/1",
         [](UsageLimits& limits, auto& at) {
             limits.directory_bytes = 5'000'000, limits.directory = at;
         },
         Resource::directory},
    };
    for (auto& one : cases) {
        CAPTURE(one.what);
        Scratch scratch;
        std::filesystem::create_directories(scratch.path / "deep");
        auto command = shell(one.script);
        command.directory = scratch.path;
        one.limit(command.usage_limits, scratch.path);
        const auto ended = run_task(io, run(std::move(command)));
        CHECK(ended.how == How::used_too_much);
        CHECK(ended.used_too_much == one.resource);
    }
    auto modest = shell("sleep 0.3; exit 3");
    modest.usage_limits = {8, 100 << 20, 5'000'000, "/tmp/nowhere"};
    CHECK(run_task(io, run(std::move(modest))).code == 3);
}

}  // namespace
}  // namespace slipway
