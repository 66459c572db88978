// Runs as the API shows them, printed for a terminal.
#pragma once
#include <string>

#include "service/base/json.hpp"

namespace slipway {

std::string run_table(const Json::Array& runs);
std::string run_page_text(const Json& run);
// What a look for drift came to, and what it found.
std::string drift_end_text(const Json& run);
std::string drift_table(const Json::Array& found);

// How following a log ends, by the state that the run has then.
struct LogEnd {
    std::string text;
    int code = 0;  // 0: finished, or planned and waiting; else 1
};
LogEnd log_end(const std::string& run, const std::string& state);

}  // namespace slipway
