#include "policies/cost/pricing.hpp"

#include <algorithm>

#include "policies/cost/bands.hpp"
#include "policies/cost/prices/price_row.hpp"
#include "policies/cost/regions.hpp"

namespace slipway::cost {

namespace {

using Why = CostReason::Why;

constexpr int depth_limit = 8;  // of files that use others
constexpr std::size_t each_limit = 1000;

// What may be shown of a value in a name.
std::string shown(const Value& value) {
    if (value.sensitive) return "sensitive";
    if (value.is_unknown()) return "unknown";
    return text_of(value);
}

std::string name_of(Scope& scope, const Template& text, bool& sensitive) {
    std::string out;
    for (const auto& piece : text.pieces) {
        if (!piece.expression) {
            out += piece.text;
            continue;
        }
        const auto value = scope.evaluate(*piece.expression);
        sensitive = sensitive || value.sensitive;
        out += shown(value);
    }
    return out;
}

bool names_a_band(const Template& text) {
    return std::any_of(text.pieces.begin(), text.pieces.end(), [](const auto& piece) {
        return piece.expression && piece.expression->text == "band";
    });
}

// In shown units; most rules show the price's own, and a division costs more than all else here.
Decimal scaled(const Decimal& amount, const Decimal& scale) {
    return scale == 1 ? amount : Decimal(amount / scale);
}

Value times(const Value& a, const Value& b) {
    if (a.is_unknown() || a.is_null()) return a;
    if (b.is_unknown() || b.is_null()) return b;
    const auto x = number_of(a), y = number_of(b);
    if (!x) return Value::unknown_because(Why::value_not_priced, a.address, a.attribute);
    if (!y) return Value::unknown_because(Why::value_not_priced, b.address, b.attribute);
    return Value::of(*y == 1 ? *x : Decimal(*x * *y));
}

void bind_lets(Scope& scope, const TypeFile& file) {
    for (const auto& [name, expression] : file.lets) scope.bind_later(name, expression);
}

}  // namespace

Bill Pricing::bill(const PlanResource& resource, const TypeFile& file, const Json& usage) {
    Bill out;
    resource_ = &resource;
    bill_ = &out;
    Value region = file.region.empty() ? region_of(surroundings_.plan, surroundings_.side, resource)
                                       : Value::of(file.region);
    out.side.region = region.kind == Value::Kind::text ? region.text : "";
    Scope scope(surroundings_, resource, usage, std::move(region), file.tables, false);
    bind_lets(scope, file);
    asked_.clear();
    add_file(scope, file, {{}, Value::of(Decimal(1)), 0, {}});
    take_trace(scope);
    out.side.usage_keys = {asked_.begin(), asked_.end()};
    return out;
}

void Pricing::add_file(Scope& scope, const TypeFile& file, const Place& place) {
    if (place.depth > depth_limit)
        return leave_out(
            Value::unknown_because(Why::reference_unresolved, resource_->address, file.name));
    add_components(scope, file, file.components, place);
    for (const auto& rule : file.parts) add_part(scope, file, rule, place);
}

void Pricing::add_part(Scope& scope, const TypeFile& file, const PartRule& rule,
                       const Place& place) {
    if (!rule.each) return add_part_once(scope, file, rule, place);
    const auto list = scope.evaluate(*rule.each);
    if (list.is_unknown()) return leave_out(list);
    const auto count = size_of(list);
    if (count > each_limit)
        return leave_out(
            Value::unknown_because(Why::value_not_priced, list.address, list.attribute));
    for (std::size_t i = 0; i < count; ++i) {
        scope.bind("each", element_of(list, i));
        scope.bind("index", Value::of(Decimal(i)));
        add_part_once(scope, file, rule, place);
    }
}

void Pricing::add_part_once(Scope& scope, const TypeFile& file, const PartRule& rule, Place place) {
    if (rule.when) {
        Value value;
        const bool held = scope.holds(*rule.when, value);
        if (value.is_unknown()) return leave_out(value);
        if (!held) return;
    }
    if (rule.times) {
        take_trace(scope);
        place.times = times(place.times, scope.evaluate(*rule.times));
        place.trace.add(take_trace(scope));
    }
    bool sensitive = false;
    const auto name = name_of(scope, rule.name, sensitive);
    if (!name.empty()) place.part.push_back(name);
    if (rule.use.empty()) return add_components(scope, file, rule.components, place);
    const PlanResource* resource = &scope.resource();
    if (rule.of) {
        const auto target = scope.evaluate(*rule.of);
        if (target.is_unknown()) return leave_out(target);
        if (target.kind != Value::Kind::resource) return;
        resource = target.resource;
    }
    const auto* used = types_.find(rule.use);
    if (!used) return;
    ++place.depth;
    Scope inner(surroundings_, *resource, scope.usage(), scope.region(), used->tables,
                used->is_closed);
    for (const auto& [key, expression] : rule.with) inner.bind_later(key, expression, scope);
    bind_lets(inner, *used);
    add_file(inner, *used, place);
    take_trace(inner);
}

void Pricing::add_components(Scope& scope, const TypeFile& file,
                             const std::vector<ComponentRule>& rules, const Place& place) {
    for (const auto& rule : rules) add_component(scope, file, rule, place);
}

void Pricing::add_component(Scope& scope, const TypeFile& file, const ComponentRule& rule,
                            const Place& place) {
    take_trace(scope);
    Value condition;
    const bool held = !rule.when || scope.holds(*rule.when, condition);
    if (!held && !condition.is_unknown()) return;
    CostComponent component;
    component.part = place.part;
    component.unit = rule.unit;
    component.usage_based = rule.usage_based;
    scope.bind("band", Value::of(std::string("")));
    bool sensitive = false;
    component.name = name_of(scope, rule.name, sensitive);
    if (condition.is_unknown()) {
        doubt(condition, component.name);
        return add(std::move(component));
    }
    auto amount = quantity(scope, rule, place, component);
    const auto found = price(scope, file, rule, component);
    auto trace = take_trace(scope);
    trace.add(place.trace);
    for (auto& assumption : trace.assumptions)
        if (std::find(component.assumptions.begin(), component.assumptions.end(), assumption) ==
            component.assumptions.end())
            component.assumptions.push_back(std::move(assumption));
    component.usage_keys = {trace.usage_keys.begin(), trace.usage_keys.end()};
    if (!found) {
        if (amount) component.quantity = scaled(*amount, rule.scale);
        return add(std::move(component));
    }
    component.price_date = rule.price.usd ? rule.price.date : day_text(found->date);
    component.price_source = found->source;
    const bool named_band = names_a_band(rule.name);
    const auto bands = bands_of(*found, amount);
    for (const auto& band : bands) {
        auto one = &band == &bands.back() ? std::move(component) : component;
        if (named_band) {
            scope.bind("band", Value::of(band.name));
            one.name = name_of(scope, rule.name, sensitive);
        } else if (!band.name.empty()) {
            one.name += " (" + band.name + ")";
        }
        if (band.quantity) one.quantity = scaled(*band.quantity, rule.scale);
        one.price = rule.scale == 1 ? band.price : Decimal(band.price * rule.scale);
        add(std::move(one));
    }
}

std::optional<Decimal> Pricing::quantity(Scope& scope, const ComponentRule& rule,
                                         const Place& place, CostComponent& component) {
    auto value = scope.evaluate(rule.quantity);
    if (rule.usage_based && value.is_null()) return std::nullopt;
    value = times(value, place.times);
    if (value.is_null())
        value = Value::unknown_because(Why::attribute_missing, value.address, value.attribute);
    const auto number = number_of(value);
    if (number && *number >= 0) return number;
    if (!value.is_unknown())
        value = Value::unknown_because(Why::value_not_priced, value.address, value.attribute);
    doubt(value, component.name);
    return std::nullopt;
}

std::optional<PriceKey> Pricing::key(Scope& scope, const TypeFile& file, const ComponentRule& rule,
                                     const std::string& component, bool& sensitive) {
    const auto filled = [&](const Template& text) -> std::optional<std::string> {
        auto value = scope.fill(text);
        if (value.is_null())
            value = Value::unknown_because(Why::attribute_missing, value.address, value.attribute);
        if (value.is_unknown()) {
            doubt(value, component);
            return std::nullopt;
        }
        sensitive = sensitive || value.sensitive;
        return text_of(value);
    };
    const auto& price = rule.price;
    PriceKey key;
    key.provider = file.provider;
    const auto service = filled(price.service);
    const auto sku = service ? filled(price.sku) : std::nullopt;
    if (!sku) return std::nullopt;
    key.service = *service;
    key.sku = *sku;
    if (price.region) {
        const auto region = filled(*price.region);
        if (!region) return std::nullopt;
        key.region = *region;
    } else if (scope.region().is_unknown()) {
        doubt(scope.region(), component);
        return std::nullopt;
    } else {
        key.region = text_of(scope.region());
    }
    for (const auto& [name, text] : price.attributes) {
        const auto value = filled(text);
        if (!value) return std::nullopt;
        key.attributes += (key.attributes.empty() ? "" : ";") + name + "=" + *value;
    }
    return key;
}

std::optional<Price> Pricing::price(Scope& scope, const TypeFile& file, const ComponentRule& rule,
                                    const CostComponent& component) {
    const auto& wanted = rule.price;
    if (!rule.not_priced.empty()) {
        doubt(Value::unknown_because(Why::value_not_priced, scope.resource().address,
                                     rule.not_priced),
              component.name);
        return std::nullopt;
    }
    if (wanted.usd) {
        Price own;
        own.unit = rule.unit;
        own.tiers.push_back({Decimal(0), *wanted.usd});
        own.source = rule.place.file;
        return own;
    }
    bool sensitive = false;
    const auto wanted_key = key(scope, file, rule, component.name, sensitive);
    if (!wanted_key) return std::nullopt;
    auto found = prices_.find(*wanted_key);
    const bool fits = found && !found->tiers.empty() && found->unit == wanted.unit;
    if (fits) return found;
    CostReason reason;
    reason.why = found ? Why::unit_mismatch : Why::price_missing;
    reason.address = resource_->address;
    reason.component = component.name;
    if (!sensitive) reason.value = key_text(*wanted_key);
    bill_->reasons.push_back(std::move(reason));
    return std::nullopt;
}

Trace Pricing::take_trace(Scope& scope) {
    auto trace = scope.take_trace();
    asked_.insert(trace.usage_keys.begin(), trace.usage_keys.end());
    return trace;
}

void Pricing::doubt(const Value& unknown, const std::string& component) {
    CostReason reason;
    reason.why = unknown.why;
    reason.address = resource_->address;
    reason.component = unknown.why == Why::region_unknown ? "" : component;
    reason.attribute = unknown.attribute;
    if (!unknown.address.empty() && unknown.address != resource_->address)
        reason.attribute = std::string(unknown.address) + "." + unknown.attribute;
    auto& reasons = bill_->reasons;
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
        reasons.push_back(std::move(reason));
}

void Pricing::leave_out(const Value& unknown) {
    doubt(unknown, "");
    ++bill_->side.totals.unknown;
}

void Pricing::add(CostComponent component) {
    auto& totals = bill_->side.totals;
    if (const auto cost = component.cost())
        (component.usage_based ? totals.usage : totals.fixed) += *cost;
    else if (!component.price || !component.usage_based)
        ++totals.unknown;
    bill_->side.components.push_back(std::move(component));
}

}  // namespace slipway::cost
