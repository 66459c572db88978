// YAML with places: every node knows its line and column, so that findings say file:line:column.
// The only user of yaml-cpp. Anchors and aliases are refused beyond a bound, nesting and size too:
// configuration comes from people we do not know.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "service/base/result.hpp"
#include "service/model/stack.hpp"

namespace slipway {

struct Yaml {
    enum class Kind { null, scalar, list, map };
    Kind kind = Kind::null;
    std::string scalar;
    bool quoted = false;  // "3" and 3 differ
    std::vector<Yaml> list;
    struct Entry;
    std::vector<Entry> map;  // in order; duplicate keys are an error of parsing
    Place place;

    const Yaml* find(std::string_view key) const;
};
struct Yaml::Entry {
    std::string key;
    Place place;
    Yaml value;
};

struct YamlError {
    Place place;
    std::string message;
};

// `file` is only for places.
std::variant<Yaml, YamlError> parse_yaml(std::string_view text, std::string file);

}  // namespace slipway
