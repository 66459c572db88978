#include "policies/cost/usage_file.hpp"

#include <algorithm>

#include "policies/cost/address.hpp"
#include "policies/cost/decimal.hpp"
#include "service/base/yaml_reader.hpp"

namespace slipway::cost {

namespace {

Json json_of(const Yaml& node) {
    switch (node.kind) {
        case Yaml::Kind::null:
            return Json();
        case Yaml::Kind::scalar:
            if (const auto number = parse_decimal(node.scalar); number && !node.quoted)
                return Json(Json::Number{node.scalar});
            return Json(node.scalar);
        case Yaml::Kind::list: {
            Json out = Json::array();
            for (const auto& item : node.list) out.push(json_of(item));
            return out;
        }
        case Yaml::Kind::map:
            break;
    }
    Json out = Json::object();
    for (const auto& entry : node.map) out.set(entry.key, json_of(entry.value));
    return out;
}

void merge(Json& into, const Json& more) {
    if (!into.is_object()) into = Json::object();
    for (const auto& [key, value] : more.members()) {
        if (value.is_null()) continue;
        if (value.is_object() && into[key].is_object())
            merge(into.at(key), value);
        else
            into.set(key, value);
    }
}

std::size_t stars(std::string_view pattern) {
    std::size_t count = 0;
    for (auto at = pattern.find("[*]"); at != pattern.npos; at = pattern.find("[*]", at + 3))
        ++count;
    return count;
}

// A negative amount would lower an estimate.
void check_amounts(const Yaml& node, Findings& findings) {
    for (const auto& entry : node.map) {
        const auto number = parse_decimal(entry.value.scalar);
        if (number && *number < 0)
            findings.add(entry.value.place, "`" + entry.key + "` is not negative");
        check_amounts(entry.value, findings);
    }
}

void read_entries(const Yaml* node, const std::string& what, Findings& findings,
                  std::vector<std::pair<std::string, Json>>& out) {
    if (!node) return;
    MapReader reader(*node, what, findings);
    for (const auto& entry : node->map) {
        const auto* value = reader.find(entry.key);
        if (!value) continue;
        if (value->kind != Yaml::Kind::map)
            reader.report(entry.key, "is a map of usage, like {monthly_requests: 100000}");
        else
            out.emplace_back(entry.key, json_of(*value));
        check_amounts(*value, findings);
    }
}

}  // namespace

bool usage_pattern_matches(std::string_view pattern, std::string_view address) {
    const auto wanted = dotted_parts(pattern), given = dotted_parts(address);
    if (wanted.size() != given.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto want = step_of(wanted[i]), have = step_of(given[i]);
        if (want.name != have.name) return false;
        if (want.key != have.key && !(want.key == "[*]" && !have.key.empty())) return false;
    }
    return true;
}

UsageFile UsageFile::read(std::string_view text, const std::string& file, Findings& findings) {
    auto parsed = parse_yaml(text, file);
    UsageFile out;
    if (const auto* error = std::get_if<YamlError>(&parsed)) {
        findings.add(error->place, error->message);
        return out;
    }
    MapReader reader(std::get<Yaml>(parsed), "a usage file", findings);
    if (reader.require("version") && reader.text("version") != "0.1")
        reader.report("version", "is 0.1");
    read_entries(reader.find("resource_type_default_usage"), "`resource_type_default_usage`",
                 findings, out.types_);
    read_entries(reader.find("resource_usage"), "`resource_usage`", findings, out.addresses_);
    return out;
}

Result<UsageFile> UsageFile::read(std::string_view text, const std::string& file) {
    Findings findings;
    auto out = read(text, file, findings);
    if (!findings.empty()) return Error{findings.text()};
    return out;
}

Json UsageFile::of(const std::string& type, const std::string& address) const {
    Json out;
    for (const auto& [name, usage] : types_)
        if (name == type) merge(out, usage);
    // The pattern with the fewest stars is the closest.
    const std::pair<std::string, Json>* pattern = nullptr;
    for (const auto& entry : addresses_) {
        if (stars(entry.first) == 0 || !usage_pattern_matches(entry.first, address)) continue;
        if (!pattern || stars(entry.first) < stars(pattern->first)) pattern = &entry;
    }
    if (pattern) merge(out, pattern->second);
    for (const auto& [name, usage] : addresses_)
        if (name == address) merge(out, usage);
    return out;
}

std::vector<std::string> UsageFile::addresses() const {
    std::vector<std::string> out;
    for (const auto& [address, usage] : addresses_) out.push_back(address);
    return out;
}

void UsageFile::add(const UsageFile& more) {
    types_.insert(types_.end(), more.types_.begin(), more.types_.end());
    addresses_.insert(addresses_.end(), more.addresses_.begin(), more.addresses_.end());
}

std::vector<std::string> UsageFile::unused(const std::vector<std::string>& addresses) const {
    std::vector<std::string> out;
    for (const auto& entry : addresses_)
        if (std::none_of(addresses.begin(), addresses.end(), [&](const auto& address) {
                return usage_pattern_matches(entry.first, address);
            }))
            out.push_back(entry.first);
    return out;
}

}  // namespace slipway::cost
