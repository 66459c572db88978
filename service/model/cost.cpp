#include "service/model/cost.hpp"

#include <algorithm>

namespace slipway {

namespace {

std::string stem(const std::string& name) { return name.substr(0, name.find(" (")); }

template <class Same>
void pair_up(const std::vector<CostComponent>& before, std::vector<CostPair>& pairs, Same same) {
    for (const auto& old : before) {
        if (std::any_of(pairs.begin(), pairs.end(),
                        [&](const auto& pair) { return pair.before == &old; }))
            continue;
        auto match = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) {
            return !pair.before && pair.after->part == old.part && same(*pair.after, old);
        });
        if (match != pairs.end()) match->before = &old;
    }
}

}  // namespace

std::optional<Decimal> CostPair::delta() const {
    const auto old = before ? before->cost() : Decimal(0);
    const auto now = after ? after->cost() : Decimal(0);
    if (!old || !now) return std::nullopt;
    return *now - *old;
}

std::vector<CostPair> paired(const CostedResource& resource) {
    std::vector<CostPair> pairs;
    if (resource.after)
        for (const auto& component : resource.after->components)
            pairs.push_back({nullptr, &component});
    if (!resource.before) return pairs;
    const auto& before = resource.before->components;
    pair_up(before, pairs, [](const auto& a, const auto& b) { return a.name == b.name; });
    pair_up(before, pairs,
            [](const auto& a, const auto& b) { return stem(a.name) == stem(b.name); });
    for (const auto& old : before)
        if (std::none_of(pairs.begin(), pairs.end(),
                         [&](const auto& pair) { return pair.before == &old; }))
            pairs.push_back({&old, nullptr});
    return pairs;
}

}  // namespace slipway
