#include "policies/cost/scope.hpp"

#include "policies/cost/operators.hpp"
#include "policies/cost/references.hpp"
#include "policies/cost/regions.hpp"

namespace slipway::cost {

namespace {

using Kind = Expression::Kind;
using Binary = Expression::Binary;

Value of_json(const Json& json) {
    if (json.is_bool()) return Value::of(json.bool_or(false));
    if (json.is_string()) return Value::of(json.text());
    if (auto number = parse_decimal(json.number_text())) return Value::of(*number);
    return Value();
}

}  // namespace

void Trace::add(const Trace& more) {
    assumptions.insert(assumptions.end(), more.assumptions.begin(), more.assumptions.end());
    usage_keys.insert(more.usage_keys.begin(), more.usage_keys.end());
}

std::string spelled(const Expression& path) {
    switch (path.kind) {
        case Kind::name:
            return path.text;
        case Kind::member:
            return spelled(path.arguments[0]) + "." + path.text;
        case Kind::index:
            return spelled(path.arguments[0]) + "[" + decimal_text(path.arguments[1].number) + "]";
        default:
            return "";
    }
}

Scope::Scope(const Surroundings& surroundings, const PlanResource& resource, const Json& usage,
             Value region, const Tables& tables, bool only_bound)
    : surroundings_(surroundings),
      resource_(resource),
      root_(only_bound ? Value() : root_of(resource)),
      usage_(usage),
      region_(std::move(region)),
      tables_(tables),
      only_bound_(only_bound) {
    constexpr int usual = 8;
    bound_.reserve(usual);
    later_.reserve(usual);
}

// A type binds few names: comparing them one by one beats a map, which allocates for each.
Value& Scope::slot(std::string_view name) {
    for (auto& [bound, value] : bound_)
        if (bound == name) return value;
    return bound_.emplace_back(name, Value()).second;
}

Scope::Later& Scope::later_slot(std::string_view name) {
    for (auto& [bound, binding] : later_)
        if (bound == name) return binding;
    return later_.emplace_back(name, Later()).second;
}

void Scope::bind(std::string_view name, Value value) { slot(name) = std::move(value); }

void Scope::bind(std::string_view name, Value value, Trace trace) {
    auto& binding = later_slot(name);
    binding.done = true;
    binding.value = std::move(value);
    binding.trace = std::move(trace);
}

void Scope::bind_later(std::string_view name, const Expression& expression) {
    if (auto& binding = later_slot(name); !binding.done) binding.expression = &expression;
}

bool Scope::holds(const Expression& condition, Value& value) {
    value = evaluate(condition);
    return truth(value);
}

Value Scope::fill(const Template& text) {
    if (text.pieces.size() == 1 && text.pieces[0].expression)
        return evaluate(*text.pieces[0].expression);
    std::string out;
    for (const auto& piece : text.pieces) {
        if (!piece.expression) {
            out += piece.text;
            continue;
        }
        auto value = evaluate(*piece.expression);
        if (value.is_unknown() || value.is_null()) return value;
        out += text_of(value);
    }
    return Value::of(std::move(out));
}

Value Scope::evaluate(const Expression& expression) {
    switch (expression.kind) {
        case Kind::null:
            return Value();
        case Kind::boolean:
            return Value::of(expression.boolean);
        case Kind::number:
            return Value::of(expression.number);
        case Kind::text:
            return Value::of(expression.text);
        case Kind::name:
        case Kind::member:
        case Kind::index:
            return path(expression);
        case Kind::call:
            return call(expression);
        case Kind::unary:
            return unary(expression);
        case Kind::binary:
            return binary(expression);
    }
    return Value();
}

Value Scope::path(const Expression& expression) {
    if (expression.kind == Kind::name) return name(expression.text);
    bool is_usage = false;
    auto usage = usage_value(expression, is_usage);
    if (is_usage) return usage;
    const auto parent = evaluate(expression.arguments[0]);
    if (expression.kind == Kind::member) {
        if (parent.kind == Value::Kind::resource && expression.text == "address")
            return Value::of(parent.resource->address);
        if (parent.kind == Value::Kind::resource && expression.text == "type")
            return Value::of(parent.resource->type);
        return member_of(parent, expression.text);
    }
    const auto index = number_of(evaluate(expression.arguments[1]));
    if (!index || *index < 0) return Value();
    return element_of(parent, index->convert_to<std::size_t>());
}

Value Scope::name(const std::string& name) {
    for (const auto& [bound, value] : bound_)
        if (bound == name) return value;
    // A binding may refine the attribute of its own name: `engine: engine ?? source.engine`.
    for (auto& [bound, binding] : later_)
        if (bound == name && !binding.busy) return later(binding);
    if (name == "region") return region_;
    if (name == "today") return Value::of(surroundings_.today);
    return only_bound_ ? Value() : member_of(root_, name);
}

Value Scope::later(Later& binding) {
    if (!binding.done) {
        Trace outer;
        std::swap(outer, trace_);
        binding.busy = true;
        binding.value = evaluate(*binding.expression);
        binding.busy = false;
        binding.done = true;
        std::swap(outer, trace_);
        binding.trace = std::move(outer);
    }
    trace_.add(binding.trace);
    return binding.value;
}

// usage.a.b: the member b of the member a; also of a flat key "a.b".
Value Scope::usage_value(const Expression& path, bool& is_usage) {
    std::vector<std::string_view> keys;
    const auto* at = &path;
    for (; at->kind == Kind::member; at = &at->arguments[0]) keys.push_back(at->text);
    is_usage = at->kind == Kind::name && at->text == "usage" && !keys.empty();
    if (!is_usage) return Value();
    std::string key;
    const Json* json = &usage_;
    for (auto it = keys.rbegin(); it != keys.rend(); ++it) {
        key += (key.empty() ? "" : ".") + std::string(*it);
        json = &(*json)[*it];
    }
    trace_.usage_keys.insert(key);
    auto value = of_json(*json);
    value.address = resource_.address;
    value.attribute = "usage." + key;
    return value;
}

Value Scope::choice(const Expression& expression) {
    const auto& wanted = expression.arguments[0];
    auto first = evaluate(wanted);
    if (!first.is_null()) return first;
    auto second = evaluate(expression.arguments[1]);
    const bool is_default = expression.arguments[1].kind == Kind::number ||
                            expression.arguments[1].kind == Kind::text ||
                            expression.arguments[1].kind == Kind::boolean;
    if (is_default && !first.attribute.starts_with("usage.")) {
        auto attribute = first.attribute.empty() ? spelled(wanted) : first.attribute;
        if (!attribute.empty())
            trace_.assumptions.push_back({std::move(attribute), text_of(second)});
    }
    return second;
}

Value Scope::unary(const Expression& expression) {
    auto value = evaluate(expression.arguments[0]);
    if (value.is_unknown()) return value;
    if (expression.text == "not") return Value::of(!truth(value));
    return calculated(Binary::minus, Value::of(Decimal(0)), value);
}

Value Scope::logical(const Expression& expression) {
    const bool stops_at = expression.binary == Binary::either;
    const auto first = evaluate(expression.arguments[0]);
    if (!first.is_unknown() && truth(first) == stops_at) return Value::of(stops_at);
    const auto second = evaluate(expression.arguments[1]);
    if (!second.is_unknown() && truth(second) == stops_at) return Value::of(stops_at);
    if (first.is_unknown()) return first;
    if (second.is_unknown()) return second;
    return Value::of(!stops_at);
}

Value Scope::binary(const Expression& expression) {
    const auto op = expression.binary;
    if (op == Binary::choice) return choice(expression);
    if (op == Binary::both || op == Binary::either) return logical(expression);
    auto left = evaluate(expression.arguments[0]);
    if (left.is_unknown()) return left;
    auto right = evaluate(expression.arguments[1]);
    if (right.is_unknown()) return right;
    const bool is_arithmetic = op >= Binary::plus;
    auto out = is_arithmetic ? calculated(op, left, right) : compared(op, left, right);
    out.sensitive = left.sensitive || right.sensitive;
    return out;
}

Value Scope::call(const Expression& expression) {
    const auto& name = expression.text;
    if (name == "if") {
        Value condition;
        const bool held = holds(expression.arguments[0], condition);
        if (condition.is_unknown()) return condition;
        return evaluate(expression.arguments[held ? 1 : 2]);
    }
    if (name == "resource" || name == "is_managed") return refer(expression);
    if (name == "ordinal") return ordinal();
    if (is_table_function(expression)) return look_up(expression);
    if (name == "known") return Value::of(!evaluate(expression.arguments[0]).is_unknown());
    std::vector<Value> arguments;
    bool sensitive = false;
    for (const auto& argument : expression.arguments) {
        arguments.push_back(evaluate(argument));
        if (arguments.back().is_unknown()) return arguments.back();
        sensitive = sensitive || arguments.back().sensitive;
    }
    const auto& first = arguments[0];
    if (first.is_null() && name != "contains" && name != "length" && name != "starts_with" &&
        name != "ends_with" && name != "min" && name != "max")
        return first;
    auto out = call_function(name, arguments);
    out.sensitive = sensitive;
    if (out.attribute.empty()) out.attribute = first.attribute;
    if (out.address.empty()) out.address = first.address;
    return out;
}

// lookup(table, key): the row's value, null where there is none. at_least(table, number): the value
// of the least key that is not below the number.
Value Scope::look_up(const Expression& expression) {
    const auto& table = tables_.at(expression.arguments[0].text);
    auto key = evaluate(expression.arguments[1]);
    if (key.is_unknown() || key.is_null()) return key;
    const auto missing = Value::null_at(key.address, key.attribute);
    const std::string* found = nullptr;
    if (expression.text == "lookup") {
        const auto it = table.find(text_of(key));
        if (it != table.end()) found = &it->second;
    } else if (const auto wanted = number_of(key)) {
        std::optional<Decimal> least;
        for (const auto& [row, value] : table)
            if (const auto number = parse_decimal(row);
                number && *number >= *wanted && (!least || *number < *least)) {
                least = number;
                found = &value;
            }
    }
    if (!found) return missing;
    auto out = Value::of(*found);
    out.sensitive = key.sensitive;
    return out;
}

Value Scope::refer(const Expression& expression) {
    std::vector<std::string> types;
    for (std::size_t i = 1; i < expression.arguments.size(); ++i)
        types.push_back(expression.arguments[i].text);
    const auto attribute = evaluate(expression.arguments[0]);
    auto found = referred(surroundings_.plan, surroundings_.side, resource_, attribute, types);
    if (expression.text == "is_managed")
        return Value::of(found.kind == Value::Kind::resource && !found.resource->place.is_data);
    return found;
}

// The how manieth of its type it is in its region, from 1: a price that the first five share is the
// first one's.
Value Scope::ordinal() const {
    int count = 1;
    const auto& plan = surroundings_.plan;
    for (const auto& each : surroundings_.side.all()) {
        if (each.address == resource_.address) break;
        if (each.type != resource_.type || each.place.is_data) continue;
        if (text_of(region_of(plan, surroundings_.side, each)) == text_of(region_)) ++count;
    }
    return Value::of(Decimal(count));
}

}  // namespace slipway::cost
