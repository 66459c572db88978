// A log line stays one line of harmless characters, whatever its message and fields hold.
#include "service/base/log.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;

void fuzz_one(std::string_view bytes) {
    const auto message = bytes.substr(0, bytes.size() / 2), field = bytes.substr(bytes.size() / 2);
    for (auto format : {LogFormat::json, LogFormat::text}) {
        const auto line = log_line(format, 1795425245000, LogLevel::info, message,
                                   {{"field", field}, {"number", 7}});
        for (unsigned char c : line) must(c >= 0x20, "no control characters");
        for (std::size_t i = 1; format == LogFormat::text && i < line.size(); ++i)
            must(line[i - 1] != '\xC2' || static_cast<unsigned char>(line[i]) > 0x9F,
                 "none of the terminal's own either");
        if (format != LogFormat::json) continue;
        const auto json = parse_json(line);
        must(json.ok(), "a JSON line is JSON");
        must((*json)["number"].int_or(0) == 7, "a field cannot hide another");
    }
}
