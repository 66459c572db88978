// One function for each thing that yaml-cpp says often; what it says rarely is passed on in its own
// words.
#include "service/base/yaml_mistakes.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace slipway {

namespace {

constexpr std::string_view blank = " \t";

std::string_view line_at(std::string_view text, int line) {
    for (int i = 1; i < line; ++i) {
        const auto end = text.find('\n');
        if (end == text.npos) return {};
        text.remove_prefix(end + 1);
    }
    text = text.substr(0, text.find('\n'));
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(blank);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::size_t indent_of(std::string_view line) {
    return std::min(line.find_first_not_of(blank), line.size());
}

bool says_something(std::string_view line) {
    const auto text = trimmed(line);
    return !text.empty() && text.front() != '#';
}

// The line above that says something; 0: there is none.
int line_above(std::string_view text, int line) {
    while (--line > 0)
        if (says_something(line_at(text, line))) return line;
    return 0;
}

bool is_list_item(std::string_view line) {
    const auto text = trimmed(line);
    return text == "-" || text.starts_with("- ");
}

bool has_key(std::string_view line) {
    return line.find(": ") != line.npos || trimmed(line).ends_with(':');
}

std::string spaces(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " space" : " spaces");
}

// The value that begins there in quotes, as it should be written.
std::string quoted_value(std::string_view rest) {
    rest = rest.substr(0, rest.find('\n'));
    rest = rest.substr(0, std::min({rest.find(" #"), rest.find_first_of(",]}", 1), rest.size()}));
    const char quote = rest.find_first_of("\"\\") == rest.npos ? '"' : '\'';
    return quote + std::string(trimmed(rest)) + quote;
}

std::string needs_quotes(std::string_view rest) {
    const std::string sign(rest.substr(0, 1));
    return "a value cannot begin with " + (sign == "`" ? "a backtick" : "`" + sign + "`") +
           "; put quotes around it: " + quoted_value(rest);
}

struct Bracket {
    char sign = 0;
    Place place;
};

// Brackets that are open where the text ends. Outside of them a bracket opens something only where
// a value begins; inside, quotes and comments hide what they hold.
class OpenBrackets {
  public:
    OpenBrackets(std::string_view text, const std::string& file) {
        Place at{file, 1, 1};
        for (std::size_t i = 0; i < text.size(); ++i) {
            take(text, i, at);
            ++at.column;
            if (text[i] == '\n') at = {file, at.line + 1, 1};
        }
    }
    std::vector<Bracket> open;

  private:
    void take(std::string_view text, std::size_t i, const Place& at) {
        const char c = text[i];
        const char before = i == 0 ? '\n' : text[i - 1];
        if (comment_) {
            comment_ = c != '\n';
        } else if (quote_ != 0) {
            if (c == quote_ && !(quote_ == '"' && before == '\\')) quote_ = 0;
        } else if (c == '#' && (before == ' ' || before == '\t' || before == '\n')) {
            comment_ = true;
        } else if ((c == '"' || c == '\'') && (begins_value(text, i) || in_flow_start(before))) {
            quote_ = c;
        } else if ((c == '[' || c == '{') && (!open.empty() || begins_value(text, i))) {
            open.push_back({c, at});
        } else if ((c == ']' || c == '}') && !open.empty()) {
            open.pop_back();
        }
    }
    bool in_flow_start(char before) const {
        return !open.empty() && std::string_view(" ,[{:").find(before) != std::string_view::npos;
    }
    // After the colon of a key, the dash of an item, or nothing.
    static bool begins_value(std::string_view text, std::size_t i) {
        const auto line = text.substr(0, i);
        const auto begin = line.rfind('\n');
        const auto before = trimmed(line.substr(begin == line.npos ? 0 : begin + 1));
        return before.empty() || before.ends_with(':') || before == "-";
    }

