// Writes packed tables.
#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "policies/cost/prices/packed_layout.hpp"
#include "service/base/digest.hpp"

namespace slipway::cost {

class PricePacker {
  public:
    std::string pack(const std::vector<PriceRow>& rows, std::string_view about) {
        number_strings(rows);
        for (const auto& row : rows) add(row);
        return written(about);
    }

  private:
    using Header = PackedPrices::Header;
    using Block = PackedPrices::Block;
    using Item = PackedPrices::Item;

    void number_strings(const std::vector<PriceRow>& rows) {
        for (const auto& row : rows)
            for (const auto* text : {&row.key.provider, &row.key.service, &row.key.region,
                                     &row.key.attributes, &row.key.sku, &row.unit, &row.source})
                ids_.emplace(*text, 0);
        std::uint32_t next = 0;
        for (auto& [text, id] : ids_) {
            id = next++;
            text_ += text;
            string_ends_.push_back(static_cast<std::uint32_t>(text_.size()));
        }
    }

    void add(const PriceRow& row) {
        const Block block{id(row.key.provider),
                          id(row.key.service),
                          id(row.key.region),
                          id(row.key.attributes),
                          id(row.unit),
                          id(row.source),
                          static_cast<std::int32_t>(row.date.time_since_epoch().count()),
                          0};
        if (blocks_.empty() || !alike(blocks_.back(), block)) blocks_.push_back(block);
        newest_ = std::max(newest_, block.date);
        items_.push_back({id(row.key.sku), list_of(row.tiers)});
        blocks_.back().items_end = static_cast<std::uint32_t>(items_.size());
    }

    static bool alike(const Block& a, const Block& b) {
        return std::tie(a.provider, a.service, a.region, a.attributes, a.unit, a.source, a.date) ==
               std::tie(b.provider, b.service, b.region, b.attributes, b.unit, b.source, b.date);
    }

    std::uint32_t id(const std::string& text) const { return ids_.at(text); }

    std::uint32_t list_of(const std::vector<RowTier>& tiers) {
        const auto [at, fresh] = lists_.emplace(tiers, static_cast<std::uint32_t>(lists_.size()));
        if (fresh) {
            tiers_.insert(tiers_.end(), tiers.begin(), tiers.end());
            list_ends_.push_back(static_cast<std::uint32_t>(tiers_.size()));
        }
        return at->second;
    }

    template <class T>
    std::uint64_t put(const std::vector<T>& records) {
        out_.resize((out_.size() + 7) / 8 * 8);
        const auto at = out_.size();
        out_.append(reinterpret_cast<const char*>(records.data()), records.size() * sizeof(T));
        return at;
    }

    std::string written(std::string_view about) {
        Header header{};
        std::memcpy(header.magic, packed_magic, sizeof header.magic);
        header.newest = newest_;
        header.strings = static_cast<std::uint32_t>(string_ends_.size());
        header.blocks = static_cast<std::uint32_t>(blocks_.size());
        header.items = static_cast<std::uint32_t>(items_.size());
        header.lists = static_cast<std::uint32_t>(list_ends_.size());
        header.tiers = static_cast<std::uint32_t>(tiers_.size());
        header.text_bytes = static_cast<std::uint32_t>(text_.size());
        header.about_bytes = static_cast<std::uint32_t>(about.size());
        out_.assign(sizeof header, '\0');
        header.string_ends_at = put(string_ends_);
        header.text_at = put(std::vector<char>(text_.begin(), text_.end()));
        header.blocks_at = put(blocks_);
        header.items_at = put(items_);
        header.list_ends_at = put(list_ends_);
        header.tiers_at = put(tiers_);
        header.about_at = put(std::vector<char>(about.begin(), about.end()));
        header.size = out_.size();
        std::memcpy(out_.data(), &header, sizeof header);
        const auto digest = sha256(std::string_view(out_).substr(packed_digested_from));
        std::memcpy(out_.data() + sizeof header.magic, digest.data(), digest.size());
        return std::move(out_);
    }

    std::map<std::string, std::uint32_t> ids_;
    std::string text_, out_;
    std::vector<std::uint32_t> string_ends_, list_ends_;
    std::vector<Block> blocks_;
    std::vector<Item> items_;
    std::map<std::vector<RowTier>, std::uint32_t> lists_;
    std::vector<RowTier> tiers_;
    std::int32_t newest_ = 0;
};

Result<std::string> pack_prices(std::vector<PriceRow> rows, std::string_view about) {
    const auto before = [](const PriceRow& a, const PriceRow& b) {
        return key_before(a.key, b.key);
    };
    std::sort(rows.begin(), rows.end(), before);
    for (std::size_t i = 1; i < rows.size(); ++i)
        if (same_key(rows[i - 1].key, rows[i].key))
            return Error{"there are two prices of " + key_text(rows[i].key)};
    constexpr std::size_t most =
        std::numeric_limits<std::uint32_t>::max() / 64;  // offsets are of 32 bits
    if (rows.size() > most) return Error{"more than " + std::to_string(most) + " prices"};
    return PricePacker().pack(rows, about);
}

}  // namespace slipway::cost
