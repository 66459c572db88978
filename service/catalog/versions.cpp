// Version constraints as stacks write them: whether one is readable, and whether any version could
// fit it. Which one fits is the worker's to say (handlers/runs/worker/tools/version.hpp).
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <set>

#include "service/catalog/detail/reading.hpp"

namespace slipway::catalog {

namespace {

using Numbers = std::array<int, 3>;
constexpr int most = std::numeric_limits<int>::max();

struct Term {
    std::string_view sign;
    Numbers numbers{0, 0, 0};
    int parts = 0;
    bool is_prerelease = false;
};

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::optional<Term> read_term(std::string_view text) {
    Term out;
    text = trimmed(text);
    for (std::string_view sign : {"!=", ">=", "<=", "~>", "=", ">", "<"})
        if (text.starts_with(sign)) {
            out.sign = sign;
            text = trimmed(text.substr(sign.size()));
            break;
        }
    const auto dash = text.find('-');
    auto numbers = text.substr(0, dash);
    if (dash != text.npos) {
        out.is_prerelease = true;
        const auto rest = text.substr(dash + 1);
        if (rest.empty() || !std::all_of(rest.begin(), rest.end(), [](unsigned char c) {
                return c < 128 && (std::isalnum(c) || c == '.' || c == '-');
            }))
            return std::nullopt;
    }
    for (;;) {
        const auto part = numbers.substr(0, numbers.find('.'));
        int number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (out.parts == 3 || error != std::errc() || end != part.data() + part.size() ||
            number < 0 || number == most)
            return std::nullopt;
        out.numbers[static_cast<std::size_t>(out.parts++)] = number;
        if (part.size() == numbers.size()) return out;
        numbers.remove_prefix(part.size() + 1);
    }
}

Numbers next(Numbers version) {
    ++version[2];
    return version;
}

// The versions from `first` to before `end`, without `excluded`.
struct Range {
    Numbers first{0, 0, 0};
    Numbers end{most, most, most};
    std::set<Numbers> excluded;

    void take(const Term& term) {
        const auto& at = term.numbers;
        const bool equal = term.sign.empty() || term.sign == "=";
        if (equal || term.sign == ">=" || term.sign == "~>") first = std::max(first, at);
        if (term.sign == ">") first = std::max(first, next(at));
        if (equal || term.sign == "<=") end = std::min(end, next(at));
        if (term.sign == "<") end = std::min(end, at);
        if (term.sign == "~>" && term.parts == 3) end = std::min(end, {at[0], at[1] + 1, 0});
        if (term.sign == "~>" && term.parts == 2) end = std::min(end, {at[0] + 1, 0, 0});
        if (term.sign == "!=") excluded.insert(at);
    }
    bool is_empty() const {
        auto at = first;
        while (excluded.count(at) > 0) at = next(at);
        return at >= end;
    }
};

}  // namespace

std::string version_trouble(std::string_view constraint) {
    Range range;
    bool has_prerelease = false;
    for (std::size_t from = 0; from <= constraint.size();) {
        const std::size_t to = std::min(constraint.find(',', from), constraint.size());
        const auto term = read_term(constraint.substr(from, to - from));
        from = to + 1;
        if (!term || constraint.size() > 200)
            return "is a version constraint like \"~> 1.10.0\" or \">= 1.6, < 2\"";
        has_prerelease = has_prerelease || term->is_prerelease;
        range.take(*term);
    }
    // A prerelease is taken by its name alone, whatever the rest says.
    if (!has_prerelease && range.is_empty())
        return "fits no version: nothing can be " + std::string(constraint) +
               "; write a constraint that some version fits, like \">= 1.6, < 2\"";
    return "";
}

std::string version_number_trouble(const Yaml& node) {
    const auto& text = node.scalar;
    if (node.quoted || node.kind != Yaml::Kind::scalar || text.empty() ||
        text.find_first_not_of("0123456789.") != text.npos ||
        std::count(text.begin(), text.end(), '.') > 1)
        return "";
    return "is the number " + text +
           ", and as numbers 1.10 and 1.1 are the same: put quotes around it, \"" + text + "\"" +
           (text.find('.') == text.npos
                ? ""
                : ", or write \"~> " + text + ".0\" for each of its patch releases");
}

}  // namespace slipway::catalog
