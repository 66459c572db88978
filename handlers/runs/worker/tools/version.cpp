#include "handlers/runs/worker/tools/version.hpp"

#include <algorithm>
#include <charconv>

namespace slipway {

namespace {

struct Written {
    Version version;
    int parts = 0;
};

std::optional<Written> read_written(std::string_view text) {
    if (text.starts_with('v')) text.remove_prefix(1);
    text = text.substr(0, text.find('+'));
    Written out;
    if (const auto dash = text.find('-'); dash != text.npos) {
        out.version.prerelease = text.substr(dash + 1);
        text = text.substr(0, dash);
        if (out.version.prerelease.empty()) return std::nullopt;
    }
    int* numbers[] = {&out.version.major, &out.version.minor, &out.version.patch};
    while (out.parts < 3) {
        const auto dot = text.find('.');
        const auto part = text.substr(0, dot);
        const auto [end, error] =
            std::from_chars(part.data(), part.data() + part.size(), *numbers[out.parts]);
        if (error != std::errc() || end != part.data() + part.size() || part.starts_with('-'))
            return std::nullopt;
        ++out.parts;
        if (dot == text.npos) return out;
        text = text.substr(dot + 1);
    }
    return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
    auto written = read_written(text);
    if (!written) return std::nullopt;
    return written->version;
}

std::string Version::text() const {
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch) +
           (prerelease.empty() ? "" : "-" + prerelease);
}

std::strong_ordering Version::operator<=>(const Version& other) const {
    if (auto order = major <=> other.major; order != 0) return order;
    if (auto order = minor <=> other.minor; order != 0) return order;
    if (auto order = patch <=> other.patch; order != 0) return order;
    if (prerelease.empty() != other.prerelease.empty())
        return prerelease.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
    return prerelease.compare(other.prerelease) <=> 0;
}

Result<VersionConstraint> VersionConstraint::parse(std::string_view text) {
    VersionConstraint out;
    const std::string whole(text);
    text = trimmed(text);
    while (!text.empty()) {
        const auto comma = text.find(',');
        auto term_text = trimmed(text.substr(0, comma));
        text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
        static constexpr std::pair<std::string_view, Operator> operators[] = {
            {"~>", Operator::pessimistic}, {">=", Operator::at_least}, {"<=", Operator::at_most},
            {"!=", Operator::unequal},     {">", Operator::greater},   {"<", Operator::less},
            {"=", Operator::equal}};
        Term term;
        for (const auto& [word, op] : operators)
            if (term_text.starts_with(word)) {
                term.op = op;
                term_text = trimmed(term_text.substr(word.size()));
                break;
            }
        const auto written = read_written(term_text);
        if (!written)
            return Error{"\"" + whole +
                         "\" is not a version constraint (write \"~> 1.10.0\" or "
                         "\">= 1.5, < 2\")"};
        term.version = written->version;
        term.parts = written->parts;
        out.terms_.push_back(term);
    }
    return out;
}

bool VersionConstraint::holds(const Term& term, const Version& version) {
    const Version& wanted = term.version;
    switch (term.op) {
        case Operator::equal:
            return version == wanted;
        case Operator::unequal:
            return version != wanted;
        case Operator::greater:
            return version > wanted;
        case Operator::at_least:
            return version >= wanted;
        case Operator::less:
            return version < wanted;
        case Operator::at_most:
            return version <= wanted;
        case Operator::pessimistic:
            break;
    }
    // The last number that was written may rise, the ones before it may not.
    if (version < wanted) return false;
    if (term.parts >= 2 && version.major != wanted.major) return false;
    return term.parts < 3 || version.minor == wanted.minor;
}

bool VersionConstraint::allows(const Version& version) const {
    if (!version.prerelease.empty())
        return std::any_of(terms_.begin(), terms_.end(), [&](const Term& term) {
            return term.op == Operator::equal && term.version == version;
        });
    return std::all_of(terms_.begin(), terms_.end(),
                       [&](const Term& term) { return holds(term, version); });
}

}  // namespace slipway
