#include "policies/cost/infracost.hpp"

#include <algorithm>

namespace slipway::cost {

namespace {

const Decimal month_hours = 730;

// Infracost divides to 16 digits.
Decimal hourly(const Decimal& monthly) { return rounded(Decimal(monthly / month_hours), 16); }

Json number(const Decimal& value) { return Json(decimal_text(value)); }
Json number_or_null(const std::optional<Decimal>& value) {
    return value ? number(*value) : Json(nullptr);
}

// A line of the document, of one side or the difference of two.
struct Line {
    std::vector<std::string> part;
    std::string name, unit;
    bool usage_based = false, price_not_found = false;
    std::optional<Decimal> quantity, hourly_quantity, price, hourly_cost, cost;
};

Line line_of(const CostComponent& component) {
    Line line;
    line.part = component.part;
    line.name = component.name;
    line.unit = component.unit;
    line.usage_based = component.usage_based;
    line.price_not_found = !component.price;
    line.price = component.price.value_or(Decimal(0));
    line.quantity = component.quantity;
    if (component.quantity) line.hourly_quantity = hourly(*component.quantity);
    line.cost = component.cost();
    if (line.cost) line.hourly_cost = *line.price * *line.hourly_quantity;
    return line;
}

std::optional<Decimal> less(const std::optional<Decimal>& now, const std::optional<Decimal>& old) {
    if (!now && !old) return std::nullopt;
    return Decimal(now.value_or(Decimal(0)) - old.value_or(Decimal(0)));
}

// "Instance usage (Linux, m5.large → m5.xlarge)": both names where they differ in their brackets.
std::string changed_name(const std::string& old, const std::string& now) {
    if (old == now || old.empty() || now.empty()) return now.empty() ? old : now;
    const auto bracket = now.find(" (");
    if (bracket == now.npos) return now;
    std::vector<std::vector<std::string>> lists;
    for (const auto* name : {&old, &now}) {
        auto& list = lists.emplace_back();
        auto rest = name->substr(std::min(name->size(), bracket + 2));
        if (!rest.empty() && rest.back() == ')') rest.pop_back();
        for (std::size_t at; (at = rest.find(", ")) != rest.npos; rest.erase(0, at + 2))
            list.push_back(rest.substr(0, at));
        list.push_back(rest);
    }
    if (lists[0].size() != lists[1].size()) return now;
    std::string out = now.substr(0, bracket + 2);
    for (std::size_t i = 0; i < lists[1].size(); ++i)
        out += (i ? ", " : "") +
               (lists[0][i] == lists[1][i] ? lists[1][i] : lists[0][i] + " → " + lists[1][i]);
    return out + ")";
}

Line difference(const CostPair& pair) {
    const Line old = pair.before ? line_of(*pair.before) : Line{};
    const Line now = pair.after ? line_of(*pair.after) : Line{};
    Line line = pair.after ? now : old;
    line.name = changed_name(old.name, now.name);
    line.quantity = less(now.quantity, old.quantity);
    line.hourly_quantity = less(now.hourly_quantity, old.hourly_quantity);
    line.price = less(now.price, old.price);
    line.cost = less(now.cost, old.cost);
    line.hourly_cost = less(now.hourly_cost, old.hourly_cost);
    return line;
}

bool is_nothing(const Line& line) {
    const auto zero = [](const auto& value) { return !value || value->is_zero(); };
    return zero(line.quantity) && zero(line.price) && zero(line.cost);
}

struct Sums {
    std::optional<Decimal> hourly, monthly, usage;
    void add(const Line& line) {
        if (!line.cost) return;
        const auto put = [](std::optional<Decimal>& sum, const Decimal& more) {
            sum = sum.value_or(Decimal(0)) + more;
        };
        put(hourly, line.hourly_cost.value_or(Decimal(0)));
        put(monthly, *line.cost);
        if (line.usage_based) put(usage, *line.cost);
    }
};

Json component_json(const Line& line) {
    Json out = Json::object();
    out.set("name", line.name);
    out.set("unit", line.unit);
    out.set("hourlyQuantity", number_or_null(line.hourly_quantity));
    out.set("monthlyQuantity", number_or_null(line.quantity));
    out.set("price", number_or_null(line.price));
    out.set("hourlyCost", number_or_null(line.hourly_cost));
    out.set("monthlyCost", number_or_null(line.cost));
    if (line.usage_based) out.set("usageBased", true);
    out.set("priceNotFound", line.price_not_found);
    return out;
}

// The lines at and below `depth` of their parts, which they have in common so far.
void fill_resource(Json& resource, const std::vector<Line>& lines, std::size_t depth) {
    Sums sums;
    for (const auto& line : lines) sums.add(line);
    resource.set("metadata", Json::object());
    if (sums.hourly) resource.set("hourlyCost", number(*sums.hourly));
    if (sums.monthly) resource.set("monthlyCost", number(*sums.monthly));
    if (sums.usage) resource.set("monthlyUsageCost", number(*sums.usage));
    Json components = Json::array(), inner = Json::array();
    std::vector<std::string> names;
    for (const auto& line : lines) {
        if (line.part.size() == depth)
            components.push(component_json(line));
        else if (std::find(names.begin(), names.end(), line.part[depth]) == names.end())
            names.push_back(line.part[depth]);
    }
    for (const auto& name : names) {
        std::vector<Line> below;
        std::copy_if(lines.begin(), lines.end(), std::back_inserter(below), [&](const auto& line) {
            return line.part.size() > depth && line.part[depth] == name;
        });
        Json part = Json::object();
        part.set("name", name);
        fill_resource(part, below, depth + 1);
        inner.push(std::move(part));
    }
    if (!components.items().empty()) resource.set("costComponents", std::move(components));
    if (!inner.items().empty()) resource.set("subresources", std::move(inner));
}

Json resource_json(const CostedResource& resource, const std::vector<Line>& lines) {
    Json out = Json::object();
    out.set("name", resource.address);
    out.set("resourceType", resource.type);
    if (!resource.tags.empty()) {
        Json tags = Json::object();
        for (const auto& [key, value] : resource.tags) tags.set(key, value);
        out.set("tags", std::move(tags));
    }
    fill_resource(out, lines, 0);
    return out;
}

Json breakdown_json(Json resources, const Sums& sums) {
    Json out = Json::object();
    out.set("resources", std::move(resources));
    out.set("totalHourlyCost", number(sums.hourly.value_or(Decimal(0))));
    out.set("totalMonthlyCost", number(sums.monthly.value_or(Decimal(0))));
    out.set("totalMonthlyUsageCost", number(sums.usage.value_or(Decimal(0))));
    return out;
}

Json side_json(const CostEstimate& estimate, std::optional<CostSide> CostedResource::*side,
               Sums& sums) {
    Json resources = Json::array();
    for (const auto& resource : estimate.resources) {
        if (!(resource.*side)) continue;
        std::vector<Line> lines;
        for (const auto& component : (resource.*side)->components) {
            lines.push_back(line_of(component));
            sums.add(lines.back());
        }
        resources.push(resource_json(resource, lines));
    }
    return breakdown_json(std::move(resources), sums);
}

Json diff_json(const CostEstimate& estimate, Sums& sums) {
    Json resources = Json::array();
    for (const auto& resource : estimate.resources) {
        std::vector<Line> lines;
        for (const auto& pair : paired(resource)) {
            auto line = difference(pair);
            sums.add(line);
            if (!is_nothing(line)) lines.push_back(std::move(line));
        }
        if (!lines.empty()) resources.push(resource_json(resource, lines));
    }
    return breakdown_json(std::move(resources), sums);
}

Json counts_json(const std::map<std::string, int>& counts) {
    Json out = Json::object();
    for (const auto& [type, count] : counts) out.set(type, count);
    return out;
}

int sum_of(const std::map<std::string, int>& counts) {
    int sum = 0;
    for (const auto& [type, count] : counts) sum += count;
    return sum;
}

Json summary_json(const CostEstimate& estimate) {
    std::map<std::string, int> priced;
    int usage_based = 0;
    for (const auto& resource : estimate.resources) {
        if (!resource.after) continue;
        ++priced[resource.type];
        const auto& components = resource.after->components;
        if (std::any_of(components.begin(), components.end(),
                        [](const auto& each) { return each.usage_based; }))
            ++usage_based;
    }
    const int supported = sum_of(priced), free = sum_of(estimate.free),
              unsupported = sum_of(estimate.not_priced);
    Json out = Json::object();
    out.set("totalDetectedResources", supported + free + unsupported);
    out.set("totalSupportedResources", supported);
    out.set("totalUnsupportedResources", unsupported);
    out.set("totalUsageBasedResources", usage_based);
    out.set("totalNoPriceResources", free);
    out.set("supportedResourceCounts", counts_json(priced));
    out.set("unsupportedResourceCounts", counts_json(estimate.not_priced));
    out.set("noPriceResourceCounts", counts_json(estimate.free));
    return out;
}

Json metadata_json(const InfracostFacts& facts) {
    Json out = Json::object();
    out.set("infracostCommand", facts.command);
    out.set("vcsBranch", facts.branch);
    out.set("vcsCommitSha", facts.commit);
    out.set("vcsCommitAuthorName", facts.author_name);
    out.set("vcsCommitAuthorEmail", facts.author_email);
    out.set("vcsCommitTimestamp", facts.commit_at.empty() ? facts.generated_at : facts.commit_at);
    out.set("vcsCommitMessage", facts.message);
    return out;
}

void set_totals(Json& document, const char* prefix, const Sums& sums) {
    const std::string name = *prefix ? std::string(prefix) + "Total" : "total";
    document.set(name + "HourlyCost", number(sums.hourly.value_or(Decimal(0))));
    document.set(name + "MonthlyCost", number(sums.monthly.value_or(Decimal(0))));
    document.set(name + "MonthlyUsageCost", number(sums.usage.value_or(Decimal(0))));
}

}  // namespace

Json infracost_document(const CostEstimate& estimate, const InfracostFacts& facts) {
    Sums now, past, diff;
    Json project = Json::object();
    project.set("name", facts.project);
    project.set("displayName", facts.project);
    project.set("metadata", Json::object({{"path", facts.path}, {"type", "terraform_plan_json"}}));
    project.set("pastBreakdown", side_json(estimate, &CostedResource::before, past));
    project.set("breakdown", side_json(estimate, &CostedResource::after, now));
    project.set("diff", diff_json(estimate, diff));
    project.set("summary", summary_json(estimate));
    Json out = Json::object();
    out.set("version", "0.2");
    out.set("metadata", metadata_json(facts));
    out.set("currency", "USD");
    out.set("projects", Json(Json::Array{std::move(project)}));
    set_totals(out, "", now);
    set_totals(out, "past", past);
    set_totals(out, "diff", diff);
    out.set("timeGenerated", facts.generated_at);
    out.set("summary", summary_json(estimate));
    return out;
}

}  // namespace slipway::cost
