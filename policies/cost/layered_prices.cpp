#include "policies/cost/layered_prices.hpp"

#include <algorithm>

#include "policies/cost/built_in_prices.hpp"
#include "policies/cost/prices/import/import.hpp"
#include "policies/cost/prices/mapped_prices.hpp"
#include "policies/cost/prices/price_row.hpp"

namespace slipway::cost {

Result<std::shared_ptr<const LayeredPrices>> LayeredPrices::open(
    const std::filesystem::path& directory) {
    auto out = std::make_shared<LayeredPrices>();
    for (const char* vendor : {"aws", "azure", "gcp"}) {
        const auto path = imported_table_path(directory, vendor);
        std::error_code error;
        if (!std::filesystem::exists(path, error)) continue;
        auto opened = MappedPrices::open(path);
        if (!opened) return opened.error();
        out->imported_.push_back(std::move(*opened));
    }
    return std::shared_ptr<const LayeredPrices>(std::move(out));
}

std::optional<Price> LayeredPrices::find(const PriceKey& key) const {
    const auto in_any = [&](const PriceKey& wanted) -> std::optional<Price> {
        for (const auto& mapped : imported_)
            if (auto found = mapped->table().find(wanted)) return found;
        return built_in_table().find(wanted);
    };
    if (key.region.empty()) return std::nullopt;
    auto found = in_any(key);
    if (found || !shares_world_price(key.provider, key.region)) return found;
    auto anywhere = key;
    anywhere.region = "*";
    return in_any(anywhere);
}

std::chrono::year_month_day LayeredPrices::newest() const {
    auto newest = built_in_table().newest();
    for (const auto& mapped : imported_) newest = std::max(newest, mapped->table().newest());
    return newest;
}

Decimal Discounts::percent(const std::string& provider, const std::string& service,
                           const std::string& account) const {
    const Discount* best = nullptr;
    const auto weight = [](const Discount& one) {
        return (one.account.empty() ? 0 : 2) + (one.service.empty() ? 0 : 1);
    };
    for (const auto& one : all) {
        if (one.provider != provider) continue;
        if (!one.service.empty() && one.service != service) continue;
        if (!one.account.empty() && one.account != account) continue;
        if (!best || weight(one) > weight(*best)) best = &one;
    }
    return best ? best->percent : Decimal(0);
}

Discounts read_discounts(const Yaml& list, Findings& findings) {
    Discounts out;
    if (list.kind != Yaml::Kind::list && list.kind != Yaml::Kind::null)
        findings.add(list.place, "discounts are a list");
    for (const auto& node : list.list) {
        MapReader map(node, "a discount", findings);
        Discount one;
        one.provider = map.text("provider").value_or("");
        one.service = map.text("service").value_or("");
        one.account = map.text("account").value_or("");
        const auto percent = map.text("percent");
        const bool complete = map.require("provider") && map.require("percent");
        if (!complete || !percent) continue;
        const auto read = parse_fixed(*percent, price_decimals);
        constexpr std::int64_t hundred = 10'000'000'000'000'000;
        if (!read || *read <= 0 || *read >= hundred) {
            map.report("percent", "is a decimal number above 0 and below 100");
            continue;
        }
        one.percent = fixed_decimal(*read, price_decimals);
        const bool twice = std::any_of(out.all.begin(), out.all.end(), [&](const auto& other) {
            return other.provider == one.provider && other.service == one.service &&
                   other.account == one.account;
        });
        if (twice) map.report("provider", "has this discount twice");
        if (!twice) out.all.push_back(std::move(one));
    }
    return out;
}

DiscountedPrices::DiscountedPrices(std::shared_ptr<const PriceTable> table, Discounts discounts,
                                   std::string account)
    : table_(std::move(table)), discounts_(std::move(discounts)), account_(std::move(account)) {}

std::optional<Price> DiscountedPrices::find(const PriceKey& key) const {
    auto price = table_->find(key);
    if (!price) return price;
    const Decimal percent = discounts_.percent(key.provider, key.service, account_);
    if (percent == 0) return price;
    const Decimal factor =
        (Decimal(100) - percent) * Decimal("0.01");  // a division would not be exact
    for (auto& tier : price->tiers) tier.price *= factor;
    return price;
}

std::chrono::year_month_day DiscountedPrices::newest() const { return table_->newest(); }

bool is_old(std::chrono::year_month_day newest, std::chrono::sys_days today) {
    return today - std::chrono::sys_days(newest) > std::chrono::days(180);
}

}  // namespace slipway::cost
