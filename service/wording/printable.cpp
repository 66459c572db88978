// What a terminal or a page would obey instead of show: escape sequences, control characters,
// characters that turn the reading direction, invisible tags.
#include <algorithm>

#include "service/base/utf8.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/report.hpp"

namespace slipway {

namespace {

constexpr char escape = '\x1B';

bool is_within(char c, char low, char high) { return c >= low && c <= high; }

// The end of a control sequence whose parameters begin at `at` (ECMA-48, 5.4).
std::size_t after_parameters(std::string_view text, std::size_t at) {
    while (at < text.size() && is_within(text[at], 0x30, 0x3F)) ++at;
    while (at < text.size() && is_within(text[at], 0x20, 0x2F)) ++at;
    return at < text.size() && is_within(text[at], 0x40, 0x7E) ? at + 1 : at;
}

// The end of a string that a terminal takes as its own (a title, a link): its terminator, or the
// line's end.
std::size_t after_string(std::string_view text, std::size_t at) {
    const auto end = text.find_first_of("\a\x1B\n", at);
    if (end == text.npos) return text.size();
    if (text[end] == '\n') return end;
    if (text[end] == '\a') return end + 1;
    return text.substr(end, 2) == "\x1B\\" ? end + 2 : end;
}

std::size_t after_escape(std::string_view text, std::size_t at) {
    ++at;
    if (at >= text.size()) return at;
    const char kind = text[at];
    if (kind == '[') return after_parameters(text, at + 1);
    if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_')
        return after_string(text, at + 1);
    while (at < text.size() && is_within(text[at], 0x20, 0x2F)) ++at;
    return at < text.size() && is_within(text[at], 0x30, 0x7E) ? at + 1 : at;
}

bool acts_unseen(char32_t c) {
    const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
    return (c < 0x20 && c != '\n' && c != '\t') || in(0x7F, 0x9F) || c == 0x061C ||
           in(0x200E, 0x200F) || in(0x202A, 0x202E) || in(0x2066, 0x206F) || c == 0xFEFF ||
           in(0xFFF9, 0xFFFB) || in(0xE0000, 0xE007F);
}

}  // namespace

std::string printable(std::string_view foreign) {
    std::string out;
    out.reserve(foreign.size());
    for (std::size_t at = 0; at < foreign.size();) {
        if (foreign[at] == escape) {
            at = after_escape(foreign, at);
            continue;
        }
        const auto point = code_point_at(foreign, at);
        const auto next = at + point.bytes;
        if (point.value == 0x9B)
            at = after_parameters(foreign, next);
        else if (point.value == 0x2028 || point.value == 0x2029)
            out += '\n', at = next;
        else if (point.value == '\r')
            at = next;
        else if (acts_unseen(point.value))
            at = next;
        else if (point.value == replacement_character)
            append_utf8(out, replacement_character), at = next;
        else
            out.append(foreign, at, point.bytes), at = next;
    }
    return out;
}

std::string one_line(std::string_view foreign) {
    auto out = printable(foreign);
    for (auto& c : out)
        if (c == '\n' || c == '\t') c = ' ';
    const auto first = out.find_first_not_of(' ');
    if (first == out.npos) return {};
    return out.substr(first, out.find_last_not_of(' ') + 1 - first);
}

std::string shortened_in_the_middle(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return std::string(text);
    const auto front = utf8_prefix(text, limit * 2 / 3);
    auto back = text.substr(text.size() - limit / 3);
    while (!back.empty() && (static_cast<unsigned char>(back[0]) & 0xC0) == 0x80)
        back.remove_prefix(1);
    return std::string(front) + "…" + std::string(back);
}

std::string fenced(std::string_view text, std::string_view language) {
    const auto shown = printable(text);
    std::size_t longest = 0, run = 0;
    for (char c : shown) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const std::string fence(std::max<std::size_t>(3, longest + 1), '`');
    std::string out = fence + std::string(language) + "\n";
    // No line of ours begins with a slash, not even where it would command nothing.
    for (std::size_t at = 0; at < shown.size();) {
        const auto end = std::min(shown.find('\n', at), shown.size());
        if (shown[at] == '/') out += ' ';
        out.append(shown, at, end - at);
        out += '\n';
        at = end + 1;
    }
    return out + fence + "\n";
}

}  // namespace slipway
