// Patterns and expressions of an atlantis.yaml as ours: .dockerignore's, and those for branches.
#include <algorithm>

#include "service/catalog/detail/atlantis.hpp"
#include "service/catalog/detail/uses_protocol.hpp"

namespace slipway::catalog {

namespace {

// `{` and `}` are plain characters there.
std::string without_braces(std::string_view segment) {
    std::string out;
    for (const char c : segment) {
        if (c == '{' || c == '}') out += '\\';
        out += c;
    }
    return out;
}

// What one segment may stand for: there `**` may be a part of it, here it is a whole one.
std::vector<std::string> alternatives(const std::string& segment) {
    const auto at = segment.find("**");
    if (at == segment.npos || segment == "**") return {segment};
    auto end = at;
    while (end < segment.size() && segment[end] == '*') ++end;
    const auto before = segment.substr(0, at), after = segment.substr(end);
    if (after.find("**") != after.npos) return {segment};  // passed on as it is
    if (before.empty()) return {"**/*" + after};
    return {before + "*" + after, before + "*/**/*" + after};
}

}  // namespace

std::vector<std::string> patterns_from_root(std::string_view directory, std::string_view pattern) {
    const bool excludes = pattern.starts_with('!');
    if (excludes) pattern.remove_prefix(1);
    const auto path = path_from(directory, pattern);
    if (!path || pattern.empty()) return {};
    std::vector<std::string> all{""};
    const auto add = [&all](const std::vector<std::string>& endings) {
        std::vector<std::string> longer;
        for (const auto& begun : all)
            for (const auto& ending : endings)
                if (longer.size() < 16)
                    longer.push_back(begun + (begun.empty() ? "" : "/") + ending);
        all = std::move(longer);
    };
    for (std::size_t from = 0; from <= path->size() && *path != ".";) {
        const auto to = std::min(path->find('/', from), path->size());
        add(alternatives(without_braces(path->substr(from, to - from))));
        from = to + 1;
    }
    for (auto& one : all) {
        // One that means a directory means all that lies below it; `a/**` is `a` itself, too.
        if (one.empty())
            one = "**";
        else if (!one.ends_with("/**") && one != "**")
            one += "/**";
        if (excludes) one.insert(0, 1, '!');
    }
    return all;
}

namespace {

// One character of an expression that is matched from its beginning to its end.
struct Letter {
    enum class Kind { same, any, many };
    Kind kind = Kind::same;
    char value = 0;
};

// nullopt: it says more than this can follow.
std::optional<std::vector<Letter>> letters_of(std::string_view text) {
    const bool from_start = text.starts_with('^'), to_end = text.ends_with('$');
    if (from_start) text.remove_prefix(1);
    if (to_end && !text.empty()) text.remove_suffix(1);
    std::vector<Letter> out;
    const auto add = [&out](Letter::Kind kind, char value = 0) { out.push_back({kind, value}); };
    if (!from_start) add(Letter::Kind::many);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool repeats = i + 1 < text.size() && (text[i + 1] == '*' || text[i + 1] == '+');
        if (c == '.') {
            if (!repeats || text[i + 1] == '+') add(Letter::Kind::any);
            if (repeats) add(Letter::Kind::many), ++i;
        } else if (c == '\\' && i + 1 < text.size() &&
                   std::string_view("./-_").find(text[i + 1]) != std::string_view::npos) {
            add(Letter::Kind::same, text[++i]);
        } else if (!repeats &&
                   std::string_view("\\^$*+?()[]{}|").find(c) == std::string_view::npos) {
            add(Letter::Kind::same, c);
        } else {
            return std::nullopt;
        }
    }
    if (!to_end) add(Letter::Kind::many);
    return out;
}

bool matches(const std::vector<Letter>& letters, std::string_view text) {
    std::vector<char> reached(text.size() + 1, 0);
    reached[0] = 1;
    for (const auto& letter : letters) {
        std::vector<char> next(text.size() + 1, 0);
        for (std::size_t i = 0; i <= text.size(); ++i) {
            if (letter.kind == Letter::Kind::many) {
                next[i] = reached[i] || (i > 0 && next[i - 1]);
            } else if (i < text.size() && reached[i] &&
                       (letter.kind == Letter::Kind::any || text[i] == letter.value)) {
                next[i + 1] = 1;
            }
        }
        reached = std::move(next);
    }
    return reached[text.size()] != 0;
}

}  // namespace

std::optional<bool> branch_matches(std::string_view expression, std::string_view branch) {
    if (expression.size() > 1000) return std::nullopt;
    // `^(main|release)$` is `^main$|^release$`.
    std::string before, after;
    const auto open = expression.find('('), close = expression.rfind(')');
    if (open != expression.npos && close != expression.npos && open < close) {
        before = expression.substr(0, open);
        after = expression.substr(close + 1);
        if ((before + after).find('|') != std::string::npos) return std::nullopt;
        expression = expression.substr(open + 1, close - open - 1);
    }
    bool any = false;
    for (std::size_t from = 0; from <= expression.size();) {
        const auto to = std::min(expression.find('|', from), expression.size());
        const auto letters =
            letters_of(before + std::string(expression.substr(from, to - from)) + after);
        if (!letters) return std::nullopt;
        any = any || matches(*letters, branch);
        from = to + 1;
    }
    return any;
}

}  // namespace slipway::catalog
