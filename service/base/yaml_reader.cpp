// See the header; the words of every message about a key are made here, so that they read alike.
#include "service/base/yaml_reader.hpp"

#include <algorithm>
#include <charconv>

#include "service/base/nearest.hpp"

namespace slipway {

namespace {

const Yaml empty_map = [] {
    Yaml node;
    node.kind = Yaml::Kind::map;
    return node;
}();

}  // namespace

std::string Findings::text() const {
    auto sorted = all_;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.place < b.place; });
    std::string out;
    for (const auto& finding : sorted) out += (out.empty() ? "" : "\n") + finding.text();
    return out;
}

std::string_view kind_name(const Yaml& node) {
    switch (node.kind) {
        case Yaml::Kind::null:
            return "nothing";
        case Yaml::Kind::scalar:
            return "a text";
        case Yaml::Kind::list:
            return "a list";
        case Yaml::Kind::map:
            return "a map";
    }
    return "nothing";
}

MapReader::MapReader(const Yaml& node, std::string what, Findings& findings)
    : is_map_(node.kind == Yaml::Kind::map || node.kind == Yaml::Kind::null),
      node_(node.kind == Yaml::Kind::map ? node : empty_map),
      place_(node.place),
      what_(std::move(what)),
      findings_(findings) {
    if (!is_map_)
        findings_.add(node.place, what_ + " is a map, not " + std::string(kind_name(node)));
}

MapReader::~MapReader() {
    for (const auto& entry : node_.map)
        if (std::find(known_.begin(), known_.end(), entry.key) == known_.end())
            findings_.add(entry.place, what_ + " has no key `" + entry.key + "`" +
                                           did_you_mean(entry.key, known_));
}

const Yaml* MapReader::find(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
    const auto* value = node_.find(key);
    return value && value->kind != Yaml::Kind::null ? value : nullptr;
}

std::optional<std::string> MapReader::text(std::string_view key) {
    const auto* value = find(key);
    if (!value) return std::nullopt;
    if (value->kind == Yaml::Kind::scalar && !value->scalar.empty()) return value->scalar;
    report(key, value->kind == Yaml::Kind::scalar
                    ? "is empty"
                    : "is a text, not " + std::string(kind_name(*value)));
    return std::nullopt;
}

std::optional<int> MapReader::whole(std::string_view key, int least, int most) {
    const auto* value = find(key);
    if (!value) return std::nullopt;
    int number = 0;
    const auto* end = value->scalar.data() + value->scalar.size();
    const auto [stopped, error] = std::from_chars(value->scalar.data(), end, number);
    if (value->kind == Yaml::Kind::scalar && !value->quoted && error == std::errc{} &&
        stopped == end && number >= least && number <= most)
        return number;
    report(key, "is a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<bool> MapReader::boolean(std::string_view key) {
    const auto* value = find(key);
    if (!value) return std::nullopt;
    if (value->kind == Yaml::Kind::scalar && !value->quoted) {
        if (value->scalar == "true") return true;
        if (value->scalar == "false") return false;
    }
    report(key, "is true or false");
    return std::nullopt;
}

std::vector<std::string> MapReader::texts(std::string_view key) {
    std::vector<std::string> out;
    const auto* value = find(key);
    if (!value) return out;
    if (value->kind != Yaml::Kind::list) {
        report(key, "is a list, not " + std::string(kind_name(*value)));
        return out;
    }
    for (const auto& item : value->list) {
        if (item.kind == Yaml::Kind::scalar && !item.scalar.empty())
            out.push_back(item.scalar);
        else
            findings_.add(item.place, "`" + std::string(key) + "` is a list of texts");
    }
    return out;
}

bool MapReader::require(std::string_view key) {
    if (find(key)) return true;
    if (is_map_) findings_.add(place_of(key), what_ + " needs `" + std::string(key) + "`");
    return false;
}

void MapReader::report(std::string_view key, std::string_view message) {
    findings_.add(place_of(key), "`" + std::string(key) + "` " + std::string(message));
}

Place MapReader::place_of(std::string_view key) const {
    const auto* value = node_.find(key);
    return value ? value->place : place_;
}

}  // namespace slipway
