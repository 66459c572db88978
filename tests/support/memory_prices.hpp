// A price table of a few rows, for tests that say what they cost.
#pragma once
#include <map>
#include <string>
#include <utility>

#include "policies/cost/price_table.hpp"

namespace slipway::cost {

class MemoryPrices : public PriceTable {
  public:
    // "aws ec2 us-east-1 m5.large os=linux" → a price per `unit`, with further tiers as
    // "FROM:PRICE".
    MemoryPrices& add(const std::string& key, const std::string& unit, const std::string& price,
                      std::vector<std::pair<std::string, std::string>> further = {}) {
        Price row;
        row.unit = unit;
        row.tiers.push_back({Decimal(0), Decimal(price)});
        for (const auto& [from, next] : further)
            row.tiers.push_back({Decimal(from), Decimal(next)});
        row.date = date;
        row.source = "test";
        rows[key] = std::move(row);
        return *this;
    }
    std::optional<Price> find(const PriceKey& key) const override {
        auto text = key.provider + " " + key.service + " " + key.region + " " + key.sku;
        if (!key.attributes.empty()) text += " " + key.attributes;
        const auto it = rows.find(text);
        if (it == rows.end()) return std::nullopt;
        return it->second;
    }
    std::chrono::year_month_day newest() const override { return date; }

    std::map<std::string, Price> rows;
    std::chrono::year_month_day date{std::chrono::year(2026), std::chrono::month(10),
                                     std::chrono::day(15)};
};

}  // namespace slipway::cost
