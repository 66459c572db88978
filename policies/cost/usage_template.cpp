#include "policies/cost/usage_template.hpp"

#include <algorithm>

namespace slipway::cost {

namespace {

// As YAML wants it: an address with a key holds quotes and brackets.
std::string yaml_key(const std::string& text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '_' || c == '.' || c == '-';
    });
    return plain ? text : slipway::quoted(text);
}

const Json& value_at(const Json& usage, const std::string& key) {
    const Json* at = &usage;
    for (std::size_t start = 0; start <= key.size();) {
        const auto dot = std::min(key.find('.', start), key.size());
        at = &(*at)[std::string_view(key).substr(start, dot - start)];
        start = dot + 1;
    }
    return *at;
}

// Keys are sorted, so that those of one map stand together.
void add_key(std::string& out, const std::string& key, const std::string& about, const Json& value,
             std::string& group) {
    const auto dot = key.find('.');
    std::string indent = "    ", name = key;
    if (dot != key.npos) {
        if (key.substr(0, dot) != group) {
            group = key.substr(0, dot);
            out += "    " + yaml_key(group) + ":\n";
        }
        indent = "      ";
        name = key.substr(dot + 1);
    } else {
        group.clear();
    }
    const auto given =
        value.is_string() ? slipway::quoted(value.text()) : std::string(value.number_text());
    out +=
        indent + yaml_key(name) + ":" + (given.empty() ? "" : " " + given) + "  # " + about + "\n";
}

}  // namespace

std::string usage_template(const CostEstimate& estimate, const TypeLibrary& types,
                           const UsageFile& usage) {
    std::string out;
    for (const auto& resource : estimate.resources) {
        if (!resource.after || resource.after->usage_keys.empty()) continue;
        const auto* file = types.find(resource.type);
        if (!file) continue;
        const auto about = types.usage_of(*file);
        const auto given = usage.of(resource.type, resource.address);
        out += "  " + yaml_key(resource.address) + ":\n";
        std::string group;
        for (const auto& key : resource.after->usage_keys) {
            const auto text = about.find(key);
            add_key(out, key, text == about.end() ? "" : text->second, value_at(given, key), group);
        }
    }
    return out.empty() ? "" : "version: 0.1\nresource_usage:\n" + out;
}

}  // namespace slipway::cost
