#include "policies/cost/prices/packed_prices.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "policies/cost/prices/packed_layout.hpp"
#include "service/base/digest.hpp"

namespace slipway::cost {

Result<PackedPrices> PackedPrices::open(std::span<const std::byte> bytes, bool every_reference) {
    PackedPrices table;
    table.bytes_ = bytes;
    if (bytes.size() < sizeof(Header) ||
        std::memcmp(bytes.data(), packed_magic, sizeof packed_magic) != 0)
        return Error{"is not a price table of this version"};
    if (table.header().size != bytes.size()) return Error{"is cut off or has something behind it"};
    auto fault = table.sections_fault();
    if (fault.empty() && every_reference) fault = table.digest_fault();
    if (fault.empty() && every_reference) fault = table.references_fault();
    if (!fault.empty()) return Error{"is damaged: " + fault};
    return table;
}

// The table is read where it lies, without a copy: open() has seen that it begins with our magic,
// is long enough, and that each section lies inside at a multiple of eight; a mapping and the
// embedded table begin at one, too. What is stored are integers without padding
// (packed_layout.hpp).
const PackedPrices::Header& PackedPrices::header() const {
    return *reinterpret_cast<const Header*>(bytes_.data());
}

template <class T>
std::span<const T> PackedPrices::section(std::uint64_t offset, std::size_t count) const {
    return {reinterpret_cast<const T*>(bytes_.data() + offset), count};
}

std::span<const std::uint32_t> PackedPrices::string_ends() const {
    return section<std::uint32_t>(header().string_ends_at, header().strings);
}
std::span<const PackedPrices::Block> PackedPrices::blocks() const {
    return section<Block>(header().blocks_at, header().blocks);
}
std::span<const PackedPrices::Item> PackedPrices::items() const {
    return section<Item>(header().items_at, header().items);
}
std::span<const std::uint32_t> PackedPrices::list_ends() const {
    return section<std::uint32_t>(header().list_ends_at, header().lists);
}
std::span<const RowTier> PackedPrices::tiers() const {
    return section<RowTier>(header().tiers_at, header().tiers);
}

std::string_view PackedPrices::about() const {
    const auto text = section<char>(header().about_at, header().about_bytes);
    return {text.data(), text.size()};
}

std::string PackedPrices::sections_fault() const {
    const auto& head = header();
    const auto inside = [&](std::uint64_t at, std::uint64_t bytes) {
        return at % 8 == 0 && at <= bytes_.size() && bytes <= bytes_.size() - at;
    };
    const bool fits = inside(head.string_ends_at, std::uint64_t{head.strings} * 4) &&
                      inside(head.text_at, head.text_bytes) &&
                      inside(head.blocks_at, std::uint64_t{head.blocks} * sizeof(Block)) &&
                      inside(head.items_at, std::uint64_t{head.items} * sizeof(Item)) &&
                      inside(head.list_ends_at, std::uint64_t{head.lists} * 4) &&
                      inside(head.tiers_at, std::uint64_t{head.tiers} * sizeof(RowTier)) &&
                      inside(head.about_at, head.about_bytes);
    return fits ? "" : "a section lies outside";
}

std::string PackedPrices::digest_fault() const {
    const auto digested = bytes_.subspan(packed_digested_from);
    const auto digest = sha256({reinterpret_cast<const char*>(digested.data()), digested.size()});
    const bool same = std::equal(digest.begin(), digest.end(), header().digest);
    return same ? "" : "its digest is not that of its content";
}

std::string PackedPrices::references_fault() const {
    const auto ascending_to = [](std::span<const std::uint32_t> ends, std::uint32_t last) {
        return std::is_sorted(ends.begin(), ends.end()) && (ends.empty() || ends.back() <= last);
    };
    const auto& head = header();
    if (!ascending_to(string_ends(), head.text_bytes)) return "its strings";
    if (!ascending_to(list_ends(), head.tiers)) return "its tiers";
    std::uint32_t end = 0;
    for (const auto& block : blocks()) {
        for (const auto id : {block.provider, block.service, block.region, block.attributes,
                              block.unit, block.source})
            if (id >= head.strings) return "a block";
        if (block.items_end < end || block.items_end > head.items) return "the items of a block";
        end = block.items_end;
    }
    for (const auto& item : items())
        if (item.sku >= head.strings || item.list >= head.lists) return "an item";
    for (std::uint32_t list = 0; list < head.lists; ++list) {
        const auto found = tiers_of(list);
        if (!tiers_fault({found.begin(), found.end()}).empty()) return "a price";
    }
    return {};
}

std::string_view PackedPrices::string(std::uint32_t id) const {
    const auto ends = string_ends();
    const std::uint32_t begin = id == 0 ? 0 : ends[id - 1];
    const auto text = section<char>(header().text_at, header().text_bytes);
    return {text.data() + begin, ends[id] - begin};
}

std::optional<std::uint32_t> PackedPrices::string_id(std::string_view text) const {
    std::uint32_t low = 0, high = header().strings;
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        if (string(middle) < text)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == header().strings || string(low) != text) return std::nullopt;
    return low;
}

