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

bool is_arithmetic(Binary op) { return op >= Binary::plus; }

}  // namespace

void Trace::add(const Trace& more) {
    assumptions.insert(assumptions.end(), more.assumptions.begin(), more.assumptions.end());
    usage_keys.insert(more.usage_keys.begin(), more.usage_keys.end());
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

void Scope::bind_later(std::string_view name, const Expression& expression) {
    if (!later_slot(name).expression) bind_later(name, expression, *this);
}

void Scope::bind_later(std::string_view name, const Expression& expression, Scope& outer) {
    auto& binding = later_slot(name);
    binding.expression = &expression;
    binding.scope = &outer;
}

bool Scope::holds(const Expression& condition, Value& value) {
    return decide(condition, value) == Truth::yes;
}

// Conditions are most of what is evaluated: their truth alone costs less than a Value of it.
Scope::Truth Scope::decide(const Expression& condition, Value& unknown) {
    if (condition.kind == Kind::unary && condition.text == "not") {
        const auto truth = decide(condition.arguments[0], unknown);
        if (truth == Truth::unknown) return truth;
        return truth == Truth::yes ? Truth::no : Truth::yes;
    }
    const auto op = condition.binary;
    if (condition.kind == Kind::binary && (op == Binary::both || op == Binary::either))
        return decide_both(condition, unknown);
    Value left_room, right_room;
    const auto told = [&unknown](const Value& value) {
        unknown = value;
        return Truth::unknown;
    };
    if (condition.kind != Kind::binary || op == Binary::choice || is_arithmetic(op)) {
        const auto& value = see(condition, left_room);
        if (value.is_unknown()) return told(value);
        return truth(value) ? Truth::yes : Truth::no;
    }
    const auto& left = see(condition.arguments[0], left_room);
    if (left.is_unknown()) return told(left);
    const auto& right = see(condition.arguments[1], right_room);
    if (right.is_unknown()) return told(right);
    return compared(op, left, right) ? Truth::yes : Truth::no;
}

// `and`, `or`: one side that is known may decide.
Scope::Truth Scope::decide_both(const Expression& condition, Value& unknown) {
    const auto decisive = condition.binary == Binary::either ? Truth::yes : Truth::no;
    const auto first = decide(condition.arguments[0], unknown);
    if (first == decisive) return first;
    Value unknown_second;
    const auto second = decide(condition.arguments[1], unknown_second);
    if (second == decisive || first != Truth::unknown) {
        unknown = std::move(unknown_second);
        return second;
    }
    return first;
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
        case Kind::boolean:
        case Kind::number:
        case Kind::text:
            return expression.value;
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

// Most operands are literals and bound names: seen where they are, they need not be copied.
const Value& Scope::see(const Expression& expression, Value& room) {
    if (expression.is_literal()) return expression.value;
    if (expression.kind == Kind::name)
        if (const auto* bound = bound_value(expression.text)) return *bound;
    return room = evaluate(expression);
}

Value Scope::path(const Expression& expression) {
    if (expression.kind == Kind::name) return name(expression.text);
    if (is_usage_path(expression)) return usage_value(expression);
    Value room;
    const auto& parent = see(expression.arguments[0], room);
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

const Value* Scope::bound_value(std::string_view name) {
    for (const auto& [bound, value] : bound_)
        if (bound == name) return &value;
    // A binding may refine the attribute of its own name: `engine: engine ?? source.engine`.
    for (auto& [bound, binding] : later_)
        if (bound == name && !binding.busy) return &later(binding);
    return name == "region" ? &region_ : nullptr;
}

Value Scope::name(const std::string& name) {
    if (const auto* bound = bound_value(name)) return *bound;
    if (name == "today") return Value::of(surroundings_.today);
    return only_bound_ ? Value() : member_of(root_, name);
}

const Value& Scope::later(Later& binding) {
    if (!binding.done) {
        auto& trace = binding.scope->trace_;
        Trace before;
        std::swap(before, trace);
        binding.busy = true;
        binding.value = binding.scope->evaluate(*binding.expression);
        binding.busy = false;
        binding.done = true;
        std::swap(before, trace);
        binding.trace = std::move(before);
    }
    trace_.add(binding.trace);
    return binding.value;
}

// usage.a.b: the member b of the member a; also of a flat key "a.b".
Value Scope::usage_value(const Expression& path) {
    std::vector<std::string_view> keys;
    for (const auto* at = &path; at->kind == Kind::member; at = &at->arguments[0])
        keys.push_back(at->text);
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
    const auto &wanted = expression.arguments[0], &chosen = expression.arguments[1];
    auto first = evaluate(wanted);
    if (!first.is_null()) return first;
    auto second = evaluate(chosen);
    if (chosen.is_literal() && chosen.kind != Kind::null &&
        !first.attribute.starts_with("usage.")) {
        auto attribute = first.attribute.empty() ? spelled(wanted) : first.attribute;
        if (!attribute.empty())
            trace_.assumptions.push_back({std::move(attribute), text_of(second)});
    }
    return second;
}

Value Scope::unary(const Expression& expression) {
    if (expression.text == "not") return condition(expression);
    Value room;
    const auto& value = see(expression.arguments[0], room);
    if (value.is_unknown()) return value;
    return calculated(Binary::minus, Value::of(Decimal(0)), value);
}

Value Scope::condition(const Expression& expression) {
    Value unknown;
    const auto truth = decide(expression, unknown);
    return truth == Truth::unknown ? unknown : Value::of(truth == Truth::yes);
}

Value Scope::binary(const Expression& expression) {
    const auto op = expression.binary;
    if (op == Binary::choice) return choice(expression);
    if (op == Binary::both || op == Binary::either) return condition(expression);
    Value left_room, right_room;
    const auto& left = see(expression.arguments[0], left_room);
    if (left.is_unknown()) return left;
    const auto& right = see(expression.arguments[1], right_room);
    if (right.is_unknown()) return right;
    auto out =
        is_arithmetic(op) ? calculated(op, left, right) : Value::of(compared(op, left, right));
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
    arguments.reserve(expression.arguments.size());
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
    Value room;
    const auto& key = see(expression.arguments[1], room);
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
