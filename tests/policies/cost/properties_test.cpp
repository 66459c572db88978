// What holds for any plan: totals are exact, order does not matter, and whatever is not known makes
// an estimate incomplete, never smaller in silence.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "policies/cost/estimate.hpp"
#include "policies/cost/infracost.hpp"
#include "tests/support/memory_prices.hpp"
#include "tests/support/plan_builder.hpp"

namespace slipway::cost {
namespace {

const std::vector<std::string> instance_types{"t3.nano", "m5.large", "c5.xlarge", "r5.2xlarge"};
const std::vector<std::string> volume_types{"gp2", "gp3", "io1", "st1"};

MemoryPrices random_prices(std::mt19937& random) {
    MemoryPrices prices;
    const auto amount = [&] { return "0." + std::to_string(1000 + random() % 9000); };
    for (const auto& type : instance_types)
        prices.add("aws ec2 eu-west-1 " + type + " os=linux", "hour", amount());
    for (const auto& type : volume_types)
        prices.add("aws ebs eu-west-1 " + type, "GB-month", amount());
    prices.add("aws ebs-iops eu-west-1 io1", "IOPS-month", amount());
    prices.add("aws nat-gateway eu-west-1 hours", "hour", amount());
    prices.add("aws nat-gateway eu-west-1 data", "GB", amount(), {{"100", "0.01"}});
    return prices;
}

std::string random_values(const std::string& type, std::mt19937& random) {
    if (type == "aws_nat_gateway") return R"({"subnet_id": "s"})";
    if (type == "aws_ebs_volume")
        return R"({"type": ")" + volume_types[random() % volume_types.size()] +
               R"(", "iops": 200, "size": )" + std::to_string(1 + random() % 500) + "}";
    return R"({"instance_type": ")" + instance_types[random() % instance_types.size()] +
           R"(", "root_block_device": [{"volume_type": "gp2", "volume_size": )" +
           std::to_string(8 + random() % 100) + "}]}";
}

PlanBuilder random_plan(std::mt19937& random) {
    PlanBuilder plan;
    plan.provider("aws", R"({"region": {"constant_value": "eu-west-1"}})");
    const std::vector<std::string> types{"aws_instance", "aws_ebs_volume", "aws_nat_gateway"};
    for (int i = 0, count = 1 + static_cast<int>(random() % 12); i < count; ++i) {
        const auto& type = types[random() % types.size()];
        const auto address = type + ".r" + std::to_string(i);
        const auto before = random_values(type, random), after = random_values(type, random);
        // A deleted one has only its own values to say where it lies.
        const auto zoned = "{\"availability_zone\": \"eu-west-1a\", " + before.substr(1);
        switch (random() % 4) {
            case 0:
                plan.create(address, after);
                break;
            case 1:
                plan.remove(address, zoned);
                break;
            case 2:
                plan.update(address, before, before, R"(["no-op"])");
                break;
            default:
                plan.update(address, before, after);
        }
    }
    return plan;
}

UsageFile some_usage() {
    return *UsageFile::read(
        "version: 0.1\nresource_type_default_usage:\n  aws_nat_gateway: "
        "{monthly_data_processed_gb: 250.5}\n",
        "usage.yml");
}

CostEstimate priced(const Json& plan, const PriceTable& prices) {
    const auto usage = some_usage();
    return estimate({plan, prices, built_in_types(), usage, "2026-11-01"});
}

CostTotals sum_of(const CostSide& side) {
    CostTotals sum;
    for (const auto& component : side.components)
        if (const auto cost = component.cost())
            (component.usage_based ? sum.usage : sum.fixed) += *cost;
    return sum;
}

}  // namespace

