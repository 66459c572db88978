/// Which of the keys of our table a product of the AWS price list is.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "policies/cost/price_table.hpp"

namespace slipway::cost {

/// Attributes by name in lower-case letters and digits alone: "Instance Type" of the CSV files and
/// "instanceType" of the JSON files are both "instancetype".
using AwsProduct = std::map<std::string, std::string, std::less<>>;

std::string aws_attribute_name(std::string_view name);

struct AwsMeaning {
    PriceKey key;
    std::string unit;  ///< ours
    std::string
        vendor_unit;    ///< theirs, without which a row does not mean this; several: "Hrs|Hours"
    int divide_by = 1;  ///< their unit is so many of ours
};

/// A meaning, or why there is none: "Storage of AmazonRDS", "not of a region".
std::variant<AwsMeaning, std::string> aws_meaning(const AwsProduct& product);

/// Without the prefix that names the region: "EU-BoxUsage:m5.large" → "BoxUsage:m5.large".
std::string_view aws_usage(std::string_view usage_type, std::string_view region);

}  // namespace slipway::cost
