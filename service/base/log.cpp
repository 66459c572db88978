// A line is composed in one string and leaves in one write, so that lines of two threads never mix
// and nothing is buffered when the process dies.
#include "service/base/log.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "service/base/clock.hpp"

namespace slipway {

namespace {

std::atomic<LogLevel> lowest{LogLevel::info};
std::atomic<LogFormat> log_format{LogFormat::json};

// What a terminal may obey and JSON does not escape: DEL and the control characters U+0080 to
// U+009F.
std::string without_terminal_controls(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
        const bool c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F;
        if (byte == 0x7F || c1)
            out += "\xEF\xBF\xBD";
        else
            out += text[i];
        if (c1) ++i;
    }
    return out;
}

void write_line(std::string line) {
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto written = ::write(STDERR_FILENO, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;  // nowhere left to say it
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

void set_log(LogLevel at_least, LogFormat format) {
    lowest = at_least;
    log_format = format;
}

std::string log_line(LogFormat format, std::int64_t at_ms, LogLevel level, std::string_view message,
                     LogFields fields) {
    if (format == LogFormat::json) {
        Json::Object line = {
            {"time", utc_iso(at_ms)}, {"level", word(level)}, {"message", message}};
        for (const auto& [name, value] : fields) line.emplace_back(std::string(name), value);
        return Json(std::move(line)).dump();
    }
    // Escaped as in JSON: foreign text neither breaks the line nor speaks to the terminal.
    const std::string escaped = quoted(message);
    std::string line = utc_iso(at_ms) + " " + std::string(word(level)) + " " +
                       escaped.substr(1, escaped.size() - 2);
    for (const auto& [name, value] : fields) line += " " + std::string(name) + "=" + value.dump();
    return without_terminal_controls(line);
}

void log(LogLevel level, std::string_view message, LogFields fields) {
    if (level < lowest.load(std::memory_order_relaxed)) return;
    write_line(log_line(log_format, SystemClock().now_ms(), level, message, fields));
}

}  // namespace slipway
