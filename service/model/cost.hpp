// What a plan costs per month at list prices: before it, after it, and by what. Amounts are US
// dollars per month of 730 hours. Whatever is not known is named as a reason and is in no total.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/model/decimal.hpp"
#include "service/model/words.hpp"

namespace slipway {

// Why an estimate is incomplete. `address` names the resource, `component` the part of its price
// (empty: all of it), `attribute` what decides, `value` what it says where that may be shown.
struct CostReason {
    enum class Why {
        region_unknown,
        type_unknown,          // nobody described what `attribute` (a resource type) costs
        price_missing,         // `value` is the key that the price table lacks
        unit_mismatch,         // the table has it, by another unit
        known_after_apply,     // `attribute`
        attribute_missing,     // the plan says nothing about `attribute`
        attribute_sensitive,   // removed from the plan before it was priced
        reference_unresolved,  // `attribute` points to a resource that is not in the plan
        value_not_priced,      // `attribute` is `value`, for which no list price exists
        deferred,              // the tool put the resource off to a later plan
    };
    BOOST_DESCRIBE_NESTED_ENUM(Why, region_unknown, type_unknown, price_missing, unit_mismatch,
                               known_after_apply, attribute_missing, attribute_sensitive,
                               reference_unresolved, value_not_priced, deferred)
    Why why = Why::price_missing;
    std::string address, component, attribute, value;

    bool operator==(const CostReason&) const = default;
    static void fields(auto& self, auto&& f) {
        f("why", self.why);
        f("address", self.address);
        f("component", self.component);
        f("attribute", self.attribute);
        f("value", self.value);
    }
};

// What the plan does not say and the estimate took instead.
struct CostAssumption {
    std::string attribute, value;

    bool operator==(const CostAssumption&) const = default;
    static void fields(auto& self, auto&& f) {
        f("attribute", self.attribute);
        f("value", self.value);
    }
};

// One line of a bill. Quantity and price are in `unit`, so that their product is the cost.
struct CostComponent {
    std::vector<std::string> part;    // below the resource: {"root_block_device"}
    std::string name;                 // "Instance usage (Linux/UNIX, on-demand, m5.large)"
    std::string unit;                 // "hours", "GB", "1M requests"
    bool usage_based = false;         // the quantity comes from the usage file
    std::optional<Decimal> quantity;  // per month; absent: not known, or no usage was given
    std::optional<Decimal> price;     // absent: not known
    std::string price_date;           // "2026-10-15"
    std::string price_source;
    std::vector<CostAssumption> assumptions;
    std::vector<std::string> usage_keys;  // what the quantity depends on: "monthly_requests"

    bool operator==(const CostComponent&) const = default;
    // Per month; absent where quantity or price is.
    std::optional<Decimal> cost() const {
        if (!quantity || !price) return std::nullopt;
        return *quantity * *price;
    }
    static void fields(auto& self, auto&& f) {
        f("part", self.part);
        f("name", self.name);
        f("unit", self.unit);
        f("usage_based", self.usage_based);
        f("quantity", self.quantity);
        f("price", self.price);
        f("price_date", self.price_date);
        f("price_source", self.price_source);
        f("assumptions", self.assumptions);
        f("usage_keys", self.usage_keys);
    }
};

struct CostTotals {
    Decimal fixed;    // what is there, whatever happens
    Decimal usage;    // what depends on use, where the usage file says how much
    int unknown = 0;  // components that are in neither, because something is not known

    bool operator==(const CostTotals&) const = default;
    Decimal total() const { return fixed + usage; }
    CostTotals& operator+=(const CostTotals& more) {
        fixed += more.fixed;
        usage += more.usage;
        unknown += more.unknown;
        return *this;
    }
    static void fields(auto& self, auto&& f) {
        f("fixed", self.fixed);
        f("usage", self.usage);
        f("unknown", self.unknown);
    }
};

// A resource on one side of the plan.
struct CostSide {
    std::string region;  // "" where unknown
    std::vector<CostComponent> components;
    std::vector<std::string> usage_keys;  // all that were looked for in the usage file, sorted
    CostTotals totals;

    bool operator==(const CostSide&) const = default;
    static void fields(auto& self, auto&& f) {
        f("region", self.region);
        f("components", self.components);
        f("usage_keys", self.usage_keys);
        f("totals", self.totals);
    }
};

struct CostedResource {
    // What the plan does to it, as far as its bill goes.
    enum class Fate { created, changed, replaced, unchanged, deleted, forgotten, imported };
    BOOST_DESCRIBE_NESTED_ENUM(Fate, created, changed, replaced, unchanged, deleted, forgotten,
                               imported)
    std::string address, previous_address, type;
    Fate fate = Fate::unchanged;
    std::optional<CostSide> before, after;  // of a forgotten one neither counts
    std::map<std::string, std::string> tags;

    bool operator==(const CostedResource&) const = default;
    Decimal delta() const {
        return (after ? after->totals.total() : Decimal(0)) -
               (before ? before->totals.total() : Decimal(0));
    }
    static void fields(auto& self, auto&& f) {
        f("address", self.address);
        f("previous_address", self.previous_address);
        f("type", self.type);
        f("fate", self.fate);
        f("before", self.before);
        f("after", self.after);
        f("tags", self.tags);
    }
};

// A component on both sides; null where it is not there.
struct CostPair {
    const CostComponent* before = nullptr;
    const CostComponent* after = nullptr;
    // Absent where one side that is there has no cost.
    std::optional<Decimal> delta() const;
};
// By part and name, else by part and what stands before " (" in the name: a larger instance is one
// changed line. The pointers live as long as `resource`.
std::vector<CostPair> paired(const CostedResource& resource);

struct CostEstimate {
    std::vector<CostedResource> resources;  // those with a price of their own, in the plan's order
    CostTotals before, after;
    std::vector<CostReason> reasons;              // empty: the estimate is complete
    std::map<std::string, int> free, not_priced;  // resources of each type
    std::vector<std::string> unknown_usage;       // keys of the usage file that fit nothing
    std::string prices_of;                        // date of the newest price: "2026-10-15"

    bool operator==(const CostEstimate&) const = default;
    bool incomplete() const { return !reasons.empty(); }
    Decimal delta() const { return after.total() - before.total(); }
    static void fields(auto& self, auto&& f) {
        f("resources", self.resources);
        f("before", self.before);
        f("after", self.after);
        f("reasons", self.reasons);
        f("free", self.free);
        f("not_priced", self.not_priced);
        f("unknown_usage", self.unknown_usage);
        f("prices_of", self.prices_of);
    }
};

}  // namespace slipway
