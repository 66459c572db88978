#include "policies/cost/bands.hpp"

#include <array>

namespace slipway::cost {

namespace {

// 51200 of GB is "50TB"; 6000000000 of requests is "6B".
std::string size_text(Decimal size, const std::string& unit) {
    const bool bytes = unit.starts_with("GB") && unit != "GB-second";
    const unsigned long long step = bytes ? 1024 : 1000;  // a division by a whole is quick
    static constexpr std::array<const char*, 3> byte_words{"GB", "TB", "PB"};
    static constexpr std::array<const char*, 4> count_words{"", "K", "M", "B"};
    const std::size_t last = bytes ? byte_words.size() - 1 : count_words.size() - 1;
    std::size_t word = 0;
    while (word < last && size >= step) {
        size /= step;
        ++word;
    }
    return decimal_text(rounded(size, 2)) + (bytes ? byte_words[word] : count_words[word]);
}

}  // namespace

std::vector<Band> bands_of(const Price& price, const std::optional<Decimal>& quantity) {
    std::vector<Band> bands;
    const auto& tiers = price.tiers;
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        const Decimal from = i == 0 ? Decimal(0) : tiers[i].from;
        const bool is_last = i + 1 == tiers.size();
        Band band;
        band.price = tiers[i].price;
        if (quantity) {
            Decimal part = *quantity > from ? Decimal(*quantity - from) : Decimal(0);
            if (!is_last && part > tiers[i + 1].from - from) part = tiers[i + 1].from - from;
            if (i > 0 && part.is_zero()) continue;
            band.quantity = part;
        } else if (i > 0) {
            continue;
        }
        if (tiers.size() > 1) {
            band.name = i == 0    ? "first " + size_text(tiers[1].from, price.unit)
                        : is_last ? "over " + size_text(from, price.unit)
                                  : "next " + size_text(tiers[i + 1].from - from, price.unit);
        }
        bands.push_back(std::move(band));
    }
    return bands;
}

}  // namespace slipway::cost
