/// The text form of a price table, as it lies in `tables/` and as people review it: blocks of a
/// header and one line per sku, with a column per region. README.md beside this file describes it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policies/cost/prices/price_row.hpp"
#include "service/base/result.hpp"

namespace slipway::cost {

/// Key → what it is, for people.
using PriceSources = std::map<std::string, std::string, std::less<>>;

/// Lines "key description"; # begins a comment. The error begins with "file:line: ".
Result<PriceSources> read_price_sources(const std::string& file, std::string_view text);

/// Adds the rows of one file to `rows`. Whatever is not exactly right is an error that begins with
/// "file:line: "; the rows are then unspecified. Equal keys in two places are found by
/// pack_prices().
Result<std::size_t> read_price_text(const std::string& file, std::string_view text,
                                    const PriceSources& sources, std::vector<PriceRow>& rows);

}  // namespace slipway::cost