std::span<const PackedPrices::Item> PackedPrices::items_of(std::size_t block) const {
    const auto all = blocks();
    const std::size_t begin = block == 0 ? 0 : all[block - 1].items_end;
    return items().subspan(begin, all[block].items_end - begin);
}

std::span<const RowTier> PackedPrices::tiers_of(std::uint32_t list) const {
    const auto ends = list_ends();
    const std::size_t begin = list == 0 ? 0 : ends[list - 1];
    return tiers().subspan(begin, ends[list] - begin);
}

std::optional<Price> PackedPrices::find(const PriceKey& key) const {
    const auto provider = string_id(key.provider), service = string_id(key.service),
               region = string_id(key.region), attributes = string_id(key.attributes),
               sku = string_id(key.sku);
    if (!provider || !service || !region || !attributes || !sku) return std::nullopt;
    const auto wanted = std::tie(*provider, *service, *region, *attributes);
    const auto key_of = [](const Block& block) {
        return std::tie(block.provider, block.service, block.region, block.attributes);
    };
    const auto all = blocks();
    auto at = std::lower_bound(
        all.begin(), all.end(), wanted,
        [&](const Block& block, const auto& other) { return key_of(block) < other; });
    for (; at != all.end() && key_of(*at) == wanted; ++at) {
        const auto found = items_of(static_cast<std::size_t>(at - all.begin()));
        const auto item = std::lower_bound(found.begin(), found.end(), *sku,
                                           [](const Item& one, auto id) { return one.sku < id; });
        if (item == found.end() || item->sku != *sku) continue;
        Price price;
        price.unit = string(at->unit);
        price.source = string(at->source);
        price.date = std::chrono::sys_days(std::chrono::days(at->date));
        for (const auto& tier : tiers_of(item->list))
            price.tiers.push_back({fixed_decimal(tier.from, quantity_decimals),
                                   fixed_decimal(tier.price, price_decimals)});
        return price;
    }
    return std::nullopt;
}

std::size_t PackedPrices::size() const { return header().items; }

std::chrono::sys_days PackedPrices::newest() const {
    return std::chrono::sys_days(std::chrono::days(header().newest));
}

void PackedPrices::each(const std::function<bool(const PriceRow&)>& visit) const {
    const auto all = blocks();
    PriceRow row;
    for (std::size_t i = 0; i < all.size(); ++i) {
        row.key.provider = string(all[i].provider);
        row.key.service = string(all[i].service);
        row.key.region = string(all[i].region);
        row.key.attributes = string(all[i].attributes);
        row.unit = string(all[i].unit);
        row.source = string(all[i].source);
        row.date = std::chrono::sys_days(std::chrono::days(all[i].date));
        for (const auto& item : items_of(i)) {
            const auto tiers = tiers_of(item.list);
            row.key.sku = string(item.sku);
            row.tiers.assign(tiers.begin(), tiers.end());
            if (!visit(row)) return;
        }
    }
}

bool shares_world_price(const std::string& provider, const std::string& region) {
    const auto begins = [&](std::string_view text) { return region.starts_with(text); };
    if (provider == "aws") return !begins("cn-") && !begins("us-gov-") && !begins("us-iso");
    if (provider == "azure") return !begins("china") && !begins("usgov") && !begins("usdod");
    return true;
}

std::optional<Price> find_in_region_or_world(const PackedPrices& table, const PriceKey& key) {
    auto price = table.find(key);
    if (price || key.region.empty() || !shares_world_price(key.provider, key.region)) return price;
    auto anywhere = key;
    anywhere.region = "*";
    return table.find(anywhere);
}

}  // namespace slipway::cost
