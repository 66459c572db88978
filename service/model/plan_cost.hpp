// What a plan costs, in brief: what a run's record, comment and API say, and what stays of it once
// it was applied. The whole estimate (service/model/cost.hpp) is a blob. Amounts are decimal text
// ("312.5"), US dollars per month at list prices.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "service/model/id.hpp"

namespace slipway {

// A resource whose cost a plan changes.
struct CostMover {
    std::string address;
    std::string delta;  // never "0"

    static void fields(auto& self, auto&& f) {
        f("address", self.address);
        f("delta", self.delta);
    }
};

// What a space may cost, and what was applied in its other stacks, when that was last looked at.
struct BudgetState {
    SpaceId space;
    std::string monthly;
    std::string warn_at;  // share of `monthly`: "0.8"; empty: no warning
    std::string others;   // per month, of the newest apply of each other stack
    bool others_incomplete = false;

    static void fields(auto& self, auto&& f) {
        f("space", self.space);
        f("monthly", self.monthly);
        f("warn_at", self.warn_at);
        f("others", self.others);
        f("others_incomplete", self.others_incomplete);
    }
};

struct PlanCost {
    std::string before = "0", after = "0";  // with usage, where the usage file says how much
    bool incomplete = false;                // something costs that is in no total
    std::string failure;  // why nothing could be priced at all; the rest is empty then
    std::map<std::string, int> not_priced;  // resources of each type that nobody described
    std::vector<std::string> unknown;       // addresses of others that are not priced whole; a few
    std::vector<CostMover> movers;          // the largest first; a few
    bool usage_changed = false;  // what is planned has another usage file, which does not count yet
    std::vector<BudgetState> budgets;  // of the stack's space and those above that have one
    std::string prices_of;             // date of the newest price: "2026-10-15"
    BlobId document;                   // a CostEstimate as JSON

    static void fields(auto& self, auto&& f) {
        f("before", self.before);
        f("after", self.after);
        f("incomplete", self.incomplete);
        f("failure", self.failure);
        f("not_priced", self.not_priced);
        f("unknown", self.unknown);
        f("movers", self.movers);
        f("usage_changed", self.usage_changed);
        f("budgets", self.budgets);
        f("prices_of", self.prices_of);
        f("document", self.document);
    }
};

// What a stack costs since an apply.
struct AppliedCost {
    RunId run;
    std::int64_t at_ms = 0;
    std::string before = "0", after = "0";
    bool incomplete = false;

    static void fields(auto& self, auto&& f) {
        f("run", self.run);
        f("at_ms", self.at_ms);
        f("before", self.before);
        f("after", self.after);
        f("incomplete", self.incomplete);
    }
};

// Of one stack, oldest first.
struct CostHistory {
    static constexpr std::size_t most = 500;
    StackId stack;
    SpaceId space;  // as of the newest
    std::vector<AppliedCost> applied;

    static void fields(auto& self, auto&& f) {
        f("stack", self.stack);
        f("space", self.space);
        f("applied", self.applied);
    }
};

}  // namespace slipway
