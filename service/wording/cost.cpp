#include "service/wording/cost.hpp"

#include <algorithm>

#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

using Why = CostReason::Why;

std::string with_thousands(std::string digits) {
    for (auto at = std::min(digits.find('.'), digits.size()); at > 3; at -= 3)
        digits.insert(at - 3, 1, ',');
    return digits;
}

// An amount of which no cent is to be lost: prices of single requests.
std::string price_text(const Decimal& price) {
    if (price >= 1) return money_text(price);
    auto digits = decimal_text(price);
    const auto point = digits.find('.');
    if (point != digits.npos)
        while (digits.size() < point + 3) digits += '0';
    return "$" + digits;
}

std::string indented(std::size_t depth) { return std::string(2 + 2 * depth, ' '); }

// "730 hours", and what depends on use: "$0.045 per GB".
std::string line_of(const CostComponent& component) {
    if (const auto cost = component.cost())
        return with_thousands(decimal_text(rounded(*component.quantity, 4))) + " " +
               component.unit + "  " + money_text(*cost);
    if (!component.price) return "not priced";
    if (!component.quantity && component.usage_based)
        return "+ " + price_text(*component.price) + " per " + component.unit;
    return "not priced";
}

std::string fate_text(const CostedResource& resource) {
    using Fate = CostedResource::Fate;
    switch (resource.fate) {
        case Fate::created:
            return "created";
        case Fate::changed:
            return "changed";
        case Fate::replaced:
            return "replaced";
        case Fate::deleted:
            return "destroyed";
        case Fate::forgotten:
            return "still billed, no longer managed";
        case Fate::imported:
            return "imported, already running";
        case Fate::unchanged:
            break;
    }
    return resource.previous_address.empty() ? "" : "moved";
}

// The lines of one resource, with its parts indented.
std::string details(const CostedResource& resource) {
    std::string out;
    const auto& side = resource.after ? resource.after : resource.before;
    if (!side) return out;
    std::vector<std::string> above;
    for (const auto& component : side->components) {
        std::size_t same = 0;
        while (same < above.size() && same < component.part.size() &&
               above[same] == component.part[same])
            ++same;
        for (std::size_t i = same; i < component.part.size(); ++i)
            out += indented(i) + one_line(component.part[i]) + "\n";
        above = component.part;
        out += indented(component.part.size()) + one_line(component.name) + ": " +
               line_of(component) + "\n";
    }
    return out;
}

// What one side costs, as far as that is known: never a zero for what is not.
std::string side_text(const std::optional<CostSide>& side) {
    if (!side) return money_text(0);
    const auto& all = side->components;
    const bool any_known =
        std::any_of(all.begin(), all.end(), [](const auto& one) { return one.cost().has_value(); });
    if (any_known || (all.empty() && side->totals.unknown == 0))
        return total_text(side->totals.total(), side->totals.unknown > 0);
    return side->totals.unknown > 0 ? "not known" : "depends on use";
}

// Largest change first, then largest cost.
std::vector<const CostedResource*> sorted(const CostEstimate& estimate) {
    std::vector<const CostedResource*> out;
    for (const auto& resource : estimate.resources) out.push_back(&resource);
    const auto size = [](const Decimal& amount) { return boost::multiprecision::abs(amount); };
    std::stable_sort(out.begin(), out.end(), [&](const auto* a, const auto* b) {
        return size(a->delta()) > size(b->delta());
    });
    return out;
}

std::string summary(const CostEstimate& estimate) {
    std::string out =
        "Cost per month: " + total_text(estimate.after.total(), estimate.incomplete());
    if (estimate.before.total() != 0 || estimate.delta() != estimate.after.total())
        out += " (" + change_text(estimate.delta()) + ")";
    if (estimate.after.usage != 0)
        out += ", of which " + money_text(estimate.after.usage) + " by the usage file";
    return out + ".";
}

std::string small_print(const CostEstimate& estimate) {
    std::string out = "List prices of " + estimate.prices_of +
                      " in US dollars before tax, without free tiers and discounts. Data transfer "
                      "is not included.";
    int free = 0;
    for (const auto& [type, count] : estimate.free) free += count;
    if (free > 0) out += " " + number_of(static_cast<std::size_t>(free), "resource") + " free.";
    return out;
}

std::string counted(const std::map<std::string, int>& types, const Voice& voice) {
    std::vector<std::string> names;
    for (const auto& [type, count] : types)
        names.push_back(voice.code(type) + (count > 1 ? " (" + std::to_string(count) + ")" : ""));
    return list_of(names, 20);
}

