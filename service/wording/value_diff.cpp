#include "service/wording/value_diff.hpp"

#include <algorithm>

#include "service/base/json.hpp"
#include "service/base/utf8.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/report.hpp"

namespace slipway {

namespace {

using Side = AttributeChange::Side;
using Kind = AttributeChange::Kind;

constexpr std::size_t parsed_bytes = 16 << 10;  // of one value; a longer one is named by its size
constexpr std::size_t shown_bytes = 120;        // of one value on a line
constexpr std::size_t label_bytes = 100;
constexpr std::size_t padded_bytes = 32;
constexpr int depth_shown = 12;
constexpr std::size_t lines_compared = 400;

// A sink that stops counting lines into memory once nobody will see them.
class Lines {
  public:
    Lines(std::vector<std::string>& out, std::size_t limit) : out_(out), limit_(limit) {}
    ~Lines() {
        if (left_out_) out_.push_back("      … " + number_of(left_out_, "more line"));
    }
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    void add(char sign, std::size_t indent, std::string_view text) {
        if (used_ >= limit_) {
            ++left_out_;
            return;
        }
        ++used_;
        std::string line(1, sign);
        line.append(indent, ' ');
        line += text;
        out_.push_back(std::move(line));
    }

  private:
    std::vector<std::string>& out_;
    std::size_t limit_, used_ = 0, left_out_ = 0;
};

std::string label(std::string_view path) {
    return shortened_in_the_middle(one_line(path), label_bytes);
}

std::string padded(std::string text, std::size_t width) {
    const auto have = code_points(text);
    if (have < width) text.append(width - have, ' ');
    return text;
}

// A value on one line; a string as JSON writes it, so that its ends can be seen.
std::string on_a_line(const Json& value) {
    auto text = printable(value.dump());
    std::replace(text.begin(), text.end(), '\n', ' ');
    if (text.size() <= shown_bytes) return text;
    return std::string(utf8_prefix(text, shown_bytes)) + "… (" + size_text(text.size()) + ")";
}

bool has_members(const Json& value) {
    return (value.is_object() && !value.members().empty()) ||
           (value.is_array() && !value.items().empty());
}

bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

std::string below(const std::string& path, std::string_view member) {
    if (!is_name(member)) return path + "[" + quoted(member) + "]";
    return path.empty() ? std::string(member) : path + "." + std::string(member);
}

std::string below(const std::string& path, std::size_t index) {
    return path + "[" + std::to_string(index) + "]";
}

// Every leaf of a value, or of what differs between two, as `path = value`.
class Structure {
  public:
    Structure(Lines& lines, std::size_t indent, std::size_t width = 0)
        : lines_(lines), indent_(indent), width_(width) {}

    void one_side(char sign, const std::string& path, const Json& value, int depth = 0) const {
        if (!has_members(value) || depth > depth_shown || value.dump().size() <= 60) {
            leaf(sign, path, value);
        } else if (value.is_object()) {
            for (const auto& [name, member] : value.members())
                one_side(sign, below(path, name), member, depth + 1);
        } else {
            for (std::size_t i = 0; i < value.items().size(); ++i)
                one_side(sign, below(path, i), value[i], depth + 1);
        }
    }

    void both(const std::string& path, const Json& before, const Json& after, int depth = 0) const {
        if (before == after) return;
        if (depth <= depth_shown && before.is_object() && after.is_object() &&
            (has_members(before) || has_members(after))) {
            for (const auto& [name, member] : before.members()) {
                if (after.has(name))
                    both(below(path, name), member, after[name], depth + 1);
                else
                    one_side('-', below(path, name), member, depth + 1);
            }
            for (const auto& [name, member] : after.members())
                if (!before.has(name)) one_side('+', below(path, name), member, depth + 1);
        } else if (depth <= depth_shown && before.is_array() && after.is_array() &&
                   has_members(before) && has_members(after)) {
            lists(path, before, after, depth);
        } else {
            leaf('-', path, before);
            leaf('+', path, after);
        }
    }

