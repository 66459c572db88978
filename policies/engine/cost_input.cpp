// What a plan costs, as plan and approval policies see it: `input.cost`, with numbers, and
// `input.third_party_metadata.infracost`, Infracost's document, for policies that were written for
// that (README.md beside the library).
#include "policies/cost/infracost.hpp"
#include "policies/engine/judged.hpp"
#include "service/base/clock.hpp"
#include "service/model/cost.hpp"

namespace slipway {

namespace {

Json number(const Decimal& value) { return Json(Json::Number{decimal_text(value)}); }
Decimal amount(const std::string& text) { return parse_decimal(text).value_or(Decimal(0)); }

Json monthly(const Decimal& before, const Decimal& after) {
    return Json::object(
        {{"before", number(before)}, {"after", number(after)}, {"delta", number(after - before)}});
}

Json resource_input(const CostedResource& resource) {
    const auto total = [](const std::optional<CostSide>& side) {
        return side ? side->totals.total() : Decimal(0);
    };
    return Json::object(
        {{"address", resource.address},
         {"type", resource.type},
         {"action", word(resource.fate)},
         {"region", resource.after ? Json(resource.after->region) : Json("")},
         {"incomplete", resource.after ? resource.after->totals.unknown > 0 : false},
         {"monthly", monthly(total(resource.before), total(resource.after))}});
}

Json reason_input(const CostReason& reason) {
    return Json::object({{"why", word(reason.why)},
                         {"address", reason.address},
                         {"attribute", reason.attribute},
                         {"value", reason.value}});
}

// `after`: what the space costs once this is applied; where it is incomplete it may be more.
Json budget_input(const BudgetState& budget, const PlanCost& cost) {
    const auto others = amount(budget.others);
    Json out = Json::object({{"space", budget.space.empty() ? "root" : budget.space.value},
                             {"monthly", number(amount(budget.monthly))},
                             {"before", number(others + amount(cost.before))},
                             {"after", number(others + amount(cost.after))},
                             {"incomplete", cost.incomplete || budget.others_incomplete}});
    out.set("warn_at", budget.warn_at.empty() ? Json() : number(amount(budget.warn_at)));
    return out;
}

}  // namespace

Json cost_input(const Run& run, const CostEstimate* estimate) {
    const auto& cost = plan_of(run).cost;
    if (!cost) return Json();
    Json budgets = Json::array(), resources = Json::array(), reasons = Json::array(),
         not_priced = Json::object();
    for (const auto& budget : cost->budgets) budgets.push(budget_input(budget, *cost));
    for (const auto& [type, count] : cost->not_priced) not_priced.set(type, count);
    if (estimate) {
        for (const auto& resource : estimate->resources) resources.push(resource_input(resource));
        for (const auto& reason : estimate->reasons) reasons.push(reason_input(reason));
    }
    Json out = Json::object({{"currency", "USD"},
                             {"monthly", monthly(amount(cost->before), amount(cost->after))},
                             {"incomplete", cost->incomplete},
                             {"failure", cost->failure},
                             {"budgets", std::move(budgets)},
                             {"reasons", std::move(reasons)},
                             {"not_priced", std::move(not_priced)},
                             {"resources", std::move(resources)},
                             {"prices_of", cost->prices_of}});
    if (!estimate) return out;
    out.set("fixed", monthly(estimate->before.fixed, estimate->after.fixed));
    out.set("usage", monthly(estimate->before.usage, estimate->after.usage));
    return out;
}

Json third_party_metadata(const Run& run, const CostEstimate* estimate, std::int64_t now_ms) {
    Json out = Json::object({{"custom", Json::object()}});
    if (!estimate) return out;
    cost::InfracostFacts facts;
    facts.project = run.stack.value;
    facts.path = run.settings.directory;
    facts.generated_at = utc_iso(now_ms);
    facts.branch = run.settings.branch;
    facts.commit = run.head.value;
    out.set("infracost", cost::infracost_document(*estimate, facts));
    return out;
}

}  // namespace slipway