    char quote_ = 0;
    bool comment_ = false;
};

YamlError not_closed(std::string_view text, const Place& at) {
    const auto upto = text.substr(0, text.size() - text_from(text, at).size());
    const auto open = OpenBrackets(upto, at.file).open;
    if (open.empty()) return {at, "a `{` or `[` above is never closed"};
    const auto& last = open.back();
    return {last.place, std::string("this `") + last.sign + "` is never closed; add `" +
                            (last.sign == '{' ? "}" : "]") +
                            "`, or put quotes around the value if it is a text"};
}

// A colon where no key can be.
YamlError stray_colon(std::string_view text, const Place& at) {
    const auto line = line_at(text, at.line);
    const auto first = line.find(": ");
    if (first != line.npos && static_cast<int>(first) + 1 < at.column)
        return {at,
                "the value before this colon has a colon itself; put quotes around it, or begin a "
                "line for the second key"};
    const int above = line_above(text, at.line);
    const auto line_before = line_at(text, above);
    if (above > 0 && !has_key(line_before) && !is_list_item(line_before))
        return {{at.file, above, static_cast<int>(indent_of(line_before)) + 1},
                "this line is no `key: value`; add the colon, or quotes around a text that goes on "
                "here"};
    if (above > 0 && indent_of(line) > indent_of(line_before))
        return {{at.file, at.line, static_cast<int>(indent_of(line)) + 1},
                "this key is indented deeper than line " + std::to_string(above) +
                    ", which has a value already; indent it like that line's key"};
    return {at, "a colon stands where no key is; put quotes around a text with a colon"};
}

// A map or a list that ended in the middle of something.
YamlError cut_off(std::string_view text, const Place& at) {
    const auto line = line_at(text, at.line);
    const auto rest = text_from(text, at);
    if (indent_of(line) + 1 < static_cast<std::size_t>(at.column)) {
        const auto before = trimmed(line.substr(0, static_cast<std::size_t>(at.column) - 1));
        if (before.ends_with('"') || before.ends_with('\''))
            return {at,
                    "text follows a closing quote; put one pair of quotes around the whole value, "
                    "and write a ' inside single quotes as ''"};
        return {at, needs_quotes(rest)};
    }
    std::set<std::size_t> indents;
    for (int i = line_above(text, at.line); i > 0; i = line_above(text, i)) {
        const auto above = line_at(text, i);
        indents.insert(indent_of(above));
        if (is_list_item(above)) indents.insert(std::min(indent_of(above) + 2, above.size()));
    }
    if (indents.count(indent_of(line)) == 0) {
        std::string known;
        for (auto indent : indents) known += (known.empty() ? "" : ", ") + std::to_string(indent);
        return {at, "this line is indented by " + spaces(indent_of(line)) +
                        ", and none above it is (they have " + known +
                        "); indent it like the lines that it belongs to"};
    }
    if (is_list_item(line))
        return {at,
                "a list item stands where a key must be; indent it below the key that it belongs "
                "to"};
    return {at,
            "a key stands where a list item (`- `) must be; indent it like the keys of the item "
            "that it belongs to"};
}

YamlError mistake(std::string_view text, const Place& at, std::string_view reason) {
    const auto line = line_at(text, at.line);
    const auto rest = text_from(text, at);
    if (line.substr(0, indent_of(line)).find('\t') != line.npos)
        return {{at.file, at.line, 1}, "the line is indented with a tab; write spaces instead"};
    if (reason == "unknown token") return {at, needs_quotes(rest)};
    if (reason == "illegal map key") return {at, needs_quotes(rest)};
    if (reason == "illegal map value") return stray_colon(text, at);
    if (reason.ends_with("flow not found")) return not_closed(text, at);
    if (reason == "end of map not found" || reason == "end of sequence not found")
        return cut_off(text, at);
    if (reason == "illegal flow end")
        return {at, "`" + std::string(rest.substr(0, 1)) +
                        "` closes nothing; remove it, or put quotes around the value"};
    if (reason == "illegal block entry")
        return {at, "a list item begins a line of its own; put it below the key, or write [a, b]"};
    if (reason.starts_with("alias not found") || reason.find("referenced anchor") != reason.npos) {
        Place star = at;
        if (!rest.starts_with('*') && at.column > 1) --star.column;
        return {star,
                "a value that begins with `*` repeats one that is marked with `&` above, and "
                "none is; put quotes around a text: " +
                    quoted_value(text_from(text, star))};
    }
    constexpr std::string_view escape = "unknown escape character: ";
    if (reason.starts_with(escape)) {
        const std::string sign(reason.substr(escape.size()));
        return {at, "`\\" + sign + "` has no meaning in double quotes; write `\\\\" + sign +
                        "`, or use single quotes"};
    }
    return {at, "this is not YAML: " + std::string(reason)};
}

}  // namespace

std::string_view text_from(std::string_view text, const Place& at) {
    for (int line = 1; line < at.line; ++line) {
        const auto end = text.find('\n');
        if (end == text.npos) return {};
        text.remove_prefix(end + 1);
    }
    const auto column = static_cast<std::size_t>(std::max(at.column - 1, 0));
    return column < text.size() ? text.substr(column) : std::string_view{};
}

std::string with_line(std::string message, std::string_view text, const Place& at) {
    constexpr std::size_t most = 60;
    const auto line = trimmed(line_at(text, at.line));
    if (line.empty()) return message;
    auto end = std::min(line.size(), most);
    while (end > 0 && end < line.size() && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80)
        --end;  // not within a character
    return message + " (the line: " + std::string(line.substr(0, end)) +
           (end < line.size() ? "…)" : ")");
}

YamlError yaml_mistake(std::string_view text, const Place& at, std::string_view reason) {
    auto error = mistake(text, at, reason);
    error.message = with_line(std::move(error.message), text, error.place);
    return error;
}

}  // namespace slipway
