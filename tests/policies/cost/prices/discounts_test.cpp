// Discounts: which of them holds, and what it makes of a price.
#include "policies/cost/layered_prices.hpp"

#include <doctest/doctest.h>

#include "policies/cost/built_in_prices.hpp"

namespace {

using namespace slipway;
using namespace slipway::cost;

Discounts read(const std::string& text, std::string& faults) {
    const auto yaml = parse_yaml(text, "discounts.yaml");
    REQUIRE(std::holds_alternative<Yaml>(yaml));
    Findings findings;
    auto out = read_discounts(std::get<Yaml>(yaml), findings);
    faults = findings.text();
    return out;
}

const std::string four =
    "- {provider: aws, percent: 3}\n"
    "- {provider: aws, service: ec2, percent: 7.5}\n"
    "- {provider: aws, account: '123', percent: 10}\n"
    "- {provider: aws, account: '123', service: ec2, percent: 12}\n";

}  // namespace

TEST_CASE("of several discounts the most specific holds, alone") {
    std::string faults;
    const auto discounts = read(four, faults);
    CHECK(faults.empty());
    CHECK(discounts.percent("aws", "ec2", "123") == 12);
    CHECK(discounts.percent("aws", "rds", "123") == 10);
    CHECK(discounts.percent("aws", "ec2", "456") == Decimal("7.5"));
    CHECK(discounts.percent("aws", "rds", "") == 3);
    CHECK(discounts.percent("azure", "vm", "123") == 0);
}

TEST_CASE("a discount lowers every tier exactly, and nothing that has no price gets one") {
    std::string faults;
    const DiscountedPrices prices(std::make_shared<BuiltInPrices>(), read(four, faults), "456");
    CHECK(prices.find({"aws", "ec2", "us-east-1", "m5.large", "os=linux"})->tiers[0].price ==
          Decimal("0.0888"));
    const auto storage = prices.find({"aws", "s3", "us-east-1", "storage", "class=standard"});
    REQUIRE(storage->tiers.size() == 3);
    CHECK(storage->tiers[2].price == Decimal("0.02037"));
    CHECK_FALSE(prices.find({"aws", "ec2", "us-east-1", "m5.huge", "os=linux"}));
    CHECK(prices.newest() == BuiltInPrices().newest());
}

TEST_CASE("what is wrong with discounts is named with its place") {
    std::string faults;
    const auto discounts = read(
        "- {provider: aws, percent: 100}\n"
        "- {provider: aws, percent: 0}\n"
        "- {provider: aws, percent: -5}\n"
        "- {percent: 5}\n"
        "- {provider: aws, percent: 5, servce: ec2}\n"
        "- {provider: aws, percent: 6}\n",
        faults);
    for (const char* part : {"discounts.yaml:1:", "discounts.yaml:2:", "discounts.yaml:3:",
                             "discounts.yaml:4:", "discounts.yaml:5:", "discounts.yaml:6:"})
        CHECK_MESSAGE(faults.find(part) != std::string::npos, faults);
    CHECK(discounts.all.size() == 1);
    read("aws: 5\n", faults);
    CHECK(faults.find("discounts are a list") != std::string::npos);
}

TEST_CASE("a table is old after 180 days") {
    const auto newest = std::chrono::year(2026) / 1 / 1;
    CHECK_FALSE(is_old(newest, std::chrono::sys_days(newest) + std::chrono::days(180)));
    CHECK(is_old(newest, std::chrono::sys_days(newest) + std::chrono::days(181)));
}
