#include "policies/cost/plan_document.hpp"

#include <array>

namespace slipway::cost {

namespace {

std::string block_key(const std::string& names, bool is_data, const std::string& type,
                      const std::string& name) {
    return names + (is_data ? "|data." : "|") + type + "." + name;
}

constexpr std::array<std::string_view, 6> identifiers{
    "id", "arn", "name", "self_link", "identifier", "latest_version_id"};

bool is_known_format(std::string_view version) {
    return version.starts_with("0.") || version.starts_with("1.");
}

}  // namespace

void PlanSide::add(PlanResource resource) {
    if (by_address_.emplace(resource.address, all_.size()).second)
        all_.push_back(std::move(resource));
}

const PlanSide::ByName& PlanSide::by_block() const {
    if (by_block_.empty())
        for (std::size_t at = 0; at < all_.size(); ++at) {
            const auto& place = all_[at].place;
            by_block_[block_key(names_of(place.modules), place.is_data, place.type, place.name)]
                .push_back(at);
        }
    return by_block_;
}

const PlanSide::ByName& PlanSide::by_type() const {
    if (by_type_.empty())
        for (std::size_t at = 0; at < all_.size(); ++at) by_type_[all_[at].type].push_back(at);
    return by_type_;
}

const PlanResource* PlanSide::find(const std::string& address) const {
    const auto it = by_address_.find(address);
    return it == by_address_.end() ? nullptr : &all_[it->second];
}

std::vector<const PlanResource*> PlanSide::instances(const ModulePath& modules, bool is_data,
                                                     const std::string& type,
                                                     const std::string& name) const {
    std::vector<const PlanResource*> found;
    const auto& blocks = by_block();
    const auto it = blocks.find(block_key(names_of(modules), is_data, type, name));
    if (it == blocks.end()) return found;
    for (const auto at : it->second)
        if (all_[at].place.modules == modules) found.push_back(&all_[at]);
    return found;
}

const PlanResource* PlanSide::identified(const std::string& type, std::string_view value) const {
    const auto& types = by_type();
    const auto it = types.find(type);
    if (it == types.end() || value.empty()) return nullptr;
    for (const auto name : identifiers) {
        const PlanResource* found = nullptr;
        int count = 0;
        for (const auto at : it->second)
            if ((*all_[at].values)[name].string_or("") == value) {
                found = &all_[at];
                ++count;
            }
        if (count > 0) return count == 1 ? found : nullptr;
    }
    return nullptr;
}

PlanDocument::PlanDocument(const Json& plan) : plan_(plan) {
    if (!plan.is_object() || !plan["format_version"].is_string())
        throw Failure(
            "this is not a plan: `format_version` is missing; write one with `terraform show "
            "-json` "
            "or `tofu show -json`",
            Retry::never);
    if (!is_known_format(plan["format_version"].string_or("")))
        throw Failure("plans of format " + plan["format_version"].text() + " are not understood",
                      Retry::never);
    if (!plan["planned_values"].is_object())
        throw Failure("this is a state or an incomplete plan: `planned_values` is missing",
                      Retry::never);
    index_modules(plan["configuration"]["root_module"], "");
    index_changes();
    add_module(after_, plan["planned_values"]["root_module"], true);
    // Data sources are read into the prior state; references may lead to them.
    add_module(before_, plan["prior_state"]["values"]["root_module"], false);
    for (const auto& change : plan["resource_changes"].items())
        if (change.has("deposed")) add_deposed(change);
}

const Json* PlanDocument::change(const std::string& address) const {
    const auto it = changes_.find(address);
    return it == changes_.end() ? nullptr : it->second;
}

const Json* PlanDocument::module(const std::string& names) const {
    const auto it = modules_.find(names);
    return it == modules_.end() ? nullptr : it->second;
}

const Json* PlanDocument::module_call(const ModulePath& modules) const {
    if (modules.empty()) return nullptr;
    const auto* above = module(names_of({modules.begin(), modules.end() - 1}));
    if (!above) return nullptr;
    const auto& call = (*above)["module_calls"][modules.back().name];
    return call.is_object() ? &call : nullptr;
}

void PlanDocument::index_modules(const Json& module, const std::string& names) {
    if (!module.is_object()) return;
    modules_.emplace(names, &module);
    for (const auto& block : module["resources"].items())
        blocks_.emplace(block_key(names, block["mode"].string_or("") == "data",
                                  block["type"].text(), block["name"].text()),
                        &block);
    for (const auto& [name, call] : module["module_calls"].members())
        index_modules(call["module"], names.empty() ? name : names + "." + name);
}

void PlanDocument::index_changes() {
    for (const auto& change : plan_["resource_changes"].items())
        if (!change.has("deposed")) changes_.emplace(change["address"].text(), &change);
}

const Json* PlanDocument::configuration_of(const Address& place) const {
    const auto it =
        blocks_.find(block_key(names_of(place.modules), place.is_data, place.type, place.name));
    return it == blocks_.end() ? nullptr : it->second;
}

void PlanDocument::add_module(PlanSide& side, const Json& module, bool is_after) {
    for (const auto& each : module["resources"].items()) {
        if (each.has("deposed_key")) continue;
        PlanResource resource;
        resource.plan = this;
        resource.address = each["address"].text();
        // Before 0.13 an address named no module's resource in full.
        resource.place = parse_address(resource.address);
        resource.type = each["type"].text();
        resource.provider = each["provider_name"].text();
        resource.values = &each["values"];
        resource.sensitive = &each["sensitive_values"];
        resource.configuration = configuration_of(resource.place);
        if (const auto* found = is_after ? change(resource.address) : nullptr)
            resource.unknown = &(*found)["change"]["after_unknown"];
        side.add(std::move(resource));
    }
    for (const auto& child : module["child_modules"].items()) add_module(side, child, is_after);
}

// An object that an earlier replacement left behind is still there, and goes.
void PlanDocument::add_deposed(const Json& change) {
    PlanResource resource;
    resource.plan = this;
    resource.address = change["address"].text() + " (deposed " + change["deposed"].text() + ")";
    resource.place = parse_address(change["address"].string_or(""));
    resource.type = change["type"].text();
    resource.provider = change["provider_name"].text();
    resource.values = &change["change"]["before"];
    resource.sensitive = &change["change"]["before_sensitive"];
    before_.add(std::move(resource));
}

}  // namespace slipway::cost
