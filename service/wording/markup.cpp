// Two defences, since two programs read a comment: a Markdown parser, which escapes and entities
// stop, and the forge's own filters, which look for mentions, references and addresses in the
// *rendered* text and see through both. What begins one of those is parted from what follows by a
// word joiner, which nobody sees.
#include "service/wording/markup.hpp"

#include <algorithm>

#include "service/base/utf8.hpp"
#include "service/wording/report.hpp"

namespace slipway {

namespace {

constexpr std::string_view joiner = "\xE2\x81\xA0";

bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word(char c) { return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80; }

bool ends_in_www(std::string_view text) {
    return text.size() >= 3 &&
           std::all_of(text.end() - 3, text.end(), [](char c) { return c == 'w' || c == 'W'; });
}

// GH-12 and the like refer to an issue; so does !12 elsewhere.
bool ends_in_gh(std::string_view text) {
    return text.size() >= 2 && (text[text.size() - 2] | 32) == 'g' && (text.back() | 32) == 'h';
}

// ":name:" is a picture, "mailto:" an address; "16:00" is neither.
bool begins_emoji(std::string_view text) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    if (digits == text.size()) return false;
    if (digits > 0) return text[digits] == ':';
    return is_alnum(text[0]) || text[0] == '+' || text[0] == '-' || text[0] == '_';
}

// Where the joiners go: after (and for addresses of people, before) what would begin something.
struct Parting {
    bool before = false, after = false;
};
Parting parting(std::string_view text, std::size_t at) {
    const char c = text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    Parting out;
    switch (c) {
        case '@':
            out.before = at > 0 && text[at - 1] != ' ';
            out.after = next != '\0' && next != ' ';
            break;
        case '#':
        case '!':
        case '%':
        case '~':
        case '^':
        case '$':
        case '&':
        case '*':
            out.after = is_alnum(next) || next == '"' || next == '(';
            break;
        case ':':
            out.after = begins_emoji(text.substr(at + 1)) || next == '/';
            break;
        case '/':
            out.after = next == '/' || next == '@';
            break;
        case '.':
            out.before = ends_in_www(text.substr(0, at));
            break;
        case '-':
            out.after = ends_in_gh(text.substr(0, at)) && is_alnum(next);
            break;
        default:
            break;
    }
    return out;
}

template <class Escape>
std::string parted(std::string_view text, Escape escape) {
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto part = parting(text, at);
        if (part.before) out += joiner;
        escape(out, text, at);
        if (part.after) out += joiner;
    }
    return out;
}

void escape_at(std::string& out, std::string_view text, std::size_t at) {
    const char c = text[at];
    switch (c) {
        case '&':
            out += "&amp;";
            return;
        case '<':
            out += "&lt;";
            return;
        case '>':
            out += "&gt;";
            return;
        case '_':
            // Inside a word it means nothing, and most names have one.
            if (at > 0 && at + 1 < text.size() && is_word(text[at - 1]) && is_word(text[at + 1]))
                break;
            [[fallthrough]];
        case '\\':
        case '`':
        case '*':
        case '[':
        case ']':
        case '~':
        case '|':
        case '$':
        case '^':
        case '!':
        case '#':
            out += '\\';
            break;
        default:
            break;
    }
    out += c;
}

void escape_html(std::string& out, std::string_view text, std::size_t at) {
    const char c = text[at];
    if (is_word(c) || std::string_view(" -./:@,;=?%").find(c) != std::string_view::npos)
        out += c;
    else
        out += "&#" + std::to_string(static_cast<int>(c)) + ";";
}

std::string span_of_code(std::string_view text) {
    if (text.empty()) return {};
    std::size_t longest = 0, run = 0;
    for (char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const std::string ticks(longest + 1, '`');
    const bool pad = text.front() == '`' || text.back() == '`';
    return ticks + (pad ? " " : "") + std::string(text) + (pad ? " " : "") + ticks;
}

}  // namespace

std::string escape_markdown(std::string_view untrusted) {
    return parted(one_line(untrusted), escape_at);
}

std::string html_text(std::string_view untrusted) {
    return parted(one_line(untrusted), escape_html);
}

std::string code_span(std::string_view untrusted) { return span_of_code(one_line(untrusted)); }

std::string code_span_in_cell(std::string_view untrusted) {
    std::string out;
    for (char c : span_of_code(one_line(untrusted))) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string sentence(std::string_view untrusted) {
    const auto text = one_line(untrusted);
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto open = text.find('`', at);
        const auto close = open == text.npos ? text.npos : text.find('`', open + 1);
        // Only the simple form: anything else with backticks is shown as it is.
        if (close == text.npos || close == open + 1 || text.compare(close, 2, "``") == 0) break;
        out += escape_markdown(std::string_view(text).substr(at, open - at));
        if (!out.empty() && open > at && text[open - 1] == ' ') out += ' ';
        out += span_of_code(std::string_view(text).substr(open + 1, close - open - 1));
        at = close + 1;
        if (at < text.size() && text[at] == ' ') out += ' ';
    }
    return out + escape_markdown(std::string_view(text).substr(at));
}

std::string escape_dollars(std::string_view own) {
    std::string out;
    for (const char c : own) out += c == '$' ? "\\$\u2060" : std::string(1, c);
    return out;
}

std::string link_to(std::string_view own_word, std::string_view url) {
    std::string out = "[" + std::string(own_word) + "](";
    for (char c : url) {
        // RFC 3986 leaves no need for these; encoded they end nothing.
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F ||
            std::string_view("()<>\\\"`|*_[]").find(c) != std::string_view::npos) {
            constexpr std::string_view digits = "0123456789ABCDEF";
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    return out + ")";
}

bool link_allowed(std::string_view url, const std::vector<std::string>& hosts) {
    constexpr std::string_view scheme = "https://";
    if (!url.starts_with(scheme) || url.size() > 500) return false;
    const auto rest = url.substr(scheme.size());
    const auto host = rest.substr(0, rest.find_first_of("/?#"));
    if (host.empty() || !std::all_of(host.begin(), host.end(),
                                     [](char c) { return is_alnum(c) || c == '.' || c == '-'; }))
        return false;  // no port, no user, no escapes
    for (unsigned char c : url)
        if (c <= 0x20 || c >= 0x7F) return false;
    return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& allowed) {
        if (allowed.empty() || host.size() < allowed.size()) return false;
        const auto tail = host.substr(host.size() - allowed.size());
        return tail == allowed &&
               (host.size() == allowed.size() || host[host.size() - allowed.size() - 1] == '.');
    });
}

}  // namespace slipway
