#include "handlers/runs/control/plan_cost.hpp"

#include <algorithm>

#include "policies/cost/estimate.hpp"
#include "policies/cost/layered_prices.hpp"
#include "policies/cost/organisation_costs.hpp"
#include "service/base/decimal_codec.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

constexpr std::size_t movers_kept = 5, addresses_kept = 5;

// How to price a plan of this run; read on a thread of the pool.
struct Pricing {
    std::shared_ptr<Repository> repository;
    std::shared_ptr<const Organisation> organisation;
    std::filesystem::path prices;
    std::string today;
};

struct Priced {
    PlanEvidence evidence;
    std::optional<PlanCost> cost;  // without budgets; absent: nothing costs
};

std::string usage_path(const std::string& directory) {
    return directory == "." ? "usage.yml" : directory + "/usage.yml";
}

bool is_of_branch(const Run& run) { return run.kind == RunKind::tracked && !run.before_merge; }

// That of the branch; of a directory that is renamed here, as it was before: else a new name would
// make usage free.
std::optional<std::string> usage_text(const Run& run, const Repository& repository) {
    const auto tree = is_of_branch(run) ? run.tree : repository.tree_of(run.base);
    for (const auto& directory : {run.renamed_from, run.settings.directory}) {
        if (directory.empty()) continue;
        if (auto text = repository.file(tree, usage_path(directory))) return text;
    }
    return std::nullopt;
}

cost::UsageFile usage_of(const Run& run, const std::optional<std::string>& text) {
    if (!text) return {};
    auto usage = cost::UsageFile::read(*text, usage_path(run.settings.directory));
    if (!usage) throw Failure(usage.error().message, Retry::never);
    return std::move(*usage);
}

std::vector<CostMover> movers_of(const CostEstimate& estimate) {
    std::vector<std::pair<Decimal, const CostedResource*>> moving;
    for (const auto& resource : estimate.resources) {
        const auto delta = resource.delta();
        if (delta != 0) moving.emplace_back(delta, &resource);
    }
    const auto size = [](const Decimal& amount) { return boost::multiprecision::abs(amount); };
    std::stable_sort(moving.begin(), moving.end(),
                     [&](const auto& a, const auto& b) { return size(a.first) > size(b.first); });
    if (moving.size() > movers_kept) moving.resize(movers_kept);
    std::vector<CostMover> out;
    for (const auto& [delta, one] : moving) out.push_back({one->address, decimal_text(delta)});
    return out;
}

PlanCost brief(const CostEstimate& estimate) {
    PlanCost out;
    out.before = decimal_text(estimate.before.total());
    out.after = decimal_text(estimate.after.total());
    out.incomplete = estimate.incomplete();
    out.not_priced = estimate.not_priced;
    for (const auto& reason : estimate.reasons) {
        if (reason.why == CostReason::Why::type_unknown || out.unknown.size() == addresses_kept)
            continue;
        if (std::ranges::find(out.unknown, reason.address) == out.unknown.end())
            out.unknown.push_back(reason.address);
    }
    out.movers = movers_of(estimate);
    out.prices_of = estimate.prices_of;
    return out;
}

CostEstimate estimate_of(const Json& document, const Run& run, const Pricing& pricing,
                         const std::optional<std::string>& usage_text) {
    auto imported = cost::LayeredPrices::open(pricing.prices);
    if (!imported) throw Failure(imported.error().message, Retry::never);
    Findings findings;  // the tree was checked before it came into force
    auto costs = cost::read_organisation_costs(pricing.organisation->cost_files, findings);
    if (!findings.empty()) throw Failure(findings.text(), Retry::never);
    costs.usage.add(usage_of(run, usage_text));
    const cost::DiscountedPrices prices(std::move(*imported), std::move(costs.discounts), "");
    return cost::estimate({document, prices, *costs.types, costs.usage, pricing.today});
}

Json document_of(const Run& run, Blobs& blobs) {
    const auto text = blobs.get(plan_of(run).tool_document);
    if (!text) return {};
    auto json = parse_json(*text);
    return json ? std::move(*json) : Json();
}

