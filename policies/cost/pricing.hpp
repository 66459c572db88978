// One resource's bill: the rules of its type file applied to its values.
#pragma once
#include <string>
#include <vector>

#include "policies/cost/price_table.hpp"
#include "policies/cost/scope.hpp"
#include "policies/cost/type_library.hpp"
#include "service/model/cost.hpp"

namespace slipway::cost {

struct Bill {
    CostSide side;
    std::vector<CostReason> reasons;
};

class Pricing {
  public:
    // All arguments must outlive it.
    Pricing(const Surroundings& surroundings, const PriceTable& prices, const TypeLibrary& types)
        : surroundings_(surroundings), prices_(prices), types_(types) {}

    Bill bill(const PlanResource& resource, const TypeFile& file, const Json& usage);

  private:
    // Where a file's components go: below which part, and how many times.
    struct Place {
        std::vector<std::string> part;
        Value times;
        int depth = 0;
        Trace trace;  // of `times`
    };

    void add_file(Scope& scope, const TypeFile& file, const Place& place);
    void add_part(Scope& scope, const TypeFile& file, const PartRule& rule, const Place& place);
    void add_part_once(Scope& scope, const TypeFile& file, const PartRule& rule, Place place);
    void add_components(Scope& scope, const TypeFile& file, const std::vector<ComponentRule>& rules,
                        const Place& place);
    void add_component(Scope& scope, const TypeFile& file, const ComponentRule& rule,
                       const Place& place);
    std::optional<Decimal> quantity(Scope& scope, const ComponentRule& rule, const Place& place,
                                    CostComponent& component);
    std::optional<Price> price(Scope& scope, const TypeFile& file, const ComponentRule& rule,
                               const CostComponent& component);
    std::optional<PriceKey> key(Scope& scope, const TypeFile& file, const ComponentRule& rule,
                                const std::string& component, bool& sensitive);
    // What was assumed and asked since the last call; the bill remembers what was asked.
    Trace take_trace(Scope& scope);
    void doubt(const Value& unknown, const std::string& component);
    // A part whose components cannot be told.
    void leave_out(const Value& unknown);
    void add(CostComponent component);

    const Surroundings& surroundings_;
    const PriceTable& prices_;
    const TypeLibrary& types_;
    const PlanResource* resource_ = nullptr;
    Bill* bill_ = nullptr;
    std::set<std::string> asked_;
};

}  // namespace slipway::cost
