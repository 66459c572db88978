// The raw head of a request, judged before Beast sees it: Beast 1.81 unfolds folded lines and takes
// several forms of length, encoding and host that two parties may read differently (RFC 9112 2.2,
// 3, 5, 6; RFC 9110 7.2, 8.6). What is refused here never gets further.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace slipway {

// Where the empty line ends; nullopt: not there yet. Bytes before `searched` were looked at
// earlier.
std::optional<std::size_t> head_end(std::string_view bytes, std::size_t searched = 0);

// Bytes that cannot become a head whatever follows: a line that ends without CR, a control
// character. Bytes before `searched` were looked at earlier and found well; of the last of them it
// still depends on what follows.
bool is_hopeless_head(std::string_view bytes, std::size_t searched = 0);

// Why this head (up to and including the empty line) must be refused, for people; nullopt: it is
// fine.
std::optional<std::string_view> refused_head(std::string_view head);

}  // namespace slipway
