// One line an event on standard error: JSON for machines, text for people. Fields are values, never
// concatenated; a Secret has no way in.
#pragma once
#include <initializer_list>
#include <string_view>
#include <utility>

#include "service/base/json.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class LogLevel { debug, info, warning, error };
BOOST_DESCRIBE_ENUM(LogLevel, debug, info, warning, error)
enum class LogFormat { json, text };

void set_log(LogLevel at_least, LogFormat format);  // once, by main

using LogFields = std::initializer_list<std::pair<std::string_view, Json>>;
// The line without its end; log() writes it.
std::string log_line(LogFormat format, std::int64_t at_ms, LogLevel level, std::string_view message,
                     LogFields fields);
void log(LogLevel level, std::string_view message, LogFields fields = {});
inline void log_debug(std::string_view m, LogFields f = {}) { log(LogLevel::debug, m, f); }
inline void log_info(std::string_view m, LogFields f = {}) { log(LogLevel::info, m, f); }
inline void log_warning(std::string_view m, LogFields f = {}) { log(LogLevel::warning, m, f); }
inline void log_error(std::string_view m, LogFields f = {}) { log(LogLevel::error, m, f); }

}  // namespace slipway
