// The Azure Retail Prices: items without attributes, told apart by their names.
#include <array>
#include <regex>

#include "policies/cost/prices/import/vendor_files.hpp"

namespace slipway::cost {
namespace {

struct AzureItem {
    const Json& json;
    std::string text(std::string_view name) const { return json[name].text(); }
    bool has(std::string_view name, std::string_view part) const {
        return json[name].string_or("").find(part) != std::string_view::npos;
    }
};

struct AzureMeaning {
    std::string service, sku, attributes, unit;
};

/// A meter whose name says everything. `measure`: what one of theirs is.
struct MeterRule {
    std::string_view vendor_service, meter, measure;
    std::string_view service, sku, unit;
};

constexpr auto meter_rules = std::to_array<MeterRule>({
    {"Virtual Network", "Standard IPv4 Static Public IP", "Hour", "public-ip", "standard-static",
     "hour"},
    {"Virtual Network", "Basic IPv4 Static Public IP", "Hour", "public-ip", "basic-static", "hour"},
    {"Virtual Network", "Basic IPv4 Dynamic Public IP", "Hour", "public-ip", "basic-dynamic",
     "hour"},
    {"Virtual Network", "Global IPv4 Static Public IP", "Hour", "public-ip", "global-static",
     "hour"},
    {"Load Balancer", "Standard Included LB Rules and Outbound Rules", "Hour", "load-balancer",
     "rules-first-five", "hour"},
    {"Load Balancer", "Standard Overage LB Rules and Outbound Rules", "Hour", "load-balancer",
     "rule", "hour"},
    {"Load Balancer", "Standard Data Processed", "GB", "load-balancer", "data", "GB"},
    {"NAT Gateway", "Standard Gateway", "Hour", "nat-gateway", "hours", "hour"},
    {"NAT Gateway", "Standard Data Processed", "GB", "nat-gateway", "data", "GB"},
    {"Azure Kubernetes Service", "Standard Uptime SLA", "Hour", "aks", "standard", "hour"},
    {"Container Registry", "Basic Registry Unit", "Day", "container-registry", "basic", "day"},
    {"Container Registry", "Standard Registry Unit", "Day", "container-registry", "standard",
     "day"},
    {"Container Registry", "Premium Registry Unit", "Day", "container-registry", "premium", "day"},
    {"Container Registry", "Data Stored", "GB/Month", "container-registry", "storage", "GB-month"},
    {"Functions", "Standard Total Executions", "", "functions", "executions", "execution"},
    {"Functions", "Standard Execution Time", "GB Second", "functions", "duration", "GB-second"},
});

/// std::regex calls itself for every character, so that a long text would end the stack; what the
/// vendor writes is short.
bool matches(const std::string& text, std::smatch& match, const std::regex& pattern) {
    constexpr std::size_t longest = 300;
    return text.size() <= longest && std::regex_match(text, match, pattern);
}

/// "1 GB/Month" → 1 and "GB/Month"; "10K" → 10,000 and "".
struct Measure {
    std::int64_t count = 0;
    std::string what;
};

std::optional<Measure> measure_of(const std::string& text) {
    static const std::regex form("([0-9]+)([KM]?)[ /]?([A-Z][A-Za-z/ ]*)?");
    std::smatch match;
    if (!matches(text, match, form) || match[1].length() > 9) return std::nullopt;
    const auto factor = match[2] == "K" ? 1000 : match[2] == "M" ? 1'000'000 : 1;
    const std::int64_t count = std::stoll(match[1].str()) * factor;
    if (count == 0) return std::nullopt;
    return Measure{count, match[3].str()};
}

std::string kind_left_out(const AzureItem& item) {
    if (item.text("type") != "Consumption") return item.text("type") + " prices";
    for (const char* kind : {"Spot", "Low Priority"})
        if (item.has("skuName", kind) || item.has("meterName", kind))
            return "Spot and Low Priority";
    if (item.json["isPrimaryMeterRegion"].is_bool() &&
        !item.json["isPrimaryMeterRegion"].bool_or(true))
        return "meters that are not a region's primary ones";
    return {};
}

std::optional<AzureMeaning> virtual_machine(const AzureItem& item) {
    const auto size = item.text("armSkuName");
    if (size.empty() || item.has("productName", "Cloud Services") ||
        item.has("productName", "Dedicated Host"))
        return std::nullopt;
    const bool windows = item.has("productName", " Windows");
    return AzureMeaning{"vm", size, windows ? "os=windows" : "os=linux", "hour"};
}

std::optional<AzureMeaning> managed_disk(const AzureItem& item) {
    static const std::regex disk("([PES][0-9]+) (LRS|ZRS) Disks?");  // not "… Disk Mount"
    static const std::regex operations("([ES])[0-9]+ LRS Disk Operations");
    if (!item.has("productName", "Managed Disks")) return std::nullopt;
    const auto meter = item.text("meterName");
    std::smatch match;
    if (matches(meter, match, disk))
        return AzureMeaning{"managed-disk", match[1],
                            match[2] == "LRS" ? "redundancy=lrs" : "redundancy=zrs", "month"};
    if (matches(meter, match, operations))
        return AzureMeaning{"managed-disk-operations", match[1], "redundancy=lrs", "operation"};
    return std::nullopt;
}

std::optional<AzureMeaning> app_service(const AzureItem& item) {
    static const std::regex plan("Azure App Service .* Plan( - Linux)?");
    auto sku = item.text("skuName");
    std::erase(sku, ' ');
    std::smatch match;
    const auto product = item.text("productName");
    if (sku.empty() || !matches(product, match, plan)) return std::nullopt;
    return AzureMeaning{"app-service", sku, match[1].matched ? "os=linux" : "os=windows", "hour"};
}

std::string_view expected_measure(const AzureMeaning& meaning) {
    if (meaning.unit == "hour") return "Hour";
    if (meaning.unit == "month") return "Month";
    return "";
}

std::optional<AzureMeaning> meaning_of(const AzureItem& item, const Measure& measure) {
    const auto service = item.text("serviceName");
    std::optional<AzureMeaning> found;
    if (service == "Virtual Machines") found = virtual_machine(item);
    if (service == "Storage") found = managed_disk(item);
    if (service == "Azure App Service") found = app_service(item);
    if (found) return expected_measure(*found) == measure.what ? found : std::nullopt;
    for (const auto& rule : meter_rules)
        if (rule.vendor_service == service && rule.meter == item.text("meterName") &&
            rule.measure == measure.what)
            return AzureMeaning{std::string(rule.service), std::string(rule.sku), "",
                                std::string(rule.unit)};
    return std::nullopt;
}

std::string take_item(const AzureItem& item, PriceCollector& to) {
    const auto name = item.text("productName") + ", " + item.text("meterName");
    if (item.text("type").empty() || item.text("serviceName").empty())
        return "an item has no type or serviceName";
    if (const auto kind = kind_left_out(item); !kind.empty()) return to.leave_out(kind, name), "";
    const auto measure = measure_of(item.text("unitOfMeasure"));
    const auto meaning = measure ? meaning_of(item, *measure) : std::nullopt;
    if (!meaning) return to.leave_out(item.text("serviceName"), name), "";
    const auto price = parse_fixed_rounded(item.json["retailPrice"].number_text(), price_decimals);
    const auto from =
        parse_fixed_rounded(item.json["tierMinimumUnits"].number_text(), quantity_decimals);
    const auto effective = day_of(item.json["effectiveStartDate"].string_or(""));
    if (!price || !from || !effective)
        return name + ": retailPrice, tierMinimumUnits or effectiveStartDate is missing";
    const auto region = item.text("armRegionName");
    const bool everywhere = region.empty() || region == "Global" || region == "global";
    to.add(
        {{"azure", meaning->service, everywhere ? "*" : region, meaning->sku, meaning->attributes},
         meaning->unit,
         item.text("meterId"),
         item.text("currencyCode"),
         {*from * measure->count, *price / measure->count},
         *effective});
    return {};
}

}  // namespace

Result<VendorFile> read_azure_file(const ReadSome& read, PriceCollector& to) {
    VendorFile out;
    bool is_page = false;
    JsonStreamOptions options;
    options.wanted = {{"BillingCurrency"}, {"Items", "*"}, {"NextPageLink"}};
    const auto error =
        stream_json(read, options, [&](const JsonPath& path, const Json& part) -> std::string {
            if (path[0] == "Items") return take_item({part}, to);
            if (path[0] == "NextPageLink") out.goes_on = !part.string_or("").empty();
            is_page |= path[0] == "BillingCurrency";
            return {};
        });
    if (error) return *error;
    if (!is_page) return Error{"is not a page of Azure's retail prices: it has no BillingCurrency"};
    return out;
}

}  // namespace slipway::cost
