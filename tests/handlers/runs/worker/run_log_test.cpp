// The log on its way to the service.
#include "handlers/runs/worker/run_log.hpp"

#include <doctest/doctest.h>

#include "service/base/result.hpp"
#include "tests/support/memory_gateway.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;

struct CommandContext {
    asio::io_context io;
    MemoryGateway gateway;
    RunLog log;
    explicit CommandContext(LogLimits limits = {})
        : log(gateway, {JobId("perform/r/plan"), 1}, io.get_executor(), limits) {}
    const std::string& text() { return gateway.logs["r"]; }
};

TEST_CASE(
    "fault 45: output without end keeps its beginning and its end, and counts what lies between") {
    LogLimits limits;
    limits.beginning = 1000;
    limits.end = 100;
    CommandContext desk(limits);
    for (int i = 0; i < 1000; ++i)
        desk.log.take(1, std::string(1000, static_cast<char>('a' + i % 26)));
    desk.log.say("the end");
    run_task(desk.io, desk.log.finish());
    CHECK(desk.text() == std::string(1000, 'a') + "\n[998908 bytes left out]\n" +
                             std::string(92, static_cast<char>('a' + 999 % 26)) + "the end\n");
}

TEST_CASE("small writes travel together, large ones at once") {
    CommandContext desk;
    for (int i = 0; i < 100; ++i) desk.log.take(1, "line\n");
    run_task(desk.io, desk.log.finish());
    CHECK(desk.gateway.chunks.size() == 1);
    CHECK(desk.text().size() == 500);

    LogLimits patient;
    patient.pause = 1h;
    CommandContext other(patient);
    auto wait_for_chunk = [&]() -> Task<void> {
        other.log.take(1, std::string(20'000, 'y'));
        while (other.gateway.chunks.empty()) co_await sleep_for(1ms);
    };
    run_task(other.io, wait_for_chunk());
    CHECK(other.text().size() == 20'000);
    run_task(other.io, other.log.finish());
}

TEST_CASE("output is sent while the program still runs") {
    CommandContext desk;
    auto wait_for_line = [&]() -> Task<void> {
        desk.log.take(1, "first\n");
        while (desk.text() != "first\n") co_await sleep_for(1ms);
    };
    run_task(desk.io, wait_for_line());
    run_task(desk.io, desk.log.finish());
}

TEST_CASE("the two outputs of a program do not break each other's secrets, and colours hide none") {
    CommandContext desk;
    desk.log.mask_with(Masker({Secret("hunter2-and-more")}));
    desk.log.take(1, "a hunter2");
    desk.log.take(2, "b hunter2-\x1b[1m");
    desk.log.take(1, "-and-more.\n");
    desk.log.take(2, "and\x1b[0m-more.\n");
    CHECK(desk.log.take_error_text() == "b ***.\n");
    desk.log.say("said hunter2-and-more");
    run_task(desk.io, desk.log.finish());
    CHECK(desk.text() == "a b ***.\n***.\nsaid ***\n");
}

struct Troubled : MemoryGateway {
    int failures = 0;
    bool refuse = false;
    int calls = 0;
    Task<bool> append_log(Lease lease, std::string bytes) override {
        ++calls;
        if (failures-- > 0) throw Failure("away for a moment");
        if (refuse) co_return false;
        co_return co_await MemoryGateway::append_log(std::move(lease), std::move(bytes));
    }
};

TEST_CASE("a service that is away for a moment loses no line; a lost lease ends the sending") {
    asio::io_context io;
    Troubled gateway;
    gateway.failures = 2;
    RunLog log(gateway, {JobId("perform/r/plan"), 1}, io.get_executor());
    log.take(1, "kept\n");
    run_task(io, log.finish());
    CHECK(gateway.logs["r"] == "kept\n");

    Troubled lost;
    lost.refuse = true;
    RunLog second(lost, {JobId("perform/r/plan"), 1}, io.get_executor());
    second.take(1, std::string(1'000'000, 'x'));
    run_task(io, second.finish());
    CHECK(lost.calls == 1);
}

}  // namespace
}  // namespace slipway
