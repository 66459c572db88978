/// What an import has read so far: the offers that it understood, and how many rows of which kind
/// it did not take over.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policies/cost/prices/price_row.hpp"
#include "service/base/result.hpp"

namespace slipway::cost {

/// One row of a vendor's list: a price of one volume tier of one offer.
struct OfferedPrice {
    PriceKey key;
    std::string unit;
    std::string offer;  ///< the vendor's own id; tiers of one id belong together
    std::string currency;
    RowTier tier;
    std::chrono::sys_days effective;
};

/// Rows that were left out, by reason.
struct LeftOut {
    std::size_t rows = 0;
    std::string example;  ///< of the first of them
};

struct CollectedPrices {
    std::vector<PriceRow> rows;  ///< without source; `date` is that of the list
    std::map<std::string, LeftOut> left_out;
    std::size_t rows_read = 0;
};

class PriceCollector {
  public:
    /// What becomes effective after `today` is left out.
    explicit PriceCollector(std::chrono::sys_days today) : today_(today) {}

    void add(OfferedPrice price);
    void leave_out(const std::string& reason, const std::string& example);
    std::chrono::sys_days newest_effective() const { return newest_; }  ///< 1970-01-01: none yet

    /// Of several offers for one key the newest counts; where two of one day differ, none does. A
    /// tier of zero is an account's free allowance: it goes, and what follows begins at 0. An error
    /// where the currency is not, or not always, the US dollar, or there is no price at all.
    Result<CollectedPrices> finish(std::chrono::sys_days date);

  private:
    struct Offer {
        std::string unit;
        std::chrono::sys_days effective;
        std::vector<RowTier> tiers;
    };
    struct KeyBefore {
        bool operator()(const PriceKey& a, const PriceKey& b) const { return key_before(a, b); }
    };
    std::string choose(std::map<std::string, Offer>& offers, Offer& chosen);

    std::chrono::sys_days today_, newest_;
    std::map<PriceKey, std::map<std::string, Offer>, KeyBefore> offers_;
    std::map<std::string, LeftOut> left_out_;
    std::map<std::string, std::string> currencies_;  // → an example
    std::size_t rows_read_ = 0;
};

}  // namespace slipway::cost
