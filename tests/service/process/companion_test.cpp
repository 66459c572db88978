// A child that stays: both ways over one descriptor, and its end is noticed.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "service/base/result.hpp"
#include "service/process/process.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;

Command cat() {
    Command command;
    command.argv = {"cat"};
    command.environment = {{"ONLY", "1"}};
    return command;
}

bool alive(int pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    std::string line;
    while (std::getline(status, line))
        if (line.starts_with("State:")) return line.find('Z') == line.npos;
    return false;
}

TEST_CASE("bytes go to a companion and come back, more than a socket holds") {
    asio::io_context io;
    auto companion = std::make_unique<Companion>(io.get_executor(), cat());
    const std::string much(3'000'000, 'y');
    bool same = false;
    auto reading = [&]() -> Task<void> { same = co_await companion->read(much.size()) == much; };
    auto task = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.start(reading());
        co_await companion->write(much);
        co_await group.join();
    };
    run_task(io, task());
    CHECK(same);
    CHECK(companion->running());
    const int pid = companion->pid();
    CHECK(alive(pid));
    companion.reset();
    CHECK_FALSE(alive(pid));
    io.restart();
    io.run();  // the one that drained its standard error ends as well
}

TEST_CASE("a companion that ended fails who reads and who writes, and no signal kills us") {
    asio::io_context io;
    Command command = cat();
    command.argv = {"sh", "-c", "echo trouble >&2; exit 3"};
    command.environment = {{"PATH", "/usr/bin:/bin"}};
    auto companion = std::make_unique<Companion>(io.get_executor(), command);
    CHECK_THROWS_AS(run_task(io, companion->read(1)), Failure);
    while (companion->running()) usleep(1000);
    CHECK_THROWS_WITH_AS(run_task(io, companion->read(1)), "sh ended with 3", Failure);
    CHECK_THROWS_AS(run_task(io, companion->write("x")), Failure);
    companion.reset();
    io.restart();
    io.run();
}

TEST_CASE("a killed companion says so") {
    asio::io_context io;
    auto companion = std::make_unique<Companion>(io.get_executor(), cat());
    companion->kill();
    while (companion->running()) usleep(1000);
    CHECK_THROWS_WITH_AS(run_task(io, companion->read(1)), "cat was killed by signal 9", Failure);
    companion.reset();
    io.restart();
    io.run();
}

TEST_CASE("a companion's read can be given up by its limit") {
    asio::io_context io;
    auto companion = std::make_unique<Companion>(io.get_executor(), cat());
    auto task = [&]() -> Task<void> {
        auto reading = companion->read(1);
        co_await within(50ms, std::move(reading));
    };
    CHECK_THROWS_AS(run_task(io, task()), TimedOut);
    companion.reset();
    io.restart();
    io.run();
}

TEST_CASE("a program that is not there is a failure at once") {
    asio::io_context io;
    Command command = cat();
    command.argv = {"no-such-program"};
    CHECK_THROWS_WITH_AS(std::make_unique<Companion>(io.get_executor(), command),
                         "the program no-such-program is not installed", Failure);
}

TEST_CASE("a companion dies with the process that started it") {
    int fds[2];
    REQUIRE(pipe(fds) == 0);
    const pid_t service = fork();
    if (service == 0) {
        asio::io_context io;
        auto companion = std::make_unique<Companion>(io.get_executor(), cat());
        auto task = [&]() -> Task<void> {  // once it answers, its parent-death signal is set
            co_await companion->write("x");
            co_await companion->read(1);
        };
        run_task(io, task());
        const int pid = companion->pid();
        if (::write(fds[1], &pid, sizeof pid) != sizeof pid) _exit(1);
        pause();
        _exit(0);
    }
    int pid = 0;
    REQUIRE(::read(fds[0], &pid, sizeof pid) == sizeof pid);
    CHECK(alive(pid));
    kill(service, SIGKILL);
    waitpid(service, nullptr, 0);
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (alive(pid) && std::chrono::steady_clock::now() < end) usleep(1000);
    CHECK_FALSE(alive(pid));
    ::close(fds[0]);
    ::close(fds[1]);
}

}  // namespace
}  // namespace slipway
