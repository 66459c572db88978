// What a type of resource is billed for, as a file says it: policies/cost/types/*.yaml, and a
// user's own costs/*.yaml. policies/cost/README.md describes the format.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policies/cost/expression.hpp"
#include "service/base/yaml_reader.hpp"

namespace slipway::cost {

struct PriceRule {
    std::string unit;  // of the price table's row: "hour", "GB-month"
    Template service, sku;
    std::optional<Template> region;                            // where it is not the resource's
    std::vector<std::pair<std::string, Template>> attributes;  // sorted by name
    // A price that stands in the file itself, of a service that has no public list.
    std::optional<Decimal> usd;
    std::string date;
};

struct ComponentRule {
    Place place;
    Template name;
    std::optional<Expression> when;
    std::string unit;     // as shown: "1M requests"
    Decimal scale = 1;    // units of the price in one shown unit: 1000000
    Expression quantity;  // per month, in the price's unit
    bool usage_based = false;
    std::string not_priced;  // the attribute whose value has no list price
    PriceRule price;
};

struct PartRule {
    Place place;
    Template name;  // empty: the components belong to the resource itself
    std::optional<Expression> when, each, times, of;
    std::string use;  // another file, by its type or name
    std::vector<std::pair<std::string, Expression>> with;
    std::vector<ComponentRule> components;
};

struct TypeFile {
    std::string name;        // the type, or the name of a shared part
    bool is_part = false;    // priced only where another file uses it
    bool is_closed = false;  // sees what it takes, and no attributes
    bool is_pseudo = false;  // no resource: an entry of the usage file stands for it
    std::string provider;    // of the price table: "aws"
    std::string region;      // fixed: "global"; empty: the resource's
    std::vector<std::string> takes;
    std::vector<std::pair<std::string, Expression>> lets;
    std::map<std::string, std::map<std::string, std::string>> tables;
    std::map<std::string, std::string> usage;  // key of the usage file → what it counts
    std::vector<ComponentRule> components;
    std::vector<PartRule> parts;
};

// What does not fit is a finding with file, line and column; the file is then not to be used.
TypeFile read_type_file(const Yaml& node, Findings& findings);

}  // namespace slipway::cost