Priced price(const Run& run, Blobs& blobs, const Pricing& pricing) {
    Priced out;
    out.evidence.document = document_of(run, blobs);
    if (!traits_of(run.settings.tool).is_priced || !out.evidence.document.is_object()) return out;
    try {
        const auto usage = usage_text(run, *pricing.repository);
        const bool usage_changed =
            !is_of_branch(run) &&
            pricing.repository->file(run.tree, usage_path(run.settings.directory)) != usage;
        auto estimate = std::make_shared<const CostEstimate>(
            estimate_of(out.evidence.document, run, pricing, usage));
        if (estimate->resources.empty() && estimate->reasons.empty()) return out;
        out.cost = brief(*estimate);
        out.cost->usage_changed = usage_changed;
        out.cost->document = blobs.put(encode(*estimate).dump());
        out.evidence.estimate = std::move(estimate);
    } catch (const Failure& failure) {
        if (failure.retry() != Retry::never) throw;
        log_warning("a plan could not be priced",
                    {{"run", run.id.value}, {"reason", failure.what()}});
        out.cost.emplace();
        out.cost->incomplete = true;
        out.cost->failure = failure.what();
    }
    return out;
}

std::shared_ptr<const CostEstimate> read_estimate(Blobs& blobs, const Run& run) {
    const auto& cost = plan_of(run).cost;
    if (!cost || cost->document.empty()) return nullptr;
    const auto text = blobs.get(cost->document);
    if (!text) throw Failure("the estimate of " + run.id.value + " is gone", Retry::never);
    auto estimate = decode<CostEstimate>(std::string_view(*text));
    if (!estimate)
        throw Failure(
            "the estimate of " + run.id.value + " cannot be read: " + estimate.error().message,
            Retry::never);
    return std::make_shared<const CostEstimate>(std::move(*estimate));
}

Decimal amount_of(const std::string& text) { return parse_decimal(text).value_or(Decimal(0)); }

}  // namespace

Task<PlanEvidence> kept_evidence(ControlContext& context, Run run) {
    auto read = [&] {
        return PlanEvidence{document_of(run, context.blobs), read_estimate(context.blobs, run)};
    };
    co_return co_await context.pool.run(read);
}

Task<std::shared_ptr<const CostEstimate>> kept_estimate(ControlContext& context, Run run) {
    auto read = [&] { return read_estimate(context.blobs, run); };
    co_return co_await context.pool.run(read);
}

Task<PlanEvidence> price_plan(ControlContext& context, Run& run) {
    Pricing pricing{context.mirrors.open(run.repository.text()), context.organisation(),
                    context.prices, utc_iso(context.clock.now_ms()).substr(0, 10)};
    auto work = [&] { return price(run, context.blobs, pricing); };
    auto priced = co_await context.pool.run(work);
    run.plan.value().cost = std::move(priced.cost);
    co_await look_at_budgets(context, run);
    co_return std::move(priced.evidence);
}

Task<void> look_at_budgets(ControlContext& context, Run& run) {
    if (!run.plan || !run.plan->cost) co_return;
    auto& cost = *run.plan->cost;
    const auto organisation = context.organisation();
    const auto budgets = organisation->budgets_for(run.settings.space);
    cost.budgets.clear();
    if (budgets.empty()) co_return;
    const auto histories =
        co_await load_listed<CostHistory>(context.queue, costs_index(), costs_key);
    for (const auto& budget : budgets) {
        Decimal others = 0;
        BudgetState state;
        for (const auto& history : histories) {
            if (history.stack == run.stack || history.applied.empty()) continue;
            const auto* stack = organisation->find(history.stack);
            if (!is_within(stack ? stack->space : history.space, budget.space)) continue;
            others += amount_of(history.applied.back().after);
            state.others_incomplete |= history.applied.back().incomplete;
        }
        state.space = budget.space;
        state.monthly = budget.monthly;
        state.warn_at = budget.warn_at;
        state.others = decimal_text(others);
        cost.budgets.push_back(std::move(state));
    }
}

Task<Stored<CostHistory>> cost_history(ControlContext& context, StackId stack) {
    const auto key = costs_key(stack.value);
    co_return co_await load<CostHistory>(context.queue, key);
}

void note_applied_cost(Commit& commit, Stored<CostHistory> history, const Run& run,
                       std::int64_t now_ms) {
    const auto& cost = plan_of(run).cost;
    if (!cost && !history.version) return;
    AppliedCost now;
    now.run = run.id;
    now.at_ms = now_ms;
    if (cost) {
        now.before = cost->before;
        now.after = cost->after;
        now.incomplete = cost->incomplete;
    }
    auto& value = history.value;
    value.stack = run.stack;
    value.space = run.settings.space;
    value.applied.push_back(std::move(now));
    if (value.applied.size() > CostHistory::most) value.applied.erase(value.applied.begin());
    commit.records.push_back(save(costs_key(run.stack.value), history));
    commit.index.push_back({costs_index(), run.stack.value, now_ms});
}

}  // namespace slipway
