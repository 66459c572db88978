#include "policies/cost/references.hpp"

#include <algorithm>
#include <set>

namespace slipway::cost {

namespace {

constexpr int depth_limit = 64;

// Follows references from a module to the resources of the wanted types.
class Search {
  public:
    Search(const PlanDocument& plan, const PlanSide& side, const PlanResource& from,
           const std::vector<std::string>& types)
        : plan_(plan), side_(side), from_(from), types_(types) {}

    void follow(const Json& expression, const ModulePath& modules, int depth = 0) {
        if (depth > depth_limit) return;
        for (const auto& reference : expression["references"].items())
            follow_one(reference.string_or(""), modules, depth);
        // Blocks and lists of an attribute hold expressions of their own.
        for (const auto& item : expression.items()) follow(item, modules, depth + 1);
    }

    // The only one that was found.
    const PlanResource* found() const { return found_.size() == 1 ? *found_.begin() : nullptr; }

  private:
    void follow_one(std::string_view reference, const ModulePath& modules, int depth) {
        const auto parts = dotted_parts(reference);
        if (parts.size() < 2) return;
        if (parts[0] == "var") {
            const auto* call = plan_.module_call(modules);
            if (!call) return;
            follow((*call)["expressions"][step_of(parts[1]).name],
                   {modules.begin(), modules.end() - 1}, depth + 1);
        } else if (parts[0] == "module") {
            if (parts.size() > 2) follow_output(parts, modules, depth);
        } else if (parts[0] == "each") {
            if (from_.configuration && modules == from_.place.modules)
                follow((*from_.configuration)["for_each_expression"], modules, depth + 1);
        } else {
            follow_resource(parse_address(reference), modules);
        }
    }

    void follow_output(const std::vector<std::string>& parts, const ModulePath& modules,
                       int depth) {
        auto inner = modules;
        inner.push_back(step_of(parts[1]));
        // module.m.out, or module.m["key"].out; without a key each instance is tried.
        const auto* module = plan_.module(names_of(inner));
        if (!module) return;
        const auto& output = (*module)["outputs"][step_of(parts[2]).name]["expression"];
        if (!inner.back().key.empty()) return follow(output, inner, depth + 1);
        for (const auto& key : keys_of(inner)) {
            inner.back().key = key;
            follow(output, inner, depth + 1);
        }
    }

    // The keys that a module has on this side: its own if the asking resource lies in the same.
    std::set<std::string> keys_of(const ModulePath& path) const {
        std::set<std::string> keys;
        for (const auto& resource : side_.all()) {
            const auto& modules = resource.place.modules;
            if (modules.size() < path.size()) continue;
            if (!std::equal(path.begin(), path.end() - 1, modules.begin())) continue;
            const auto& step = modules[path.size() - 1];
            if (step.name == path.back().name) keys.insert(step.key);
        }
        if (keys.size() > 1) {
            if (keys.contains(from_.place.key)) return {from_.place.key};
            const auto& own = from_.place.modules;
            if (own.size() >= path.size() && keys.contains(own[path.size() - 1].key))
                return {own[path.size() - 1].key};
        }
        return keys;
    }

    void follow_resource(const Address& target, const ModulePath& modules) {
        if (std::find(types_.begin(), types_.end(), target.type) == types_.end()) return;
        const auto candidates = side_.instances(modules, target.is_data, target.type, target.name);
        const PlanResource* chosen = candidates.size() == 1 ? candidates[0] : nullptr;
        const auto& wanted = target.key.empty() ? from_.place.key : target.key;
        for (const auto* candidate : candidates)
            if (candidate->place.key == wanted) chosen = candidate;
        if (chosen)
            found_.insert(chosen);
        else  // one of several, and nobody can say which
            found_.insert(candidates.begin(), candidates.end());
    }

    const PlanDocument& plan_;
    const PlanSide& side_;
    const PlanResource& from_;
    const std::vector<std::string>& types_;
    std::set<const PlanResource*> found_;
};

const PlanResource* by_value(const PlanSide& side, const std::string& text,
                             const std::vector<std::string>& types) {
    for (const auto& type : types)
        if (const auto* found = side.identified(type, text)) return found;
    return nullptr;
}

// The configuration's expression of a path: "launch_template[0].id".
const Json* expression_at(const PlanResource& resource, const std::string& path) {
    if (!resource.configuration) return nullptr;
    const Json* at = &(*resource.configuration)["expressions"];
    for (const auto& part : dotted_parts(path)) {
        const auto step = step_of(part);
        const bool is_leaf = at->has("references") || at->has("constant_value");
        if (!is_leaf) at = &(*at)[step.name];
        if (at->is_array() && !step.key.empty()) {
            const auto index = parse_decimal(step.key.substr(1, step.key.size() - 2));
            if (!index) return nullptr;
            at = &(*at)[index->convert_to<std::size_t>()];
        }
    }
    return at->is_null() ? nullptr : at;
}

}  // namespace

Value referred(const PlanDocument& plan, const PlanSide& side, const PlanResource& from,
               const Value& attribute, const std::vector<std::string>& types) {
    const auto found = [](const PlanResource* resource) {
        Value out;
        out.kind = Value::Kind::resource;
        out.resource = resource;
        out.address = resource->address;
        return out;
    };
    const auto& path = attribute.attribute;
    if (attribute.kind == Value::Kind::text)
        if (const auto* resource = by_value(side, attribute.text, types)) return found(resource);
    if (const auto* expression = expression_at(from, path)) {
        Search search(plan, side, from, types);
        search.follow(*expression, from.place.modules);
        if (const auto* resource = search.found()) return found(resource);
    }
    if (attribute.is_null()) return attribute;
    return Value::unknown_because(CostReason::Why::reference_unresolved, from.address, path);
}

const Json* constant_of(const PlanDocument& plan, const ModulePath& modules,
                        const Json& expression) {
    if (expression.has("constant_value")) return &expression["constant_value"];
    const auto& references = expression["references"].items();
    if (references.size() != 1) return nullptr;
    const auto parts = dotted_parts(references[0].string_or(""));
    if (parts.size() != 2 || parts[0] != "var") return nullptr;
    if (modules.empty()) {
        const auto& value = plan.json()["variables"][parts[1]]["value"];
        return value.is_null() ? nullptr : &value;
    }
    const auto* call = plan.module_call(modules);
    if (!call) return nullptr;
    const auto& handed = (*call)["expressions"][parts[1]];
    if (!handed.is_null()) return constant_of(plan, {modules.begin(), modules.end() - 1}, handed);
    const auto* module = plan.module(names_of(modules));
    if (!module) return nullptr;
    const auto& fallback = (*module)["variables"][parts[1]]["default"];
    return fallback.is_null() ? nullptr : &fallback;
}

bool is_settled(const PlanDocument& plan, const ModulePath& modules, const Json& expression) {
    if (modules.size() > depth_limit) return false;
    for (const auto& reference : expression["references"].items()) {
        const auto parts = dotted_parts(reference.string_or(""));
        if (parts[0] == "count" || parts[0] == "path" || parts[0] == "terraform") continue;
        if (parts[0] != "var" || parts.size() < 2) return false;
        const auto* call = plan.module_call(modules);
        if (!call) {
            if (modules.empty()) continue;
            return false;
        }
        const auto& handed = (*call)["expressions"][step_of(parts[1]).name];
        if (!is_settled(plan, {modules.begin(), modules.end() - 1}, handed)) return false;
    }
    // Blocks that are handed over as one value hold expressions of their own.
    for (const auto& item : expression.items())
        if (!is_settled(plan, modules, item)) return false;
    return true;
}

}  // namespace slipway::cost
