// Texts cut to what a forge takes. Pure.
#pragma once
#include <string>
#include <string_view>

namespace slipway::rest {

// At most `bytes` of markdown: cut at a line's end, an open fence closed, and the reader told.
// `forge`: its title, "GitHub".
std::string fitted(std::string_view markdown, std::size_t bytes, std::string_view forge);
// At most `characters`, counted as code points; "…" ends what was cut.
std::string shortened_to(std::string_view text, std::size_t characters);
// Control characters as spaces.
std::string one_line(std::string text);

}  // namespace slipway::rest
