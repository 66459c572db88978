// A pattern becomes a small automaton (Thompson's construction) whose states are followed all at
// once, so that no pattern can make it try again and again. RE2 would keep that bound, but only
// take the place of the loop that follows the states: braces, classes, `**` and what is not well
// formed would have to be parsed and rewritten as its expressions all the same, and the model links
// nothing.
#include "service/model/glob.hpp"

#include <algorithm>

namespace slipway {

namespace {

constexpr std::size_t pattern_limit = 1000;  // bytes
constexpr int nesting_limit = 8;             // braces in braces

// The character at the front and its length in bytes; a byte that is not valid UTF-8 stands for
// itself.
struct Letter {
    char32_t value;
    std::size_t size;
};
Letter first_letter(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    constexpr char32_t outside = 0x110000;
    if (lead < 0x80) return {lead, 1};
    if (size == 1 || size > text.size()) return {outside + lead, 1};
    char32_t value = lead & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0) != 0x80) return {outside + lead, 1};
        value = value << 6 | (byte & 0x3F);
    }
    return {value, size};
}

// The index of the bracket's or brace's end, npos where it has none.
std::size_t end_of_class(std::string_view pattern, std::size_t open) {
    std::size_t at = open + 1;
    if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) ++at;
    for (bool first = true; at < pattern.size(); ++at, first = false) {
        if (pattern[at] == ']' && !first) return at;
        if (pattern[at] == '\\') ++at;
    }
    return std::string_view::npos;
}

std::size_t end_of_braces(std::string_view pattern, std::size_t open) {
    int depth = 0;
    for (std::size_t at = open; at < pattern.size(); ++at) {
        if (pattern[at] == '\\') {
            ++at;
        } else if (pattern[at] == '[') {
            if (const auto end = end_of_class(pattern, at); end != pattern.npos) at = end;
        } else if (pattern[at] == '{') {
            ++depth;
        } else if (pattern[at] == '}' && --depth == 0) {
            return at;
        }
    }
    return std::string_view::npos;
}

std::string_view literal_prefix_of(std::string_view pattern) {
    const auto end = glob_literal_size(pattern);
    // "a/**" is also "a".
    const bool whole = pattern.substr(end) == "**" && end > 0 && pattern[end - 1] == '/';
    return pattern.substr(0, whole ? end - 1 : end);
}

// What every match ends with; only a filter, so the simple cases are enough.
std::string_view literal_suffix_of(std::string_view pattern) {
    if (pattern.find('\\') != pattern.npos) return "";
    const auto last = pattern.find_last_of("*?[]{},/");
    return last == pattern.npos ? pattern : pattern.substr(last + 1);
}

}  // namespace

std::size_t glob_literal_size(std::string_view pattern) {
    std::size_t at = 0;
    while (at < pattern.size() && pattern[at] != '*' && pattern[at] != '?' && pattern[at] != '[' &&
           pattern[at] != '{' && pattern[at] != '\\')
        ++at;
    return at;
}

// Appends nodes in the order of the pattern: each leads to the one after it unless it says
// otherwise.
class GlobParser {
  public:
    GlobParser(Glob& glob, std::string_view pattern) : glob_(glob), pattern_(pattern) {
        sequence(pattern.size(), 0, true);
        add(Glob::Kind::end);
    }

  private:
    using Kind = Glob::Kind;

    std::uint32_t here() const { return static_cast<std::uint32_t>(glob_.nodes_.size()); }
    Glob::Node& add(Kind kind) {
        Glob::Node node;
        node.kind = kind;
        node.next = here() + 1;
        return glob_.nodes_.emplace_back(node);
    }
    void add_letter(char32_t letter) { add(Kind::letter).letter = letter; }
    bool ends_at(std::size_t at, std::size_t end) const {
        return at >= end || pattern_[at] == '/' || pattern_[at] == ',' || pattern_[at] == '}';
    }

    void sequence(std::size_t end, int depth, bool starts_segment) {
        while (at_ < end) {
            const char c = pattern_[at_];
            if (c == '/' && pattern_.substr(at_) == "/**") {
                below();
                return;
            }
            if (c == '*' && starts_segment && pattern_.substr(at_, 2) == "**" &&
                ends_at(at_ + 2, end)) {
                any_segments(end);
                continue;
            }
            starts_segment = c == '/';
            if (c == '*') {
                while (at_ < end && pattern_[at_] == '*') ++at_;
                add(Kind::many);
            } else if (c == '?') {
                ++at_;
                add(Kind::one);
            } else if (c == '[' && end_of_class(pattern_, at_) < end) {
                character_class();
            } else if (c == '{' && depth < nesting_limit && end_of_braces(pattern_, at_) < end) {
                alternatives(depth, at_ == 0 || pattern_[at_ - 1] == '/');
            } else {
                if (c == '\\' && at_ + 1 < end) ++at_;
                const auto letter = first_letter(pattern_.substr(at_));
                at_ += letter.size;
                add_letter(letter.value);
            }
        }
    }

    // "/**" at the end: nothing more, or a slash and whatever follows.
    void below() {
        at_ = pattern_.size();
        const auto fork = here();
        add(Kind::fork);
        add_letter('/');
        add(Kind::every);
        glob_.nodes_[fork].other = here();
    }

    // "**/": no segment, or one with its slash and again. "**" at the end: whatever follows.
    void any_segments(std::size_t end) {
        at_ += 2;
        if (at_ >= end || pattern_[at_] != '/') {
            add(Kind::every);
            return;
        }
        ++at_;
        const auto fork = here();
        add(Kind::fork);
        add(Kind::many);
        add_letter('/');
        glob_.nodes_.back().next = fork;
        glob_.nodes_[fork].other = here();
    }

