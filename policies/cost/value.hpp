// What an expression of a type file yields. "Not said" and "not known" differ: the first takes a
// default, the second makes the estimate incomplete and says what was not known.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "policies/cost/decimal.hpp"
#include "policies/cost/plan_document.hpp"
#include "service/model/cost.hpp"

namespace slipway::cost {

// What stands for a value that was removed before the plan left the worker.
constexpr std::string_view removed_text = "(sensitive value)";

// A place in a resource's values, with what the plan says about it elsewhere. Any may be null.
struct Node {
    const Json* value = nullptr;
    const Json* unknown = nullptr;
    const Json* sensitive = nullptr;
    const Json* expressions = nullptr;  // of the configuration
    const PlanResource* owner = nullptr;
};

struct Value {
    enum class Kind { null, unknown, boolean, number, text, node, resource };
    Kind kind = Kind::null;
    bool boolean = false;
    Decimal number;
    std::string text;
    Node node;                                                 // a list or a map
    const PlanResource* resource = nullptr;                    // what a reference led to
    bool sensitive = false;                                    // may be calculated with, not shown
    CostReason::Why why = CostReason::Why::known_after_apply;  // of an unknown one
    std::string attribute;     // where it comes from: "root_block_device[0].volume_size"
    std::string_view address;  // of the resource that it comes from, which outlives it

    bool is_null() const { return kind == Kind::null; }
    bool is_unknown() const { return kind == Kind::unknown; }

    static Value of(bool value);
    static Value of(Decimal value);
    static Value of(std::string value);
    static Value unknown_because(CostReason::Why why, std::string_view address,
                                 std::string attribute);
    static Value null_at(std::string_view address, std::string attribute);
};

// As a text of a component's name or a key: "8", "true", "gp3"; "" for nothing and for lists.
std::string text_of(const Value& value);
// A number, or a text that is one.
std::optional<Decimal> number_of(const Value& value);

// The whole of a resource, and what lies below a place in it. A member that is not there is null,
// or unknown where the configuration says something that is known only after apply.
Value root_of(const PlanResource& resource);
Value member_of(const Value& parent, std::string_view name);
Value element_of(const Value& parent, std::size_t index);
std::size_t size_of(const Value& list);  // 0 for what is no list

}  // namespace slipway::cost