TEST_CASE("totals are the sums of their parts, and deltas the differences, exactly") {
    std::mt19937 random(12);
    for (int round = 0; round < 60; ++round) {
        const auto prices = random_prices(random);
        auto plan = random_plan(random);
        const auto made = priced(plan.document(), prices);
        REQUIRE(made.reasons.empty());
        CostTotals before, after;
        Decimal delta = 0;
        for (const auto& resource : made.resources) {
            if (resource.before) {
                CHECK(sum_of(*resource.before) == resource.before->totals);
                before += resource.before->totals;
            }
            if (resource.after) {
                CHECK(sum_of(*resource.after) == resource.after->totals);
                after += resource.after->totals;
            }
            delta += resource.delta();
            Decimal pairs = 0;
            for (const auto& pair : paired(resource)) pairs += *pair.delta();
            CHECK(pairs == resource.delta());
        }
        CHECK(before == made.before);
        CHECK(after == made.after);
        CHECK(delta == made.delta());
        const auto document = infracost_document(made, {"p", "plan.json", "2026-11-01T00:00:00Z"});
        CHECK(*parse_decimal(document["pastTotalMonthlyCost"].text()) +
                  *parse_decimal(document["diffTotalMonthlyCost"].text()) ==
              *parse_decimal(document["totalMonthlyCost"].text()));
    }
}

TEST_CASE("the order of a plan's resources and their modules does not matter") {
    std::mt19937 random(13);
    for (int round = 0; round < 30; ++round) {
        const auto prices = random_prices(random);
        auto plan = random_plan(random);
        const auto made = priced(plan.document(), prices);
        auto shuffled = plan.document();
        auto& items = shuffled.at("planned_values").at("root_module").at("resources").edit_items();
        std::shuffle(items.begin(), items.end(), random);
        auto& changes = shuffled.at("resource_changes").edit_items();
        std::shuffle(changes.begin(), changes.end(), random);
        const auto other = priced(shuffled, prices);
        CHECK(other.before == made.before);
        CHECK(other.after == made.after);
        CHECK(other.resources.size() == made.resources.size());
    }
}

TEST_CASE("a plan without its prices, regions or types is incomplete, and never smaller") {
    std::mt19937 random(14);
    for (int round = 0; round < 40; ++round) {
        const auto prices = random_prices(random);
        auto plan = random_plan(random);
        const auto made = priced(plan.document(), prices);
        if (made.after.fixed == 0) continue;
        CAPTURE(plan.document().dump());

        PlanBuilder elsewhere = plan;
        elsewhere.provider("aws", R"({"region": {"references": ["data.aws_region.x.name"]}})");
        CHECK(priced(elsewhere.document(), prices).incomplete());

        auto renamed = plan.document();
        for (auto& block :
             renamed.at("configuration").at("root_module").at("resources").edit_items())
            block.set("provider_config_key", "another");
        CHECK(priced(renamed, prices).incomplete());

        auto foreign = plan.document();
        auto& items = foreign.at("planned_values").at("root_module").at("resources").edit_items();
        items[0].set("type", "aws_unheard_of");
        const auto strange = priced(foreign, prices);
        CHECK(strange.incomplete());
        CHECK(strange.not_priced.at("aws_unheard_of") == 1);

        // Every row that was used, one at a time.
        for (const auto& [key, row] : prices.rows) {
            auto fewer = prices;
            fewer.rows.erase(key);
            const auto less = priced(plan.document(), fewer);
            const bool same = less.after == made.after && less.before == made.before;
            CHECK((same || less.incomplete()));
        }
    }
}

TEST_CASE("a price by another unit is no price") {
    std::mt19937 random(15);
    auto prices = random_prices(random);
    prices.add("aws nat-gateway eu-west-1 hours", "month", "30");
    PlanBuilder plan;
    plan.provider("aws", R"({"region": {"constant_value": "eu-west-1"}})");
    plan.create("aws_nat_gateway.a", R"({"subnet_id": "s"})");
    const auto made = priced(plan.document(), prices);
    REQUIRE(made.reasons.size() == 1);
    CHECK(made.reasons[0].why == CostReason::Why::unit_mismatch);
    CHECK(made.after.fixed == 0);
}

}  // namespace slipway::cost
