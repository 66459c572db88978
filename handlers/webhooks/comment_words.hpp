// The words of a line of a comment, and characters that are not what they look like. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::string folded(std::string_view text);

struct Word {
    std::string_view text;
    std::size_t end = 0;  // where the rest of the line begins
};
std::vector<Word> split(std::string_view line);

bool is_invisible(char32_t c);
// Letters of other scripts, full-width forms and invisible characters in place of the word's own:
// at least half of it must be the very characters.
bool looks_like(std::string_view text, std::string_view word);

}  // namespace slipway
