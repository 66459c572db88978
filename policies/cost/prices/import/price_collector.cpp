#include "policies/cost/prices/import/price_collector.hpp"

#include <algorithm>

namespace slipway::cost {

void PriceCollector::add(OfferedPrice price) {
    const auto name = key_text(price.key);
    currencies_.emplace(price.currency, name);
    if (price.effective > today_) {
        leave_out("not in force yet", name + " from " + day_text(price.effective));
        return;
    }
    if (price.tier.price < 0) {
        leave_out("a price below zero", name);
        return;
    }
    ++rows_read_;
    newest_ = std::max(newest_, price.effective);
    auto& offer = offers_[std::move(price.key)][price.offer];
    const auto superseded = [&](std::size_t rows) {
        if (rows == 0) return;
        auto& left = left_out_["superseded by a newer price of the same offer"];
        if (left.rows == 0) left.example = name;
        left.rows += rows;
    };
    if (price.effective < offer.effective) return superseded(1);
    if (price.effective > offer.effective) {
        superseded(offer.tiers.size());
        offer.tiers.clear();
    }
    offer.effective = price.effective;
    offer.unit = std::move(price.unit);
    offer.tiers.push_back(price.tier);
}

void PriceCollector::leave_out(const std::string& reason, const std::string& example) {
    ++rows_read_;
    auto& left = left_out_[reason];
    if (left.rows++ == 0) left.example = example;
}

std::string PriceCollector::choose(std::map<std::string, Offer>& offers, Offer& chosen) {
    bool any = false, differ = false;
    for (auto& [id, offer] : offers) {
        auto& tiers = offer.tiers;
        std::sort(tiers.begin(), tiers.end());
        tiers.erase(std::unique(tiers.begin(), tiers.end()), tiers.end());
        while (!tiers.empty() && tiers.front().price == 0) tiers.erase(tiers.begin());
        if (tiers.empty()) continue;
        tiers.front().from = 0;
        if (!any || offer.effective > chosen.effective) {
            chosen = offer;
            any = true;
            differ = false;
        } else if (offer.effective == chosen.effective) {
            differ |= offer.tiers != chosen.tiers || offer.unit != chosen.unit;
        }
    }
    if (!any) return "a price of zero";
    if (differ) return "offers of one day that contradict each other";
    return tiers_fault(chosen.tiers).empty() ? "" : "tiers that contradict each other";
}

Result<CollectedPrices> PriceCollector::finish(std::chrono::sys_days date) {
    if (currencies_.size() > 1) {
        const auto &first = *currencies_.begin(), &last = *currencies_.rbegin();
        return Error{"mixes currencies: " + first.first + " for " + first.second + ", " +
                     last.first + " for " + last.second};
    }
    if (!currencies_.empty() && currencies_.begin()->first != "USD")
        return Error{"has prices in \"" + currencies_.begin()->first +
                     "\"; only US dollars can be compared and added"};
    CollectedPrices out;
    for (auto& [key, offers] : offers_) {
        Offer chosen;
        const auto fault = choose(offers, chosen);
        if (!fault.empty()) {
            auto& left = left_out_[fault];
            if (left.rows++ == 0) left.example = key_text(key);
            continue;
        }
        out.rows.push_back({key, chosen.unit, "", date, std::move(chosen.tiers)});
    }
    out.left_out = left_out_;
    out.rows_read = rows_read_;
    if (out.rows.empty()) return Error{"holds no price that is known here"};
    return out;
}

}  // namespace slipway::cost