// Each reason once, with its resource; types that nobody described are one line.
std::vector<std::string> reasons(const CostEstimate& estimate, const Voice& voice) {
    std::vector<std::string> out;
    if (!estimate.not_priced.empty())
        out.push_back("No prices are known for these resource types: " +
                      counted(estimate.not_priced, voice));
    for (const auto& reason : estimate.reasons) {
        if (reason.why == Why::type_unknown) continue;
        auto line = voice.code(reason.address);
        if (!reason.component.empty()) line += ", " + voice.name(reason.component);
        out.push_back(line + ": " + cost_reason_text(reason, voice));
    }
    for (const auto& key : estimate.unknown_usage)
        out.push_back("The usage file says " + voice.code(key) +
                      ", which is no key of this plan's resources");
    return out;
}

}  // namespace

std::string money_text(const Decimal& amount) {
    auto digits = decimal_text(rounded(boost::multiprecision::abs(amount), 2));
    const auto point = digits.find('.');
    if (point == digits.npos)
        digits += ".00";
    else
        while (digits.size() < point + 3) digits += '0';
    const bool is_negative = amount < 0 && digits != "0.00";
    return (is_negative ? "-$" : "$") + with_thousands(digits);
}

std::string change_text(const Decimal& amount) {
    if (amount == 0) return "no change";
    return (amount > 0 ? "+" : "") + money_text(amount);
}

std::string total_text(const Decimal& amount, bool incomplete) {
    return (incomplete ? "at least " : "") + money_text(amount);
}

std::string cost_reason_text(const CostReason& reason, const Voice& voice) {
    // What an expression makes of several attributes has no name of its own.
    const auto attribute =
        reason.attribute.empty() ? std::string("its quantity") : voice.code(reason.attribute);
    switch (reason.why) {
        case Why::region_unknown:
            return "its region is not known";
        case Why::type_unknown:
            return "no prices are known for " + attribute;
        case Why::price_missing:
            return reason.value.empty() ? "the price table lacks its price"
                                        : "the price table lacks " + voice.code(reason.value);
        case Why::unit_mismatch:
            return "the price table has " + voice.code(reason.value) + " by another unit";
        case Why::known_after_apply:
            return attribute + " is known after apply";
        case Why::attribute_missing:
            return "the plan does not say " + attribute;
        case Why::attribute_sensitive:
            return attribute + " is sensitive and was removed from the plan";
        case Why::reference_unresolved:
            return attribute + " points to nothing in this plan";
        case Why::value_not_priced:
            return reason.attribute.empty()
                       ? "its quantity cannot be priced"
                       : "there is no list price for what " + attribute + " says";
        case Why::deferred:
            return "it is put off to a later plan";
    }
    return "";
}

std::string cost_table(const CostEstimate& estimate) {
    const Voice voice(Medium::terminal);
    std::string out;
    for (const auto* resource : sorted(estimate)) {
        const auto fate = fate_text(*resource);
        out += one_line(resource->address) + "  " + side_text(resource->after);
        if (resource->delta() != 0) out += " (" + change_text(resource->delta()) + ")";
        if (!fate.empty()) out += "  " + fate;
        out += "\n" + details(*resource) + "\n";
    }
    out += summary(estimate) + "\n";
    const auto lines = reasons(estimate, voice);
    if (!lines.empty()) out += "\nNot priced:\n";
    for (const auto& line : lines) out += "  " + line + "\n";
    return out + "\n" + small_print(estimate) + "\n";
}

std::string cost_markdown(const CostEstimate& estimate) {
    const Voice voice(Medium::markdown);
    std::string out = escape_dollars(summary(estimate)) + "\n";
    std::string rows;
    for (const auto* resource : sorted(estimate)) {
        if (resource->delta() == 0 && fate_text(*resource).empty()) continue;
        rows += "| " + code_span_in_cell(shortened_in_the_middle(resource->address, name_bytes)) +
                " | " +
                (resource->delta() == 0 ? "" : escape_dollars(change_text(resource->delta()))) +
                " | " + escape_dollars(side_text(resource->after)) + " | " + fate_text(*resource) +
                " |\n";
    }
    if (!rows.empty()) out += "\n| Resource | Change | Per month | |\n|---|---|---|---|\n" + rows;
    const auto lines = reasons(estimate, voice);
    if (!lines.empty()) out += "\nNot priced:\n\n";
    for (const auto& line : lines) out += "- " + line + "\n";
    return out + "\n<sub>" + html_text(small_print(estimate)) + "</sub>\n";
}

}  // namespace slipway
