#include "policies/cost/estimate.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "policies/cost/prices/price_row.hpp"
#include "policies/cost/pricing.hpp"

namespace slipway::cost {

namespace {

using Why = CostReason::Why;
using Fate = CostedResource::Fate;

Fate fate_of(const Json* change) {
    if (!change) return Fate::unchanged;
    const auto& what = (*change)["change"];
    bool creates = false, deletes = false, forgets = false, updates = false;
    for (const auto& each : what["actions"].items()) {
        const auto action = each.string_or("");
        creates = creates || action == "create";
        deletes = deletes || action == "delete";
        forgets = forgets || action == "forget";
        updates = updates || action == "update";
    }
    if (forgets) return Fate::forgotten;
    if (creates && deletes) return Fate::replaced;
    if (creates) return Fate::created;
    if (deletes) return Fate::deleted;
    if (what["importing"].is_object()) return Fate::imported;
    return updates ? Fate::changed : Fate::unchanged;
}

std::map<std::string, std::string> tags_of(const PlanResource& resource) {
    std::map<std::string, std::string> tags;
    for (const auto* name : {"tags", "labels"}) {
        const auto list = member_of(root_of(resource), name);
        if (list.kind != Value::Kind::node || list.sensitive || !list.node.value) continue;
        for (const auto& [key, value] : list.node.value->members())
            if (!member_of(list, key).sensitive && value.is_string()) tags[key] = value.text();
    }
    return tags;
}

// What was looked up once: a plan asks for few prices many times.
class RememberedPrices : public PriceTable {
  public:
    explicit RememberedPrices(const PriceTable& table) : table_(table) {}

    std::optional<Price> find(const PriceKey& key) const override {
        const auto [it, is_new] = found_.try_emplace(key);
        if (is_new) it->second = table_.find(key);
        return it->second;
    }
    std::chrono::year_month_day newest() const override { return table_.newest(); }

  private:
    const PriceTable& table_;
    mutable std::map<PriceKey, std::optional<Price>> found_;
};

class Estimator {
  public:
    explicit Estimator(const EstimateInput& input)
        : input_(input),
          prices_(input.prices),
          plan_(input.plan),
          before_{plan_, plan_.before(), input.today},
          after_{plan_, plan_.after(), input.today} {}

    CostEstimate run() {
        for (const auto& resource : plan_.after().all()) {
            if (resource.place.is_data) continue;
            const auto* change = plan_.change(resource.address);
            add(&resource, earlier(resource, change), change);
        }
        for (const auto& resource : plan_.before().all())
            if (!resource.place.is_data && goes(resource))
                add(nullptr, &resource, plan_.change(resource.address));
        add_pseudo_resources();
        for (const auto& deferred : input_.plan["deferred_changes"].items())
            add_reason({Why::deferred, deferred["resource_change"]["address"].text(), "", "",
                        deferred["reason"].text()});
        note_usage();
        out_.prices_of = day_text(input_.prices.newest());
        return std::move(out_);
    }

  private:
    // What is there before: under its address, the one that it was moved from, or in the change.
    const PlanResource* earlier(const PlanResource& after, const Json* change) {
        if (fate_of(change) == Fate::created) return nullptr;
        if (const auto* found = plan_.before().find(after.address)) return found;
        if (!change) return nullptr;
        const auto& previous = (*change)["previous_address"];
        const auto* moved = plan_.before().find(previous.text());
        const auto& values = (*change)["change"]["before"];
        if (!moved && !values.is_object()) return nullptr;
        // Its configuration is that of the new address.
        auto& resource = found_in_changes_.emplace_back(after);
        resource.type = moved ? moved->type : after.type;
        resource.values = moved ? moved->values : &values;
        resource.sensitive = moved ? moved->sensitive : &(*change)["change"]["before_sensitive"];
        resource.unknown = nullptr;
        return &resource;
    }

    // A resource of the prior state that the plan does not keep. What -target left out has no
    // change, what was moved is priced at its new address.
    bool goes(const PlanResource& resource) const {
        if (plan_.after().find(resource.address)) return false;
        if (resource.address.ends_with(')')) return true;  // deposed
        const auto fate = fate_of(plan_.change(resource.address));
        return fate == Fate::deleted || fate == Fate::replaced || fate == Fate::forgotten;
    }

