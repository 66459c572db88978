// Plan documents for tests, as a tool would write them, from a few words per resource.
#pragma once
#include <string>
#include <vector>

#include "service/base/json.hpp"

namespace slipway::cost {

inline Json json(const std::string& text) {
    auto parsed = parse_json(text);
    if (!parsed) throw Failure(parsed.error().message, Retry::never);
    return std::move(*parsed);
}

class PlanBuilder {
  public:
    PlanBuilder() {
        plan_ = json(R"({"format_version": "1.2", "terraform_version": "1.11.4",
            "planned_values": {"root_module": {"resources": []}},
            "prior_state": {"values": {"root_module": {"resources": []}}},
            "resource_changes": [],
            "configuration": {"provider_config": {}, "root_module": {"resources": []}}})");
    }
    // `expressions` is JSON, as {"region": {"constant_value": "eu-west-1"}}.
    PlanBuilder& provider(const std::string& key, const std::string& expressions) {
        const auto name = key.substr(0, key.find('.'));
        plan_.at("configuration")
            .at("provider_config")
            .set(key, Json::object({{"name", name}, {"expressions", json(expressions)}}));
        return *this;
    }
    PlanBuilder& create(const std::string& address, const std::string& after,
                        const std::string& unknown = "{}", const std::string& expressions = "") {
        planned(address, after);
        configure(address, expressions.empty() ? after_as_constants(after) : expressions);
        return change(address, R"(["create"])", "null", after, unknown);
    }
    PlanBuilder& update(const std::string& address, const std::string& before,
                        const std::string& after, const std::string& actions = R"(["update"])",
                        const std::string& previous = "") {
        planned(address, after);
        prior(previous.empty() ? address : previous, before);
        configure(address, after_as_constants(after));
        change(address, actions, before, after, "{}");
        if (!previous.empty())
            plan_.at("resource_changes").edit_items().back().set("previous_address", previous);
        return *this;
    }
    PlanBuilder& remove(const std::string& address, const std::string& before,
                        const std::string& actions = R"(["delete"])") {
        prior(address, before);
        return change(address, actions, before, "null", "{}");
    }
    PlanBuilder& prior(const std::string& address, const std::string& values) {
        return add("prior_state", address, values);
    }
    PlanBuilder& planned(const std::string& address, const std::string& values) {
        auto& items = plan_.at("planned_values").at("root_module").at("resources").edit_items();
        items.push_back(resource(address, values));
        return *this;
    }
    PlanBuilder& configure(const std::string& address, const std::string& expressions) {
        auto block = resource(address, "{}");
        block.erase("values");
        block.set("provider_config_key", type_of(address).substr(0, type_of(address).find('_')));
        block.set("expressions", json(expressions));
        plan_.at("configuration").at("root_module").at("resources").push(std::move(block));
        return *this;
    }
    Json& document() { return plan_; }

  private:
    static std::string type_of(const std::string& address) {
        const auto start = address.starts_with("data.") ? 5u : 0u;
        return address.substr(start, address.find('.', start) - start);
    }
    static Json resource(const std::string& address, const std::string& values) {
        const auto type = type_of(address);
        const auto bracket = address.find('[');
        auto name = address.substr(0, bracket);
        name = name.substr(name.rfind('.') + 1);
        return Json::object({{"address", address},
                             {"mode", address.starts_with("data.") ? "data" : "managed"},
                             {"type", type},
                             {"name", name},
                             {"provider_name", "registry.terraform.io/hashicorp/x"},
                             {"values", json(values)}});
    }
    static std::string after_as_constants(const std::string& after) {
        Json out = Json::object();
        const Json values = json(after);
        for (const auto& [name, value] : values.members())
            out.set(name, Json::object({{"constant_value", value}}));
        return out.dump();
    }
    PlanBuilder& add(const char* side, const std::string& address, const std::string& values) {
        plan_.at(side)
            .at("values")
            .at("root_module")
            .at("resources")
            .push(resource(address, values));
        return *this;
    }
    PlanBuilder& change(const std::string& address, const std::string& actions,
                        const std::string& before, const std::string& after,
                        const std::string& unknown) {
        Json out = resource(address, "{}");
        out.erase("values");
        out.set("change", Json::object({{"actions", json(actions)},
                                        {"before", json(before)},
                                        {"after", json(after)},
                                        {"after_unknown", json(unknown)}}));
        plan_.at("resource_changes").push(std::move(out));
        return *this;
    }

    Json plan_;
};

}  // namespace slipway::cost
