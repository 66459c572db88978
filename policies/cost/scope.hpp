// Where an expression of a type file is evaluated: names that the file has bound, then what is
// common (usage, region, today), then the attributes of the resource.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/cost/expression.hpp"
#include "policies/cost/functions.hpp"
#include "policies/cost/plan_document.hpp"
#include "policies/cost/value.hpp"

namespace slipway::cost {

// What was taken instead of what the plan does not say, and what was asked of the usage file.
struct Trace {
    std::vector<CostAssumption> assumptions;
    std::set<std::string> usage_keys;

    void add(const Trace& more);
};

// What all scopes of one side of a plan share.
struct Surroundings {
    const PlanDocument& plan;
    const PlanSide& side;
    std::string today;  // "2026-10-15"
};

class Scope {
  public:
    // `usage` is the resource's part of the usage file: a map, or null. All arguments must outlive
    // the scope. `only_bound`: a name that is not bound is no attribute of the resource (in a part
    // that takes its values from where it is used).
    Scope(const Surroundings& surroundings, const PlanResource& resource, const Json& usage,
          Value region, const Tables& tables, bool only_bound);

    // The names must outlive the scope, too.
    void bind(std::string_view name, Value value);
    // Evaluated when it is asked for, and once; in `outer`, which must outlive this one, where the
    // expression is of the file that uses this one's. What `outer` binds goes first.
    void bind_later(std::string_view name, const Expression& expression);
    void bind_later(std::string_view name, const Expression& expression, Scope& outer);

    Value evaluate(const Expression& expression);
    // True only where it is known to be; `value` gets an unknown one.
    bool holds(const Expression& condition, Value& value);
    // An expression and nothing else keeps its kind; otherwise a text, or what is unknown in it.
    Value fill(const Template& text);

    const PlanResource& resource() const { return resource_; }
    const Value& region() const { return region_; }
    const Json& usage() const { return usage_; }
    const Surroundings& surroundings() const { return surroundings_; }
    // What was assumed and asked since the last call.
    Trace take_trace() { return std::exchange(trace_, Trace{}); }

  private:
    struct Later {
        const Expression* expression = nullptr;
        Scope* scope = nullptr;  // where it is evaluated
        bool done = false, busy = false;
        Value value;
        Trace trace;
    };

    enum class Truth { no, yes, unknown };

    Value& slot(std::string_view name);
    Later& later_slot(std::string_view name);
    Truth decide(const Expression& condition, Value& unknown);
    Truth decide_both(const Expression& condition, Value& unknown);
    // As `evaluate`; what has to be made first is made in `room`.
    const Value& see(const Expression& expression, Value& room);
    const Value* bound_value(std::string_view name);
    Value path(const Expression& expression);
    Value name(const std::string& name);
    const Value& later(Later& binding);
    Value usage_value(const Expression& path);
    Value choice(const Expression& expression);
    Value unary(const Expression& expression);
    Value binary(const Expression& expression);
    Value condition(const Expression& expression);
    Value call(const Expression& expression);
    Value look_up(const Expression& expression);
    Value refer(const Expression& expression);
    Value ordinal() const;

    const Surroundings& surroundings_;
    const PlanResource& resource_;
    const Value root_;  // of the resource; of nothing where only what is bound is seen
    const Json& usage_;
    Value region_;
    const Tables& tables_;
    const bool only_bound_;
    std::vector<std::pair<std::string_view, Value>> bound_;
    std::vector<std::pair<std::string_view, Later>> later_;
    Trace trace_;
};

}  // namespace slipway::cost
