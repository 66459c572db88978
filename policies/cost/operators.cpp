#include "policies/cost/operators.hpp"

namespace slipway::cost {

namespace {

using Binary = Expression::Binary;

bool equal(const Value& a, const Value& b) {
    if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
    const bool are_texts = a.kind == Value::Kind::text && b.kind == Value::Kind::text;
    if (are_texts && a.text == b.text) return true;
    const auto x = number_of(a);
    const auto y = x ? number_of(b) : std::nullopt;
    if (x && y) return *x == *y;
    return are_texts ? false : text_of(a) == text_of(b);
}

}  // namespace

bool truth(const Value& value) {
    return (value.kind == Value::Kind::boolean && value.boolean) ||
           (value.kind == Value::Kind::text && value.text == "true");
}

bool compared(Binary op, const Value& a, const Value& b) {
    if (op == Binary::equal) return equal(a, b);
    if (op == Binary::unequal) return !equal(a, b);
    if (a.is_null() || b.is_null()) return false;
    const auto x = number_of(a), y = number_of(b);
    const int order = x && y ? x->compare(*y) : text_of(a).compare(text_of(b));
    if (op == Binary::below) return order < 0;
    if (op == Binary::at_most) return order <= 0;
    if (op == Binary::above) return order > 0;
    return order >= 0;
}

Value calculated(Binary op, const Value& a, const Value& b) {
    if (a.is_null()) return a;
    if (b.is_null()) return b;
    const auto x = number_of(a), y = number_of(b);
    if (!x || !y) {
        const auto& wrong = x ? b : a;
        return Value::unknown_because(CostReason::Why::value_not_priced, wrong.address,
                                      wrong.attribute);
    }
    if (op == Binary::plus) return Value::of(Decimal(*x + *y));
    if (op == Binary::minus) return Value::of(Decimal(*x - *y));
    if (op == Binary::times) return Value::of(Decimal(*x * *y));
    if (y->is_zero())
        return Value::unknown_because(CostReason::Why::value_not_priced, b.address, b.attribute);
    return Value::of(Decimal(*x / *y));
}

}  // namespace slipway::cost
