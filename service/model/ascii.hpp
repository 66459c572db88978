// The one case fold: of ASCII letters, whatever the locale, leaving every other byte as it is. What
// is compared like this (header names, logins, keywords) knows no other letters. Not
// boost::algorithm's nor Beast's iequals: the one asks the locale, and either costs a file that
// includes it about a second of compile time.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>

namespace slipway {

constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr char ascii_upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

inline std::string ascii_lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return ascii_lower(c); });
    return text;
}
inline std::string ascii_upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return ascii_upper(c); });
    return text;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

}  // namespace slipway
