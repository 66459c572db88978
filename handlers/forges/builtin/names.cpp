#include "handlers/forges/builtin/names.hpp"

#include <algorithm>

#include "service/base/result.hpp"
#include "service/base/utf8.hpp"

namespace slipway {

namespace {

// Control characters, and those that turn the reading direction or are not seen.
bool is_hidden(char32_t c) {
    const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
    return c < 0x20 || in(0x7F, 0xA0) || c == 0xAD || c == 0x061C || in(0x200B, 0x200F) ||
           in(0x2028, 0x202E) || in(0x2060, 0x206F) || c == 0xFEFF || in(0xFFF9, 0xFFFD) ||
           in(0xE0000, 0xE007F);
}

bool has_hidden(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto point = code_point_at(text, at);
        if (is_hidden(point.value)) return true;
        at += point.bytes;
    }
    return false;
}

// What git refuses in a ref (git-check-ref-format(1)), and names that a command would take for an
// option.
bool is_ref_part(std::string_view text) {
    if (text.empty() || text.find_first_of(" ~^:?*[\\") != text.npos ||
        text.find("..") != text.npos || text.find("@{") != text.npos ||
        text.find("//") != text.npos || text.ends_with('.') || text.ends_with('/'))
        return false;
    for (std::size_t from = 0; from <= text.size();) {
        const auto to = std::min(text.find('/', from), text.size());
        const auto part = text.substr(from, to - from);
        if (part.empty() || part.front() == '-' || part.front() == '.' || part.ends_with(".lock"))
            return false;
        from = to + 1;
    }
    return true;
}

// As it may be printed: a hidden character is a question mark.
std::string shown(std::string_view text) {
    std::string out;
    constexpr std::size_t most = 60;
    for (std::size_t at = 0; at < text.size() && at < most;) {
        const auto point = code_point_at(text, at);
        if (is_hidden(point.value))
            out += '?';
        else
            out += text.substr(at, point.bytes);
        at += point.bytes;
    }
    return out + (text.size() > most ? "…" : "");
}

constexpr std::size_t longest_name = 100;

}  // namespace

void check_topic(std::string_view topic) {
    if (topic.empty())
        throw Failure("a topic is missing: push to refs/for/<branch>/<topic>", Retry::never);
    if (topic.size() > longest_name)
        throw Failure(
            "the topic " + shown(topic) + " is longer than 100 bytes; choose a shorter one",
            Retry::never);
    if (has_hidden(topic) || !is_ref_part(topic))
        throw Failure("the topic " + shown(topic) +
                          " cannot be part of a ref: no spaces, control characters, `..` or any of "
                          "~ ^ : ? * [ \\, and no part that begins with `-` or `.`",
                      Retry::never);
}

void check_branch(std::string_view branch) {
    if (branch.size() <= longest_name && !has_hidden(branch) && is_ref_part(branch)) return;
    throw Failure("the branch " + shown(branch) +
                      " cannot be merged into here: its name has spaces, signs that git refuses or "
                      "control characters, or is longer than 100 bytes",
                  Retry::never);
}

void check_person(std::string_view login) {
    const auto fits = [](unsigned char c) {
        return c > ' ' && c != 0x7F && c != '<' && c != '>' && c != '/';
    };
    if (!login.empty() && login.size() <= longest_name && !has_hidden(login) &&
        std::all_of(login.begin(), login.end(), fits))
        return;
    throw Failure("nobody can be called `" + shown(login) +
                      "`: a name has no spaces, no control characters and none of < > /, and at "
                      "most 100 bytes",
                  Retry::never);
}

void check_comment(std::string_view text) {
    constexpr std::size_t most = 65'536;
    if (text.find_first_not_of(" \t\r\n") == text.npos)
        throw Failure("the comment is empty; write its text after the number", Retry::never);
    if (text.size() > most || text.find('\0') != text.npos || !is_utf8(text))
        throw Failure("a comment is text in UTF-8 of at most 65536 bytes; shorten it",
                      Retry::never);
}

void check_repository_path(std::string_view path) {
    const auto plain = [](unsigned char c) { return c > ' ' && c != 0x7F; };
    if (path.size() <= 2 * longest_name && !has_hidden(path) && is_ref_part(path) &&
        std::all_of(path.begin(), path.end(), plain))
        return;
    throw Failure("the repository " + shown(path) +
                      " is left out: rename it to letters, digits, `-`, `_` and `.`, at most 200 "
                      "bytes",
                  Retry::never);
}

std::string fit_title(std::string_view subject, std::string_view otherwise) {
    constexpr std::size_t most = 200;
    std::string out;
    std::size_t characters = 0;
    for (std::size_t at = 0; at < subject.size();) {
        const auto point = code_point_at(subject, at);
        at += point.bytes;
        if (point.value == '\t' || point.value == '\n') {
            out += ' ';
        } else if (!is_hidden(point.value)) {
            if (++characters > most) {
                out += "…";
                break;
            }
            append_utf8(out, point.value);
        }
    }
    const auto begin = out.find_first_not_of(' ');
    if (begin == out.npos) return std::string(otherwise);
    return out.substr(begin, out.find_last_not_of(' ') - begin + 1);
}

}  // namespace slipway
