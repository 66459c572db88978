// Google's Cloud Billing Catalog: SKUs without attributes, told apart by how their descriptions
// begin.
#include <array>

#include "policies/cost/prices/import/vendor_files.hpp"

namespace slipway::cost {
namespace {

/// `begins`: of the description; then its end, or " in …", or " running in …" follows.
struct SkuRule {
    std::string_view begins, vendor_unit;
    std::string_view service, sku, attributes, unit;
};

constexpr auto sku_rules = std::to_array<SkuRule>({
    {"E2 Instance Core", "h", "instance-core", "e2", "", "vCPU-hour"},
    {"E2 Instance Ram", "GiBy.h", "instance-ram", "e2", "", "GB-hour"},
    {"N1 Predefined Instance Core", "h", "instance-core", "n1", "", "vCPU-hour"},
    {"N1 Predefined Instance Ram", "GiBy.h", "instance-ram", "n1", "", "GB-hour"},
    {"Custom Instance Core", "h", "instance-core", "n1-custom", "", "vCPU-hour"},
    {"Custom Instance Ram", "GiBy.h", "instance-ram", "n1-custom", "", "GB-hour"},
    {"Custom Extended Instance Ram", "GiBy.h", "instance-ram", "n1-custom-extended", "", "GB-hour"},
    {"N2 Instance Core", "h", "instance-core", "n2", "", "vCPU-hour"},
    {"N2 Instance Ram", "GiBy.h", "instance-ram", "n2", "", "GB-hour"},
    {"N2 Custom Instance Core", "h", "instance-core", "n2-custom", "", "vCPU-hour"},
    {"N2 Custom Instance Ram", "GiBy.h", "instance-ram", "n2-custom", "", "GB-hour"},
    {"N2 Custom Extended Instance Ram", "GiBy.h", "instance-ram", "n2-custom-extended", "",
     "GB-hour"},
    {"N2D AMD Instance Core", "h", "instance-core", "n2d", "", "vCPU-hour"},
    {"N2D AMD Instance Ram", "GiBy.h", "instance-ram", "n2d", "", "GB-hour"},
    {"N2D AMD Custom Instance Core", "h", "instance-core", "n2d-custom", "", "vCPU-hour"},
    {"N2D AMD Custom Instance Ram", "GiBy.h", "instance-ram", "n2d-custom", "", "GB-hour"},
    {"N4 Instance Core", "h", "instance-core", "n4", "", "vCPU-hour"},
    {"N4 Instance Ram", "GiBy.h", "instance-ram", "n4", "", "GB-hour"},
    {"C3 Instance Core", "h", "instance-core", "c3", "", "vCPU-hour"},
    {"C3 Instance Ram", "GiBy.h", "instance-ram", "c3", "", "GB-hour"},
    {"C4 Instance Core", "h", "instance-core", "c4", "", "vCPU-hour"},
    {"C4 Instance Ram", "GiBy.h", "instance-ram", "c4", "", "GB-hour"},
    {"T2D AMD Instance Core", "h", "instance-core", "t2d", "", "vCPU-hour"},
    {"T2D AMD Instance Ram", "GiBy.h", "instance-ram", "t2d", "", "GB-hour"},
    {"C2D AMD Instance Core", "h", "instance-core", "c2d", "", "vCPU-hour"},
    {"C2D AMD Instance Ram", "GiBy.h", "instance-ram", "c2d", "", "GB-hour"},
    {"Compute optimized Core", "h", "instance-core", "c2", "", "vCPU-hour"},
    {"Compute optimized Ram", "GiBy.h", "instance-ram", "c2", "", "GB-hour"},
    {"Memory-optimized Instance Core", "h", "instance-core", "m1", "", "vCPU-hour"},
    {"Memory-optimized Instance Ram", "GiBy.h", "instance-ram", "m1", "", "GB-hour"},
    {"Micro Instance with burstable CPU", "h", "instance-core", "f1", "", "vCPU-hour"},
    {"Small Instance with 1 VCPU", "h", "instance-core", "g1", "", "vCPU-hour"},
    {"Storage PD Capacity", "GiBy.mo", "disk", "pd-standard", "", "GB-month"},
    {"Balanced PD Capacity", "GiBy.mo", "disk", "pd-balanced", "", "GB-month"},
    {"SSD backed PD Capacity", "GiBy.mo", "disk", "pd-ssd", "", "GB-month"},
    {"Extreme PD Capacity", "GiBy.mo", "disk", "pd-extreme", "", "GB-month"},
    {"Regional Storage PD Capacity", "GiBy.mo", "disk", "pd-standard", "replicas=2", "GB-month"},
    {"Regional Balanced PD Capacity", "GiBy.mo", "disk", "pd-balanced", "replicas=2", "GB-month"},
    {"Regional SSD backed PD Capacity", "GiBy.mo", "disk", "pd-ssd", "replicas=2", "GB-month"},
    {"Storage PD Snapshot", "GiBy.mo", "disk-snapshot", "standard", "", "GB-month"},
    {"SSD backed Local Storage", "GiBy.mo", "local-ssd", "local-ssd", "", "GB-month"},
    {"Standard Storage", "GiBy.mo", "gcs-storage", "standard", "", "GB-month"},
    {"Nearline Storage", "GiBy.mo", "gcs-storage", "nearline", "", "GB-month"},
    {"Coldline Storage", "GiBy.mo", "gcs-storage", "coldline", "", "GB-month"},
    {"Archive Storage", "GiBy.mo", "gcs-storage", "archive", "", "GB-month"},
});

bool is_described_by(std::string_view description, const SkuRule& rule) {
    if (!description.starts_with(rule.begins)) return false;
    const auto rest = description.substr(rule.begins.size());
    if (rest.find("Sole Tenancy") != rest.npos) return false;
    const bool names_place_alone = rule.service == "gcs-storage";  // "Standard Storage Iowa"
    return rest.empty() || rest.starts_with(" in ") || rest.starts_with(" running in ") ||
           (names_place_alone && rest.starts_with(' ') && rest.find("Dual") == rest.npos);
}

std::optional<SkuRule> rule_for(std::string_view description, std::string_view unit) {
    for (const auto& rule : sku_rules)
        if (rule.vendor_unit == unit && is_described_by(description, rule)) return rule;
    return std::nullopt;
}

/// Multi-regions are written in capitals in the resources that name them.
std::string region_name(std::string_view region) {
    if (region == "global") return "*";
    if (region == "us") return "US";
    if (region == "europe" || region == "eu") return "EU";
    if (region == "asia") return "ASIA";
    return std::string(region);
}

/// The price in force: the newest of pricingInfo, whose effectiveTime may be missing.
std::string take_rate(const SkuRule& rule, const Json& sku, const Json& info, const Json& rate,
                      PriceCollector& to) {
    const auto& price = rate["unitPrice"];
    const auto whole = parse_fixed_rounded(price["units"].is_string() ? price["units"].text() : "0",
                                           price_decimals);
    const auto nanos = price["nanos"].int_or(0);
    const auto start = rate["startUsageAmount"].number_text();
    const auto from = parse_fixed_rounded(start.empty() ? "0" : start, quantity_decimals);
    const auto effective = day_of(info["effectiveTime"].string_or(""));
    const auto name = sku["description"].text();
    if (!whole || nanos < 0 || nanos > 999'999'999 || !from || !effective)
        return name + ": a rate has no price, no start or no effectiveTime";
    constexpr std::int64_t per_nano = 100'000;  // of 14 decimals
    for (const auto& region : sku["serviceRegions"].items())
        to.add({{"gcp", std::string(rule.service), region_name(region.string_or("")),
                 std::string(rule.sku), std::string(rule.attributes)},
                std::string(rule.unit),
                sku["skuId"].text(),
                price["currencyCode"].text(),
                {*from, *whole + nanos * per_nano},
                *effective});
    return {};
}

std::string take_sku(const Json& sku, PriceCollector& to) {
    const auto description = sku["description"].text();
    const auto& category = sku["category"];
    if (description.empty() || !category.is_object()) return "a SKU has no description or category";
    const auto usage = category["usageType"].text();
    if (usage != "OnDemand") return to.leave_out(usage + " prices", description), "";
    const auto& infos = sku["pricingInfo"].items();
    if (infos.empty()) return to.leave_out("SKUs without a price", description), "";
    for (const auto& info : infos) {
        const auto& expression = info["pricingExpression"];
        const auto rule = rule_for(description, expression["usageUnit"].string_or(""));
        if (!rule)
            return to.leave_out(category["serviceDisplayName"].text() + ", " +
                                    category["resourceGroup"].text(),
                                description),
                   "";
        for (const auto& rate : expression["tieredRates"].items())
            if (auto fault = take_rate(*rule, sku, info, rate, to); !fault.empty()) return fault;
    }
    return {};
}

}  // namespace

Result<VendorFile> read_google_file(const ReadSome& read, PriceCollector& to) {
    VendorFile out;
    bool is_page = false;
    JsonStreamOptions options;
    options.wanted = {{"skus", "*"}, {"nextPageToken"}};
    const auto error =
        stream_json(read, options, [&](const JsonPath& path, const Json& part) -> std::string {
            if (path[0] == "nextPageToken") {
                out.goes_on = !part.string_or("").empty();
                return {};
            }
            is_page = true;
            return take_sku(part, to);
        });
    if (error) return *error;
    if (!is_page) return Error{"is not a page of Google's billing catalog: it has no skus"};
    return out;
}

}  // namespace slipway::cost
