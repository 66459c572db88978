// What the plans of a pull request cost, in words: the cells of the table, what moves the costs,
// budgets, and what is not known. Amounts are US dollars a month at list prices.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

// A cell of the table: "+$41.20 → $312.00", "at least +$12.00 → $53.00", "no change", "not known";
// "": there is nothing to say.
std::string cost_text(const StackReport& stack, const Voice& voice);
// Whether any stack has such a cell.
bool any_costs(const std::vector<StackView>& views);
// The change, what moves it, budgets that it comes close to or exceeds, what is not priced and why
// the sum is a lower bound; "" where there is nothing to say.
std::string cost_details(const StackReport& stack, const Voice& voice);
// The sum where several stacks cost: "In all +$53.20 → $1,024.00 per month."
std::string total_cost(const std::vector<StackView>& views, const Voice& voice);
// "costs at list prices of 2026-10-15", for the small print; "" where nothing costs.
std::string prices_text(const std::vector<StackView>& views, std::int64_t now_ms);

// "$312.00 (+$41.20)", of an apply, from decimal text.
std::string applied_cost_text(const std::string& monthly, const std::string& delta,
                              bool incomplete);
// For programs: amounts as decimal text.
Json cost_json(const PlanCost& cost);

}  // namespace slipway
