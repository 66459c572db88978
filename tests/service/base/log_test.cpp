#include "service/base/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

using namespace slipway;

namespace {
// What `work` writes to the standard error of this process.
std::string standard_error_of(auto work) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const int kept = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    work();
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    std::string all;
    char buffer[4096];
    for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        all.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    return all;
}
}  // namespace

TEST_CASE("A line for machines is one JSON object with time, level, message and fields") {
    CHECK(
        log_line(LogFormat::json, 1795425245000, LogLevel::warning, "leased",
                 {{"run", "r1"}, {"fence", 7}}) ==
        R"({"time":"2026-11-23T09:14:05Z","level":"warning","message":"leased","run":"r1","fence":7})");
}

TEST_CASE("A line for people reads without JSON") {
    CHECK(log_line(LogFormat::text, 1795425245000, LogLevel::info, "stored",
                   {{"delivery", "d 1"}, {"bytes", 12}}) ==
          "2026-11-23T09:14:05Z info stored delivery=\"d 1\" bytes=12");
}

TEST_CASE("Foreign text neither ends a line nor reaches the terminal, in either format") {
    const std::string hostile = "a long text, as long as a register\nb\x1b[31m\xff\xc2\x9b\x7f\"";
    for (auto format : {LogFormat::json, LogFormat::text}) {
        const auto line = log_line(format, 0, LogLevel::error, hostile, {{"name", hostile}});
        CAPTURE(line);
        CHECK(line.find('\n') == std::string::npos);
        CHECK(line.find('\x1b') == std::string::npos);
    }
    CHECK(log_line(LogFormat::text, 0, LogLevel::error, hostile, {}).find("\xc2\x9b") ==
          std::string::npos);
    CHECK(parse_json(log_line(LogFormat::json, 0, LogLevel::error, hostile, {})).ok());
}

TEST_CASE("What is below the level is not written, the rest is one line each") {
    const auto written = standard_error_of([] {
        set_log(LogLevel::warning, LogFormat::json);
        log_info("hidden");
        log_warning("first");
        log_error("second", {{"n", 2}});
        set_log(LogLevel::error, LogFormat::json);
    });
    const auto end = written.find('\n');
    REQUIRE(end != std::string::npos);
    CHECK((*parse_json(written.substr(0, end)))["message"].text() == "first");
    CHECK((*parse_json(written.substr(end + 1, written.size() - end - 2)))["n"].int_or(0) == 2);
}
