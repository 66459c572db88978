/// A price table as one run of bytes that is read where it lies: in the program's read-only
/// section, or in a mapped file. Opening it copies nothing, and a lookup touches a few pages.
///
/// Little-endian: a header; the ends of the strings, the strings, each once and sorted; blocks (one
/// per provider, service, region, attributes, unit, source and date) in the order of key_before();
/// the blocks' items, sorted by sku; the ends of the tier lists, and their tiers, each distinct
/// list once; a JSON text about where it all comes from.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policies/cost/prices/price_row.hpp"
#include "service/base/result.hpp"

namespace slipway::cost {

/// Sorts the rows and packs them. Fails with a sentence where a key stands twice. `about`: JSON,
/// kept as it is.
Result<std::string> pack_prices(std::vector<PriceRow> rows, std::string_view about);

class PackedPrices {
  public:
    /// `bytes` must be aligned to 8 and outlive the table. Checks the header and that every section
    /// lies inside; with `every_reference`, the digest, too, and that nothing points outside: for
    /// bytes that others may have written. The error is a sentence.
    static Result<PackedPrices> open(std::span<const std::byte> bytes, bool every_reference);

    /// Only what has exactly this key; region "*" is a region like others here.
    std::optional<Price> find(const PriceKey& key) const;
    std::size_t size() const;
    std::chrono::sys_days newest() const;  ///< 1970-01-01 where it is empty
    std::string_view about() const;

    /// In the order of key_before(). `visit` returns whether to go on.
    void each(const std::function<bool(const PriceRow&)>& visit) const;

  private:
    struct Header;
    struct Block;
    struct Item;

    const Header& header() const;
    template <class T>
    std::span<const T> section(std::uint64_t offset, std::size_t count) const;
    std::span<const std::uint32_t> string_ends() const;
    std::span<const Block> blocks() const;
    std::span<const Item> items() const;
    std::span<const std::uint32_t> list_ends() const;
    std::span<const RowTier> tiers() const;
    std::string_view string(std::uint32_t id) const;
    std::optional<std::uint32_t> string_id(std::string_view text) const;
    std::span<const Item> items_of(std::size_t block) const;
    std::span<const RowTier> tiers_of(std::uint32_t list) const;
    std::string sections_fault() const;
    std::string digest_fault() const;
    std::string references_fault() const;

    friend class PricePacker;
    std::span<const std::byte> bytes_;
};

/// Whether a row of region "*" may answer for this region: not in the parts of a cloud that have
/// prices, or a currency, of their own (China, government).
bool shares_world_price(const std::string& provider, const std::string& region);

/// The key's own row, else the row of region "*" where that holds for the key's region.
std::optional<Price> find_in_region_or_world(const PackedPrices& table, const PriceKey& key);

}  // namespace slipway::cost
