// What an estimate says to people: amounts, why something is not priced, and the whole as a table
// for a terminal or as Markdown.
#pragma once
#include <string>

#include "service/model/cost.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

std::string money_text(const Decimal& amount);   // "$1,234.50", "-$3.00"; whole cents
std::string change_text(const Decimal& amount);  // "+$41.20", "-$3.00", "no change"
// "$312.00", or "at least $312.00" where something is not known.
std::string total_text(const Decimal& amount, bool incomplete);
// Of one reason, without the resource: "its region is not known".
std::string cost_reason_text(const CostReason& reason, const Voice& voice);

// The resources that cost something or change, what is not priced and why, and the totals.
std::string cost_table(const CostEstimate& estimate);
std::string cost_markdown(const CostEstimate& estimate);

}  // namespace slipway
