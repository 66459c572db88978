// Which lines of a comment are said by its author in plain text. A line that a reader sees as code,
// as a quote, or not at all (an HTML comment) says nothing, whatever it contains: commands are only
// looked for in what this leaves over. In doubt a line is left out: a command that is overlooked
// can be typed again.
#pragma once
#include <string_view>
#include <vector>

namespace slipway {

// In order, without line ends and without the up to three columns of leading white space that
// Markdown allows. Takes time linear in the comment's length.
std::vector<std::string_view> plain_lines(std::string_view comment);

}  // namespace slipway
