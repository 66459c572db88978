// Patterns of people we do not know, in time that grows with pattern × path: the first line is the
// pattern, the rest the path.
#include "service/model/glob.hpp"
#include "tests/fuzz/target.hpp"

void fuzz_one(std::string_view bytes) {
    const auto end = bytes.find('\n');
    const auto pattern = bytes.substr(0, end);
    const auto path = end == bytes.npos ? std::string_view() : bytes.substr(end + 1);
    const slipway::Glob glob(pattern);
    const bool matches = glob.matches(path);
    must(slipway::glob_literal_size(pattern) <= pattern.size(), "the literal part is a part");
    if (slipway::glob_error(pattern).empty() &&
        slipway::glob_literal_size(pattern) == pattern.size())
        must(matches == (path == pattern), "a pattern without signs is its text");
}
