#include "service/wording/plan_cost.hpp"

#include <algorithm>

#include "service/base/clock.hpp"
#include "service/base/codec.hpp"
#include "service/wording/cost.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

constexpr std::size_t types_shown = 5;
constexpr std::int64_t old_after_ms = std::int64_t{180} * 24 * 3600 * 1000;

Decimal amount(const std::string& text) { return parse_decimal(text).value_or(Decimal(0)); }

const PlanCost* cost_of(const StackReport& stack) {
    return stack.run && plan_of(*stack.run).cost ? &*plan_of(*stack.run).cost : nullptr;
}

std::string set(const std::string& text, const Voice& voice) {
    return voice.medium() == Medium::markdown ? escape_dollars(text) : text;
}

// "": nothing costs.
std::string sum_text(const Decimal& before, const Decimal& after, bool incomplete) {
    const auto difference = rounded(after - before, 2);
    if (difference != 0)
        return (incomplete ? "at least " : "") + change_text(difference) + " → " +
               money_text(after);
    if (!incomplete) return after == 0 ? "" : "no change";
    return after == 0 ? "not known" : total_text(after, true);
}

bool has_cost(const StackReport& stack) {
    return !cost_text(stack, Voice(Medium::terminal)).empty();
}

// What the budget of a space says to this plan; "": it is far away, or the plan spends no more.
std::string budget_text(const BudgetState& budget, const PlanCost& cost, const Voice& voice) {
    const auto others = amount(budget.others), monthly = amount(budget.monthly);
    const auto before = others + amount(cost.before), after = others + amount(cost.after);
    const bool incomplete = cost.incomplete || budget.others_incomplete;
    const bool exceeds = after > monthly;
    const bool warns = !budget.warn_at.empty() && after > monthly * amount(budget.warn_at);
    if ((!exceeds && !warns) || (after <= before && !incomplete)) return {};
    const auto space =
        budget.space.empty() ? std::string("all spaces") : voice.name(budget.space.value);
    std::string out = (exceeds ? "Over the budget of " : "Near the budget of ") + space + ": " +
                      set(total_text(after, incomplete) + " of " + money_text(monthly), voice) +
                      " per month";
    if (before > monthly) out += ", and " + set(money_text(before), voice) + " before";
    return out + ".";
}

std::string movers_text(const PlanCost& cost, const Voice& voice) {
    std::vector<std::string> movers;
    for (const auto& mover : cost.movers)
        movers.push_back(voice.code(mover.address) + " " +
                         set(change_text(amount(mover.delta)), voice));
    return movers.empty() ? "" : ": " + list_of(movers, movers.size());
}

std::string not_priced_text(const PlanCost& cost, const Voice& voice) {
    std::vector<std::string> what;
    for (const auto& [type, count] : cost.not_priced)
        what.push_back(std::to_string(count) + " " + voice.code(type));
    for (const auto& address : cost.unknown) what.push_back(voice.code(address));
    if (what.empty()) return {};
    return "Not priced, or not whole: " + list_of(what, types_shown) + ".";
}

}  // namespace

std::string cost_text(const StackReport& stack, const Voice& voice) {
    const auto* cost = cost_of(stack);
    if (!cost) return {};
    return set(sum_text(amount(cost->before), amount(cost->after), cost->incomplete), voice);
}

bool any_costs(const std::vector<StackView>& views) {
    return std::ranges::any_of(views, [](const StackView& view) { return has_cost(*view.report); });
}

std::string cost_details(const StackReport& stack, const Voice& voice) {
    const auto* cost = cost_of(stack);
    if (!cost) return {};
    std::string out;
    const auto add = [&out](const std::string& sentence) {
        if (!sentence.empty()) out += (out.empty() ? "" : " ") + sentence;
    };
    if (!cost->failure.empty())
        add("The costs are not known: " + voice.said(cost->failure) + ".");
    else if (const auto text = cost_text(stack, voice); !text.empty())
        add("Cost per month: " + text + movers_text(*cost, voice) + ".");
    for (const auto& budget : cost->budgets) add(budget_text(budget, *cost, voice));
    add(not_priced_text(*cost, voice));
    if (cost->usage_changed)
        add("Its usage file is changed here; until the merge the one of the branch counts.");
    return out;
}

std::string total_cost(const std::vector<StackView>& views, const Voice& voice) {
    Decimal before = 0, after = 0;
    bool incomplete = false;
    std::size_t stacks = 0;
    for (const auto& view : views) {
        if (!has_cost(*view.report)) continue;
        const auto& cost = *cost_of(*view.report);
        before += amount(cost.before);
        after += amount(cost.after);
        incomplete = incomplete || cost.incomplete;
        ++stacks;
    }
    if (stacks < 2) return {};
    const auto text = sum_text(before, after, incomplete);
    return "In all " + (text.empty() ? "no change" : set(text, voice)) + " per month.";
}

std::string applied_cost_text(const std::string& monthly, const std::string& delta,
                              bool incomplete) {
    const auto change = rounded(amount(delta), 2);
    return total_text(amount(monthly), incomplete) +
           (change == 0 ? "" : " (" + change_text(change) + ")");
}

Json cost_json(const PlanCost& cost) {
    auto out = encode(cost);
    out.erase("document");
    out.set("delta", decimal_text(amount(cost.after) - amount(cost.before)));
    return out;
}

std::string prices_text(const std::vector<StackView>& views, std::int64_t now_ms) {
    std::string newest;
    for (const auto& view : views)
        if (const auto* cost = cost_of(*view.report)) newest = std::max(newest, cost->prices_of);
    if (newest.empty() || !any_costs(views)) return {};
    std::string out = "costs at list prices of " + html_text(newest);
    if (now_ms - parse_utc_iso(newest + "T00:00:00Z") > old_after_ms)
        out += ", more than 180 days old";
    return out;
}

}  // namespace slipway