    void character_class() {
        const auto end = end_of_class(pattern_, at_);
        ++at_;
        const bool negated = pattern_[at_] == '!' || pattern_[at_] == '^';
        if (negated) ++at_;
        const auto first = static_cast<std::uint32_t>(glob_.ranges_.size());
        while (at_ < end) {
            const auto low = class_letter();
            auto high = low;
            if (at_ + 1 < end && pattern_[at_] == '-') {
                ++at_;
                high = class_letter();
            }
            glob_.ranges_.push_back({low, high});
        }
        at_ = end + 1;
        auto& node = add(Kind::klass);
        node.negated = negated;
        node.other = first;
        node.ranges = static_cast<std::uint32_t>(glob_.ranges_.size()) - first;
    }

    char32_t class_letter() {
        if (pattern_[at_] == '\\') ++at_;
        const auto letter = first_letter(pattern_.substr(at_));
        at_ += letter.size;
        return letter.value;
    }

    // Each alternative: fork(itself, the next one), its nodes, a jump behind the braces.
    void alternatives(int depth, bool starts_segment) {
        const auto end = end_of_braces(pattern_, at_);
        std::vector<std::uint32_t> jumps;
        while (at_ < end) {
            ++at_;  // the opening brace or a comma
            const auto alternative_end = end_of_alternative(end);
            const bool last = alternative_end == end;
            const auto fork = here();
            if (!last) add(Kind::fork);
            sequence(alternative_end, depth + 1, starts_segment);
            at_ = alternative_end;
            jumps.push_back(here());
            add(Kind::jump);
            if (!last) glob_.nodes_[fork].other = here();
        }
        ++at_;
        for (auto jump : jumps) glob_.nodes_[jump].next = here();
    }

    std::size_t end_of_alternative(std::size_t end) const {
        for (std::size_t at = at_; at < end; ++at) {
            const char c = pattern_[at];
            if (c == ',') return at;
            if (c == '\\') ++at;
            std::size_t inner = at;
            if (c == '{') inner = end_of_braces(pattern_, at);
            if (c == '[') inner = end_of_class(pattern_, at);
            if (inner < end) at = inner;
        }
        return end;
    }

    Glob& glob_;
    std::string_view pattern_;
    std::size_t at_ = 0;
};

Glob::Glob(std::string_view pattern)
    : prefix_(literal_prefix_of(pattern.substr(0, pattern_limit))),
      suffix_(literal_suffix_of(pattern.substr(0, pattern_limit))) {
    GlobParser(*this, pattern.substr(0, pattern_limit));
}

bool Glob::takes(const Node& node, char32_t letter) const {
    switch (node.kind) {
        case Kind::letter:
            return letter == node.letter;
        case Kind::one:
        case Kind::many:
            return letter != '/';
        case Kind::every:
            return true;
        case Kind::klass: {
            if (letter == '/') return false;
            const auto begin = ranges_.begin() + node.other;
            const bool among = std::any_of(begin, begin + node.ranges, [&](const Range& range) {
                return range.first <= letter && letter <= range.last;
            });
            return among != node.negated;
        }
        case Kind::fork:
        case Kind::jump:
        case Kind::end:
            break;
    }
    return false;
}

bool Glob::matches(std::string_view path) const {
    if (!path.starts_with(prefix_) || !path.ends_with(suffix_)) return false;
    std::vector<std::uint32_t> now, then, open;
    std::vector<std::size_t> seen(nodes_.size(), 0);  // the step that entered the state last
    std::size_t step = 1;
    // Adds a state with all that can be reached from it without a character.
    const auto enter = [&](std::vector<std::uint32_t>& states, std::uint32_t state) {
        open.assign(1, state);
        while (!open.empty()) {
            const auto at = open.back();
            open.pop_back();
            if (seen[at] == step) continue;
            seen[at] = step;
            const auto& node = nodes_[at];
            if (node.kind == Kind::fork || node.kind == Kind::jump) {
                open.push_back(node.next);
                if (node.kind == Kind::fork) open.push_back(node.other);
                continue;
            }
            states.push_back(at);
            if (node.kind == Kind::many || node.kind == Kind::every) open.push_back(node.next);
        }
    };
    enter(now, 0);
    while (!path.empty() && !now.empty()) {
        const auto letter = first_letter(path);
        path.remove_prefix(letter.size);
        ++step;
        then.clear();
        for (const auto at : now) {
            const auto& node = nodes_[at];
            if (!takes(node, letter.value)) continue;
            const bool stays = node.kind == Kind::many || node.kind == Kind::every;
            enter(then, stays ? at : node.next);
        }
        now.swap(then);
    }
    return std::find(now.begin(), now.end(), nodes_.size() - 1) != now.end();
}

bool glob_matches(std::string_view pattern, std::string_view path) {
    return Glob(pattern).matches(path);
}

std::string glob_error(std::string_view pattern) {
    if (pattern.empty()) return "is empty";
    if (pattern.size() > pattern_limit) return "is longer than 1000 bytes";
    int depth = 0;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        const char c = pattern[at];
        if (c == '\\') {
            if (++at == pattern.size()) return "ends in a \\";
        } else if (c == '[') {
            at = end_of_class(pattern, at);
            if (at == pattern.npos) return "has a [ without its ]";
        } else if (c == '{') {
            if (++depth > nesting_limit) return "has braces nested deeper than 8";
            if (end_of_braces(pattern, at) == pattern.npos) return "has a { without its }";
        } else if (c == '}' && --depth < 0) {
            return "has a } without its {";
        }
    }
    return "";
}

}  // namespace slipway
