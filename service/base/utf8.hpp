// Text as code points. What comes from outside may be cut, broken or forged, so every step is
// defined for any bytes: a byte that begins no valid sequence is one U+FFFD (RFC 3629; no overlong
// forms, no surrogates).
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace slipway {

inline constexpr char32_t replacement_character = 0xFFFD;

struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 0;  // 1 where it is a replacement for a stray byte
};

CodePoint code_point_at(std::string_view text, std::size_t at);  // at < text.size()
void append_utf8(std::string& out, char32_t value);

bool is_utf8(std::string_view text);
std::string repaired_utf8(std::string_view text);  // each stray byte as U+FFFD

// The longest beginning of at most `bytes` bytes that cuts no code point.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);
std::size_t code_points(std::string_view text);

}  // namespace slipway
