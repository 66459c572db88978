#include "policies/cost/regions.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "policies/cost/references.hpp"

namespace slipway::cost {

namespace {

using Why = CostReason::Why;

// "us-gov-west-1", "eu-central-1".
bool is_aws_region(std::string_view text) {
    const auto dash = text.rfind('-');
    if (text.size() < 9 || dash == text.npos || dash + 2 != text.size()) return false;
    if (!std::isdigit(static_cast<unsigned char>(text.back()))) return false;
    return std::count(text.begin(), text.end(), '-') >= 2 &&
           std::all_of(text.begin(), text.end() - 1, [](char c) {
               return c == '-' || std::islower(static_cast<unsigned char>(c));
           });
}

std::string text_at(const PlanResource& resource, std::string_view name) {
    if (!resource.values) return "";
    const auto text = (*resource.values)[name].string_or("");
    return std::string(text == removed_text ? "" : text);
}

std::string region_of_arn(std::string_view arn) {
    for (int colon = 0; colon < 3; ++colon) {
        const auto at = arn.find(':');
        if (at == arn.npos) return "";
        arn.remove_prefix(at + 1);
    }
    return std::string(arn.substr(0, arn.find(':')));
}

std::string aws_region_in_values(const PlanResource& resource) {
    if (auto region = text_at(resource, "region"); is_aws_region(region)) return region;
    if (auto region = region_of_arn(text_at(resource, "arn")); is_aws_region(region)) return region;
    auto zone = text_at(resource, "availability_zone");
    if (!zone.empty() && std::isalpha(static_cast<unsigned char>(zone.back()))) zone.pop_back();
    return is_aws_region(zone) ? zone : "";
}

std::string without_zone(const std::string& zone) {
    const auto dash = zone.rfind('-');
    return dash == zone.npos || dash + 2 != zone.size() ? "" : zone.substr(0, dash);
}

// The last segment of a self link, for `zone: projects/p/zones/europe-west1-b`.
std::string last_segment(const std::string& link) {
    const auto slash = link.rfind('/');
    return slash == link.npos ? link : link.substr(slash + 1);
}

std::string google_region_in_values(const PlanResource& resource) {
    const auto region = last_segment(text_at(resource, "region"));
    if (!region.empty()) return region;
    const auto zone = without_zone(last_segment(text_at(resource, "zone")));
    if (!zone.empty()) return zone;
    const auto location = text_at(resource, "location");
    const auto of_zone = without_zone(location);
    return of_zone.empty() ? location : of_zone;
}

std::string azure_region(std::string text) {
    std::string out;
    for (const char c : text)
        if (c != ' ') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

// Above an Azure resource that has no location of its own.
std::string azure_region_above(const PlanDocument& plan, const PlanSide& side,
                               const PlanResource& resource) {
    static const std::vector<std::pair<const char*, std::vector<std::string>>> parents{
        {"resource_group_name", {"azurerm_resource_group"}},
        {"kubernetes_cluster_id", {"azurerm_kubernetes_cluster"}},
        {"server_id", {"azurerm_mssql_server", "azurerm_postgresql_flexible_server"}},
        {"storage_account_id", {"azurerm_storage_account"}},
        {"loadbalancer_id", {"azurerm_lb"}}};
    for (const auto& [attribute, types] : parents) {
        const auto above =
            referred(plan, side, resource, member_of(root_of(resource), attribute), types);
        if (above.kind != Value::Kind::resource) continue;
        const auto location = azure_region(text_at(*above.resource, "location"));
        if (!location.empty()) return location;
    }
    return "";
}

// A setting of the provider's configuration. Old writers left keys that lead nowhere, and what is
// deleted has none: then it is what all configurations of that provider in the plan agree on.
class ProviderConfiguration {
  public:
    ProviderConfiguration(const PlanDocument& plan, const PlanResource& resource)
        : plan_(plan), has_block_(resource.configuration) {
        if (resource.configuration)
            key_ = (*resource.configuration)["provider_config_key"].text();
        else  // what is deleted has no block any more
            key_ = std::string(resource.provider_word());
    }

    std::string setting(std::string_view name) const {
        if (key_.empty()) return "";  // several, by for_each
        const auto& own = all()[key_];
        if (has_block_ && says_something(own)) return setting_of(own, name);
        const auto colon = key_.rfind(':');
        const auto local = colon == key_.npos ? key_ : key_.substr(colon + 1);
        std::set<std::string> said;
        for (const auto& [key, each] : all().members())
            if (each["name"].text() == local.substr(0, local.find('.')) && says_something(each))
                said.insert(setting_of(each, name));
        return said.size() == 1 ? *said.begin() : "";
    }

  private:
    const Json& all() const { return plan_.json()["configuration"]["provider_config"]; }

    // One that a module only declares sets nothing.
    static bool says_something(const Json& config) {
        return config.is_object() &&
               (!config["expressions"].members().empty() || !config.has("module_address"));
    }

    std::string setting_of(const Json& config, std::string_view name) const {
        const auto modules = parse_address(config["module_address"].text() + ".x.y").modules;
        const auto* value = constant_of(plan_, modules, config["expressions"][name]);
        return value ? value->text() : "";
    }

    const PlanDocument& plan_;
    const bool has_block_;
    std::string key_;
};

}  // namespace

Value region_of(const PlanDocument& plan, const PlanSide& side, const PlanResource& resource) {
    const auto word = resource.provider_word();
    const auto known = [](std::string text) { return Value::of(std::move(text)); };
    const auto unknown = Value::unknown_because(Why::region_unknown, resource.address, "region");
    const ProviderConfiguration provider(plan, resource);
    if (word == "aws") {
        auto region = aws_region_in_values(resource);
        if (region.empty()) region = provider.setting("region");
        return is_aws_region(region) ? known(region) : unknown;
    }
    if (word == "azurerm") {
        auto region = azure_region(text_at(resource, "location"));
        if (region.empty()) region = azure_region_above(plan, side, resource);
        return region.empty() ? unknown : known(region);
    }
    if (word == "google") {
        auto region = google_region_in_values(resource);
        if (region.empty()) region = provider.setting("region");
        if (region.empty()) region = without_zone(provider.setting("zone"));
        return region.empty() ? unknown : known(region);
    }
    return Value();
}

}  // namespace slipway::cost
