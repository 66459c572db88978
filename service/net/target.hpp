// The target of a request ("/api/v1/runs?after=3") taken apart (Boost.URL, RFC 3986).
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

struct RequestTarget {
    std::string path;                          // as sent
    std::map<std::string, std::string> query;  // decoded; the last of equal names counts
};
std::optional<RequestTarget> parse_target(std::string_view target);  // nullopt: malformed

// A name or a value of application/x-www-form-urlencoded, as queries are written, too: "+" is a
// space. nullopt: a bad escape.
std::optional<std::string> form_decoded(std::string_view text);

// The segments of a path, decoded; nullopt: no absolute path, a bad escape, or one with a NUL, "."
// or "..".
std::optional<std::vector<std::string>> path_segments(std::string_view path);

}  // namespace slipway