  private:
    // What both begin and end with is left out; what lies between is compared place by place.
    void lists(const std::string& path, const Json& before, const Json& after, int depth) const {
        std::size_t front = 0, old_end = before.items().size(), new_end = after.items().size();
        while (front < old_end && front < new_end && before[front] == after[front]) ++front;
        while (old_end > front && new_end > front && before[old_end - 1] == after[new_end - 1])
            --old_end, --new_end;
        std::size_t i = front;
        for (; i < old_end && i < new_end; ++i)
            both(below(path, i), before[i], after[i], depth + 1);
        for (auto j = i; j < old_end; ++j) one_side('-', below(path, j), before[j], depth + 1);
        for (auto j = i; j < new_end; ++j) one_side('+', below(path, j), after[j], depth + 1);
    }

    void leaf(char sign, const std::string& path, const Json& value) const {
        const auto name = label(path);
        lines_.add(
            sign, indent_,
            name.empty() ? on_a_line(value) : padded(name, width_) + " = " + on_a_line(value));
    }

    Lines& lines_;
    std::size_t indent_, width_;
};

std::vector<std::string> split_lines(std::string_view text) {
    const auto shown = printable(text);
    std::vector<std::string> out;
    for (std::size_t at = 0; at < shown.size();) {
        const auto end = std::min(shown.find('\n', at), shown.size());
        auto line = shown.substr(at, end - at);
        if (line.size() > shown_bytes) line = std::string(utf8_prefix(line, shown_bytes)) + "…";
        out.push_back(std::move(line));
        at = end + 1;
    }
    return out;
}

// The longest common subsequence, over what both neither begin nor end with.
void text_lines(Lines& lines, std::string_view before, std::string_view after) {
    constexpr std::size_t indent = 5, context = 1;
    const auto a = split_lines(before), b = split_lines(after);
    std::size_t front = 0, a_end = a.size(), b_end = b.size();
    while (front < a_end && front < b_end && a[front] == b[front]) ++front;
    while (a_end > front && b_end > front && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
    const auto n = a_end - front, m = b_end - front;
    for (auto i = front - std::min(front, context); i < front; ++i) lines.add(' ', indent, a[i]);
    if (n > lines_compared || m > lines_compared) {
        for (auto i = front; i < a_end; ++i) lines.add('-', indent, a[i]);
        for (auto i = front; i < b_end; ++i) lines.add('+', indent, b[i]);
    } else {
        std::vector<std::vector<std::uint16_t>> common(n + 1, std::vector<std::uint16_t>(m + 1, 0));
        for (std::size_t i = n; i-- > 0;)
            for (std::size_t j = m; j-- > 0;)
                common[i][j] = a[front + i] == b[front + j]
                                   ? static_cast<std::uint16_t>(common[i + 1][j + 1] + 1)
                                   : std::max(common[i + 1][j], common[i][j + 1]);
        std::size_t i = 0, j = 0, same = 0;
        while (i < n || j < m) {
            if (i < n && j < m && a[front + i] == b[front + j]) {
                if (same++ < context) lines.add(' ', indent, a[front + i]);
                ++i, ++j;
                continue;
            }
            same = 0;
            if (i < n && (j == m || common[i + 1][j] >= common[i][j + 1]))
                lines.add('-', indent, a[front + i++]);
            else
                lines.add('+', indent, b[front + j++]);
        }
    }
    for (auto i = a_end; i < std::min(a_end + context, a.size()); ++i) lines.add(' ', indent, a[i]);
}

// Where two long lines differ, with a little of what stands around it.
std::pair<std::string, std::string> around_the_difference(std::string_view a, std::string_view b) {
    constexpr std::size_t around = 24;
    std::size_t front = 0, a_end = a.size(), b_end = b.size();
    while (front < a_end && front < b_end && a[front] == b[front]) ++front;
    while (a_end > front && b_end > front && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
    const auto at_start = [](std::string_view text, std::size_t at) {
        while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
            --at;
        return at;
    };
    const auto cut = [&](std::string_view text, std::size_t end) {
        const auto from = at_start(text, front > around ? front - around : 0);
        const auto upto = utf8_prefix(text, std::min(text.size(), end + around)).size();
        auto piece = text.substr(from, upto - from);
        const bool longer = piece.size() > shown_bytes;
        if (longer) piece = utf8_prefix(piece, shown_bytes);
        return (from > 0 ? "…" : "") + quoted(piece) + (longer || upto < text.size() ? "…" : "");
    };
    return {cut(a, a_end), cut(b, b_end)};
}

std::optional<Json> structure_in(const Json& value) {
    const auto text = value.string_or("");
    if (text.empty() || (text.front() != '{' && text.front() != '[')) return std::nullopt;
    auto parsed = parse_json(text, 64);
    if (!parsed || !has_members(*parsed)) return std::nullopt;
    return std::move(*parsed);
}

std::string not_a_value(Kind kind) {
    return kind == Kind::known_after_apply ? "(known after apply)" : "(sensitive)";
}

class Attribute {
  public:
    Attribute(Lines& lines, const AttributeChange& change, std::size_t width)
        : lines_(lines), change_(change), name_(label(change.path)), width_(width) {}

    void write() {
        const auto& before = change_.before;
        const auto& after = change_.after;
        if (before.kind == Kind::sensitive && after.kind == Kind::sensitive) {
            line('!', "(sensitive) changes");
        } else if (before.kind == Kind::value && after.kind == Kind::value) {
            values();
        } else {
            side('-', before);
            side('+', after);
        }
    }

  private:
    void line(char sign, std::string_view value) {
        lines_.add(sign, 3, padded(name_, width_) + " = " + std::string(value));
    }

    void title(char sign, std::string_view kind) {
        lines_.add(sign, 3, name_ + " (" + std::string(kind) + ")");
    }

    static std::optional<Json> read(const Side& side) {
        if (side.json.size() > parsed_bytes) return std::nullopt;
        auto parsed = parse_json(side.json, 64);
        if (!parsed) return std::nullopt;
        return std::move(*parsed);
    }

    void unread(char sign, const Side& side) {
        auto start = one_line(utf8_prefix(side.json, 60));
        line(sign, start + "… (" + size_text(side.json.size()) + ")");
    }

    void side(char sign, const Side& side) {
        if (side.kind == Kind::absent) return;
        if (side.kind != Kind::value) return line(sign, not_a_value(side.kind));
        const auto value = read(side);
        if (!value) return unread(sign, side);
        if (value->is_null()) return;
        const auto inner = structure_in(*value);
        const bool text = value->string_or("").find('\n') != std::string_view::npos;
        if (inner) {
            title(sign, "JSON");
            Structure(lines_, 5).one_side(sign, "", *inner);
        } else if (text) {
            title(sign, "text");
            for (const auto& one : split_lines(value->string_or(""))) lines_.add(sign, 5, one);
        } else if (has_members(*value) && value->dump().size() > 80) {
            Structure(lines_, 3, width_).one_side(sign, name_, *value);
        } else {
            line(sign, on_a_line(*value));
        }
    }

    void values() {
        const auto before = read(change_.before), after = read(change_.after);
        if (!before || !after) {
            unread('-', change_.before);
            unread('+', change_.after);
            return;
        }
        const auto old_text = before->string_or(""), new_text = after->string_or("");
        const bool strings = before->is_string() && after->is_string();
        const auto old_inner = structure_in(*before), new_inner = structure_in(*after);
        if (strings && old_inner && new_inner && !(*old_inner == *new_inner)) {
            title('!', "JSON");
            Structure(lines_, 5).both("", *old_inner, *new_inner);
        } else if (strings &&
                   (old_text.find('\n') != old_text.npos || new_text.find('\n') != new_text.npos)) {
            title('!', "text");
            text_lines(lines_, old_text, new_text);
        } else if (strings && std::max(old_text.size(), new_text.size()) > shown_bytes) {
            const auto [a, b] = around_the_difference(printable(old_text), printable(new_text));
            line('-', a);
            line('+', b);
        } else if ((before->is_object() && after->is_object()) ||
                   (before->is_array() && after->is_array())) {
            Structure(lines_, 3, width_).both(name_, *before, *after);
        } else {
            line('-', on_a_line(*before));
            line('+', on_a_line(*after));
        }
    }

    Lines& lines_;
    const AttributeChange& change_;
    std::string name_;
    std::size_t width_;
};

}  // namespace

void add_attribute_lines(std::vector<std::string>& out, const AttributeChange& change,
                         std::size_t width, std::size_t line_limit) {
    Lines lines(out, line_limit);
    Attribute(lines, change, width).write();
}

std::size_t label_width(const std::vector<AttributeChange>& changes) {
    std::size_t width = 0;
    for (const auto& change : changes) {
        const auto length = code_points(label(change.path));
        if (length <= padded_bytes) width = std::max(width, length);
    }
    return width;
}

}  // namespace slipway
