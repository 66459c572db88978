/// What prices an estimate: what the user imported, then what Slipway brings along, less discounts.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policies/cost/price_table.hpp"
#include "service/base/result.hpp"
#include "service/base/yaml.hpp"
#include "service/base/yaml_reader.hpp"

namespace slipway::cost {

class MappedPrices;

/// Imported tables before the built-in one, key by key. A row of the key's own region, wherever it
/// stands, counts before one of region "*".
class LayeredPrices final : public PriceTable {
  public:
    /// The tables `aws`, `azure` and `gcp` that `slipway prices import` left in the directory;
    /// there may be none, and the directory need not exist. The error names the file.
    static Result<std::shared_ptr<const LayeredPrices>> open(
        const std::filesystem::path& directory);

    std::optional<Price> find(const PriceKey& key) const override;
    std::chrono::year_month_day newest() const override;
    const std::vector<std::shared_ptr<const MappedPrices>>& imported() const { return imported_; }

  private:
    std::vector<std::shared_ptr<const MappedPrices>> imported_;
};

/// In percent of the list price, 0 < percent < 100: a discount makes nothing free.
struct Discount {
    std::string provider;
    std::string service;  ///< empty: every service of the provider
    std::string account;  ///< AWS account, Azure subscription, Google project; empty: every account
    Decimal percent;
};

struct Discounts {
    std::vector<Discount> all;

    /// Of the discounts that hold the most specific counts, alone: account and service, then
    /// account, then service, then the whole provider. Zero where there is none.
    Decimal percent(const std::string& provider, const std::string& service,
                    const std::string& account) const;
};

/// A list of maps with `provider`, `percent` and perhaps `service` and `account`. What is wrong
/// goes to `findings`.
Discounts read_discounts(const Yaml& list, Findings& findings);

class DiscountedPrices final : public PriceTable {
  public:
    /// `account`: whose plan is priced; empty where it is not known, and then discounts of accounts
    /// do not hold.
    DiscountedPrices(std::shared_ptr<const PriceTable> table, Discounts discounts,
                     std::string account);

    std::optional<Price> find(const PriceKey& key) const override;
    std::chrono::year_month_day newest() const override;

  private:
    std::shared_ptr<const PriceTable> table_;
    Discounts discounts_;
    std::string account_;
};

/// More than 180 days: the pull request says so.
bool is_old(std::chrono::year_month_day newest, std::chrono::sys_days today);

}  // namespace slipway::cost
