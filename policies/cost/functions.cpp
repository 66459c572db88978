#include "policies/cost/functions.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "policies/cost/machine_shapes.hpp"
#include "service/base/nearest.hpp"

namespace slipway::cost {

namespace {

using Arguments = std::vector<Value>;

template <class Better>
Value best(const Arguments& arguments, Better better) {
    Value out;
    for (const auto& each : arguments) {
        const auto number = number_of(each);
        if (!number) return each;
        if (out.is_null() || better(*number, out.number)) out = Value::of(*number);
    }
    return out;
}

Value least(const Arguments& arguments) {
    return best(arguments, [](const Decimal& a, const Decimal& b) { return a < b; });
}
Value greatest(const Arguments& arguments) {
    return best(arguments, [](const Decimal& a, const Decimal& b) { return a > b; });
}

Value ceiling(const Arguments& arguments) {
    const auto number = number_of(arguments[0]);
    return number ? Value::of(Decimal(boost::multiprecision::ceil(*number))) : arguments[0];
}

Value ground(const Arguments& arguments) {
    const auto number = number_of(arguments[0]);
    return number ? Value::of(Decimal(boost::multiprecision::floor(*number))) : arguments[0];
}

Value lower(const Arguments& arguments) {
    auto text = text_of(arguments[0]);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return Value::of(std::move(text));
}

Value length(const Arguments& arguments) {
    if (arguments[0].kind == Value::Kind::text) return Value::of(Decimal(arguments[0].text.size()));
    return Value::of(Decimal(size_of(arguments[0])));
}

// Of a list: one of its texts; of a text: a part of it.
Value contains(const Arguments& arguments) {
    const auto wanted = text_of(arguments[1]);
    const auto& list = arguments[0];
    if (list.kind != Value::Kind::node)
        return Value::of(text_of(list).find(wanted) != std::string::npos);
    for (std::size_t i = 0; i < size_of(list); ++i)
        if (text_of(element_of(list, i)) == wanted) return Value::of(true);
    return Value::of(false);
}

Value starts_with(const Arguments& arguments) {
    return Value::of(text_of(arguments[0]).starts_with(text_of(arguments[1])));
}
Value ends_with(const Arguments& arguments) {
    return Value::of(text_of(arguments[0]).ends_with(text_of(arguments[1])));
}

std::vector<std::string> parts_of(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size();) {
        if (!separator.empty() && text.compare(i, separator.size(), separator) == 0) {
            parts.emplace_back();
            i += separator.size();
        } else {
            parts.back() += text[i++];
        }
    }
    return parts;
}

// split('n2-custom-4-8192', '-', -2) is 4: counted from the end where negative.
Value split(const Arguments& arguments) {
    const auto parts = parts_of(text_of(arguments[0]), text_of(arguments[1]));
    const auto wanted = number_of(arguments[2]);
    if (!wanted) return Value();
    auto index = wanted->convert_to<long>();
    if (index < 0) index += static_cast<long>(parts.size());
    if (index < 0 || index >= static_cast<long>(parts.size())) return Value();
    return Value::of(parts[static_cast<std::size_t>(index)]);
}

// first_parts('8.0.35', '.', 2) is 8.0.
Value first_parts(const Arguments& arguments) {
    const auto separator = text_of(arguments[1]);
    const auto parts = parts_of(text_of(arguments[0]), separator);
    const auto wanted = number_of(arguments[2]);
    std::string out;
    for (std::size_t i = 0; wanted && i < parts.size() && *wanted > i; ++i)
        out += (i ? separator : "") + parts[i];
    return Value::of(std::move(out));
}

// replace('db.m5.large', 'db.', ''): the first occurrence.
Value replace(const Arguments& arguments) {
    auto text = text_of(arguments[0]);
    const auto wanted = text_of(arguments[1]);
    if (const auto at = text.find(wanted); at != text.npos)
        text.replace(at, wanted.size(), text_of(arguments[2]));
    return Value::of(std::move(text));
}

// Of Google's machine types; null for a type that is not known.
template <class Take>
Value of_shape(const Arguments& arguments, Take take) {
    const auto shape = machine_shape(text_of(arguments[0]));
    return shape ? take(*shape) : Value();
}
Value machine_family(const Arguments& arguments) {
    return of_shape(arguments, [](const auto& shape) { return Value::of(shape.family); });
}
Value machine_vcpus(const Arguments& arguments) {
    return of_shape(arguments, [](const auto& shape) { return Value::of(shape.vcpus); });
}
Value machine_memory_gb(const Arguments& arguments) {
    return of_shape(arguments, [](const auto& shape) { return Value::of(shape.memory_gb); });
}
Value machine_extended_memory_gb(const Arguments& arguments) {
    return of_shape(arguments,
                    [](const auto& shape) { return Value::of(shape.extended_memory_gb); });
}
Value sustained_use(const Arguments& arguments) {
    return of_shape(arguments, [](const auto& shape) { return Value::of(shape.sustained_use); });
}

struct Function {
    std::string_view name;
    std::size_t least, most;
    Value (*call)(const Arguments&);  // null: the evaluator's own
};

constexpr std::size_t many = 100;
constexpr std::array<Function, 24> functions{
    {{"if", 3, 3, nullptr},
     {"resource", 2, many, nullptr},
     {"is_managed", 2, many, nullptr},
     {"lookup", 2, 2, nullptr},
     {"at_least", 2, 2, nullptr},
     {"known", 1, 1, nullptr},
     {"min", 1, many, least},
     {"max", 1, many, greatest},
     {"ceil", 1, 1, ceiling},
     {"floor", 1, 1, ground},
     {"lower", 1, 1, lower},
     {"length", 1, 1, length},
     {"contains", 2, 2, contains},
     {"starts_with", 2, 2, starts_with},
     {"ends_with", 2, 2, ends_with},
     {"split", 3, 3, split},
     {"first_parts", 3, 3, first_parts},
     {"replace", 3, 3, replace},
     {"ordinal", 0, 0, nullptr},
     {"machine_family", 1, 1, machine_family},
     {"machine_vcpus", 1, 1, machine_vcpus},
     {"machine_memory_gb", 1, 1, machine_memory_gb},
     {"machine_extended_memory_gb", 1, 1, machine_extended_memory_gb},
     {"sustained_use", 1, 1, sustained_use}}};

const Function* find(std::string_view name) {
    for (const auto& each : functions)
        if (each.name == name) return &each;
    return nullptr;
}

}  // namespace

bool is_table_function(const Expression& expression) {
    return expression.kind == Expression::Kind::call &&
           (expression.text == "lookup" || expression.text == "at_least");
}

std::string call_trouble(const Expression& call, const Tables& tables) {
    const auto* function = find(call.text);
    if (!function) {
        std::vector<std::string> known;
        for (const auto& each : functions) known.emplace_back(each.name);
        return "there is no function `" + call.text + "`" + did_you_mean(call.text, known);
    }
    const auto count = call.arguments.size();
    if (count < function->least || count > function->most)
        return "`" + call.text + "` takes " + std::to_string(function->least) +
               (function->most > function->least ? " or more" : "") + " arguments";
    if (is_table_function(call) && !tables.contains(call.arguments[0].text))
        return "`tables` has no `" + call.arguments[0].text + "`";
    return "";
}

Value call_function(const std::string& name, const std::vector<Value>& arguments) {
    return find(name)->call(arguments);
}

}  // namespace slipway::cost
