// What tools print, line by line.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

std::vector<std::string_view> lines_of(std::string_view text);
bool is_blank(std::string_view line);
// With newlines between, and "…" in place of what is beyond `at_most`.
std::string joined(const std::vector<std::string_view>& lines, std::size_t at_most);
// The last ones that are not blank.
std::string last_lines(std::string_view text, std::size_t count);

}  // namespace slipway