    // Data transfer belongs to no resource: an entry of the usage file stands for it, on both sides
    // where there was something before.
    void add_pseudo_resources() {
        for (const auto& address : input_.usage.addresses()) {
            const auto type = address.substr(0, address.find('.'));
            const auto* file = input_.types.find(type);
            if (!file || !file->is_pseudo) continue;
            addresses_.push_back(address);
            PlanResource resource;
            resource.address = address;
            resource.place = parse_address(address);
            resource.type = type;
            resource.values = &usages_.emplace_back(input_.usage.of(type, address));
            found_in_changes_.push_back(std::move(resource));
            const auto* made = &found_in_changes_.back();
            const auto& before = plan_.before().all();
            const bool was_there = std::any_of(
                before.begin(), before.end(), [](const auto& each) { return !each.place.is_data; });
            add(made, was_there ? made : nullptr, nullptr);
        }
    }

    void add(const PlanResource* after, const PlanResource* before, const Json* change) {
        const auto& resource = after ? *after : *before;
        const auto* file = input_.types.find(resource.type);
        if (!file && !input_.types.is_free(resource.type)) {
            ++out_.not_priced[resource.type];
            return add_reason({Why::type_unknown, resource.address, "", resource.type, ""});
        }
        if (!file || file->is_part) {
            ++out_.free[resource.type];
            return;
        }
        CostedResource costed;
        costed.address = resource.address;
        costed.type = resource.type;
        const auto fate = fate_of(change);
        const bool forgets = fate == Fate::forgotten;
        costed.fate = after || forgets ? fate : Fate::deleted;
        if (change) costed.previous_address = (*change)["previous_address"].text();
        costed.tags = tags_of(resource);
        const auto usage = input_.usage.of(resource.type, resource.address);
        check_usage(*file, usage, resource);
        if (before && !forgets) costed.before = side(before_, *before, usage);
        if (after) costed.after = side(after_, *after, usage);
        if (costed.before) out_.before += costed.before->totals;
        if (costed.after) out_.after += costed.after->totals;
        out_.resources.push_back(std::move(costed));
    }

    CostSide side(const Surroundings& surroundings, const PlanResource& resource,
                  const Json& usage) {
        const auto* file = input_.types.find(resource.type);
        if (!file) {  // moved from a type that nobody described
            add_reason({Why::type_unknown, resource.address, "", resource.type, ""});
            return {};
        }
        Pricing pricing(surroundings, prices_, input_.types);
        auto bill = pricing.bill(resource, *file, usage);
        for (auto& reason : bill.reasons) add_reason(std::move(reason));
        return std::move(bill.side);
    }

    void add_reason(CostReason reason) {
        auto& reasons = out_.reasons;
        if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
            reasons.push_back(std::move(reason));
    }

    // Keys that the type does not know: misspelt, or of a part that is not there.
    void check_usage(const TypeFile& file, const Json& usage, const PlanResource& resource) {
        if (usage.members().empty()) return;
        const auto keys = input_.types.usage_of(file);
        for (const auto& member : usage.members()) {
            const auto& key = member.first;
            const auto known = std::any_of(keys.begin(), keys.end(), [&](const auto& entry) {
                return entry.first == key || entry.first.starts_with(key + ".");
            });
            if (!known) out_.unknown_usage.push_back(resource.address + "." + key);
        }
    }

    void note_usage() {
        if (input_.usage.addresses().empty()) return;
        auto addresses = addresses_;
        for (const auto* side : {&plan_.before(), &plan_.after()})
            for (const auto& resource : side->all()) addresses.push_back(resource.address);
        for (auto& name : input_.usage.unused(addresses))
            out_.unknown_usage.push_back(std::move(name));
    }

    const EstimateInput& input_;
    const RememberedPrices prices_;
    PlanDocument plan_;
    const Surroundings before_, after_;
    std::deque<PlanResource> found_in_changes_;
    std::deque<Json> usages_;
    std::vector<std::string> addresses_;  // of what is only in the usage file
    CostEstimate out_;
};

}  // namespace

CostEstimate estimate(const EstimateInput& input) { return Estimator(input).run(); }

}  // namespace slipway::cost
