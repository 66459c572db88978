#include "policies/cost/value.hpp"

#include "policies/cost/references.hpp"

namespace slipway::cost {

namespace {

using Why = CostReason::Why;

const Json none;

// An expression of the configuration, as opposed to a block that has some.
bool is_expression(const Json& json) {
    return json.is_object() &&
           (json.members().empty() || json.has("constant_value") || json.has("references"));
}

const Json* below(const Json* json, std::string_view name) {
    if (!json) return nullptr;
    if (json->is_bool()) return json;  // all of it is unknown, or sensitive
    const auto& found = (*json)[name];
    return found.is_null() ? nullptr : &found;
}

const Json* below(const Json* json, std::size_t index) {
    if (!json) return nullptr;
    if (json->is_bool()) return json;
    const auto& found = (*json)[index];
    return found.is_null() ? nullptr : &found;
}

bool is_true(const Json* json) { return json && json->bool_or(false); }

// Whether anything below is unknown.
bool any_true(const Json* json) {
    if (!json) return false;
    if (json->is_bool()) return json->bool_or(false);
    for (const auto& item : json->items())
        if (any_true(&item)) return true;
    for (const auto& [name, item] : json->members())
        if (any_true(&item)) return true;
    return false;
}

Value value_at(const Node& node, std::string attribute, std::string_view address, bool is_set) {
    const Json& json = node.value ? *node.value : none;
    Value out;
    out.address = address;
    out.sensitive = is_true(node.sensitive);
    if (json.is_null()) {
        // A provider chooses what nobody set; a default stands for its choice.
        if (is_true(node.unknown) && is_set)
            return Value::unknown_because(Why::known_after_apply, address, std::move(attribute));
        if (!is_true(node.unknown) && any_true(node.unknown)) out.kind = Value::Kind::node;
        out.node = node;
        out.attribute = std::move(attribute);
        return out;
    }
    if (json.is_bool()) {
        out.kind = Value::Kind::boolean;
        out.boolean = json.bool_or(false);
    } else if (json.is_number()) {
        const auto number = parse_decimal(json.number_text());
        if (!number)
            return Value::unknown_because(Why::value_not_priced, address, std::move(attribute));
        out.kind = Value::Kind::number;
        out.number = *number;
    } else if (json.is_string()) {
        out.text = json.text();
        if (out.text == removed_text)
            return Value::unknown_because(Why::attribute_sensitive, address, std::move(attribute));
        if (!out.text.empty()) out.kind = Value::Kind::text;  // providers write "" for nothing
    } else {
        out.kind = Value::Kind::node;
        out.node = node;
    }
    out.attribute = std::move(attribute);
    return out;
}

// Whether what is unknown comes from the configuration. It does not where the configuration says
// nothing, or says what was known already: then the provider decides. A dynamic block is not in the
// configuration, so that nobody can tell.
bool is_set_at(const Node& parent, const Json* expression) {
    if (!expression) return !parent.expressions;
    if (!is_expression(*expression) || !parent.owner || !parent.owner->plan) return true;
    return !is_settled(*parent.owner->plan, parent.owner->place.modules, *expression);
}

}  // namespace

Value Value::of(bool value) {
    Value out;
    out.kind = Kind::boolean;
    out.boolean = value;
    return out;
}

Value Value::of(Decimal value) {
    Value out;
    out.kind = Kind::number;
    out.number = std::move(value);
    return out;
}

Value Value::of(std::string value) {
    Value out;
    out.kind = Kind::text;
    out.text = std::move(value);
    return out;
}

Value Value::unknown_because(CostReason::Why why, std::string_view address, std::string attribute) {
    Value out;
    out.kind = Kind::unknown;
    out.why = why;
    out.address = address;
    out.attribute = std::move(attribute);
    return out;
}

Value Value::null_at(std::string_view address, std::string attribute) {
    Value out;
    out.address = address;
    out.attribute = std::move(attribute);
    return out;
}

std::string text_of(const Value& value) {
    switch (value.kind) {
        case Value::Kind::boolean:
            return value.boolean ? "true" : "false";
        case Value::Kind::number:
            return decimal_text(value.number);
        case Value::Kind::text:
            return value.text;
        case Value::Kind::resource:
            return value.resource->address;
        case Value::Kind::null:
        case Value::Kind::unknown:
        case Value::Kind::node:
            break;
    }
    return "";
}

std::optional<Decimal> number_of(const Value& value) {
    if (value.kind == Value::Kind::number) return value.number;
    if (value.kind == Value::Kind::text) return parse_decimal(value.text);
    return std::nullopt;
}

Value root_of(const PlanResource& resource) {
    Value out;
    out.kind = Value::Kind::node;
    out.address = resource.address;
    out.node.owner = &resource;
    out.node.value = resource.values;
    out.node.unknown = resource.unknown;
    out.node.sensitive = resource.sensitive;
    if (resource.configuration) {
        const auto& expressions = (*resource.configuration)["expressions"];
        static const Json no_expressions = Json(Json::Object{{"", Json()}});
        out.node.expressions = expressions.is_object() && !expressions.members().empty()
                                   ? &expressions
                                   : &no_expressions;
    }
    return out;
}

Value member_of(const Value& parent, std::string_view name) {
    if (parent.kind == Value::Kind::resource) return member_of(root_of(*parent.resource), name);
    if (parent.is_unknown()) return parent;
    const auto& node = parent.node;
    std::string attribute;
    attribute.reserve(parent.attribute.size() + name.size() + 1);
    attribute.append(parent.attribute).append(parent.attribute.empty() ? "" : ".").append(name);
    if (parent.kind != Value::Kind::node)
        return Value::null_at(parent.address, std::move(attribute));
    Node inner;
    inner.owner = node.owner;
    inner.value = node.value ? &(*node.value)[name] : nullptr;
    inner.unknown = below(node.unknown, name);
    inner.sensitive = below(node.sensitive, name);
    const bool governed = node.expressions && is_expression(*node.expressions);
    inner.expressions = governed ? node.expressions : below(node.expressions, name);
    const bool is_set = is_true(inner.unknown) && is_set_at(node, inner.expressions);
    return value_at(inner, std::move(attribute), parent.address, is_set);
}

Value element_of(const Value& parent, std::size_t index) {
    if (parent.is_unknown()) return parent;
    auto attribute = parent.attribute + "[" + std::to_string(index) + "]";
    if (parent.kind != Value::Kind::node)
        return Value::null_at(parent.address, std::move(attribute));
    const auto& node = parent.node;
    Node inner;
    inner.owner = node.owner;
    inner.value = node.value ? &(*node.value)[index] : nullptr;
    inner.unknown = below(node.unknown, index);
    inner.sensitive = below(node.sensitive, index);
    // A block that may be there only once is an object in the configuration.
    inner.expressions = node.expressions;
    if (node.expressions && node.expressions->is_array())
        inner.expressions = below(node.expressions, index);
    return value_at(inner, std::move(attribute), parent.address, true);
}

std::size_t size_of(const Value& list) {
    if (list.kind != Value::Kind::node || !list.node.value) return 0;
    return list.node.value->items().size();
}

}  // namespace slipway::cost
