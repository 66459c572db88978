// Doublestar patterns over slash-separated paths: `?` and `*` stay inside a segment, `**` as a whole
// segment spans any number of them, `[abc]` and `[!a-z]` are classes, `{a,b}` alternatives.
#pragma once
#include <string_view>

namespace slipway {

bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace slipway
