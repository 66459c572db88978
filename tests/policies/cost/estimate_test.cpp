// What an estimate says, and what it refuses to say.
#include <doctest/doctest.h>

#include "policies/cost/estimate.hpp"
#include "policies/cost/infracost.hpp"
#include "service/base/decimal_codec.hpp"
#include "tests/support/memory_prices.hpp"
#include "tests/support/plan_builder.hpp"

namespace slipway::cost {
namespace {

using Why = CostReason::Why;

MemoryPrices aws_prices() {
    MemoryPrices prices;
    prices.add("aws ec2 eu-west-1 m5.large os=linux", "hour", "0.107")
        .add("aws ec2 eu-west-1 m5.xlarge os=linux", "hour", "0.214")
        .add("aws ebs eu-west-1 gp2", "GB-month", "0.11")
        .add("aws ebs eu-west-1 gp3", "GB-month", "0.088")
        .add("aws ebs-iops eu-west-1 gp3", "IOPS-month", "0.0055")
        .add("aws ebs-throughput eu-west-1 gp3", "MiBps-month", "0.044")
        .add("aws nat-gateway eu-west-1 hours", "hour", "0.048")
        .add("aws nat-gateway eu-west-1 data", "GB", "0.048");
    return prices;
}

PlanBuilder plan_in_ireland() {
    PlanBuilder plan;
    plan.provider("aws", R"({"region": {"constant_value": "eu-west-1"}})");
    return plan;
}

CostEstimate priced(PlanBuilder& plan, const PriceTable& prices, const std::string& usage = "") {
    UsageFile file;
    if (!usage.empty()) {
        auto read = UsageFile::read(usage, "usage.yml");
        REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
        file = *read;
    }
    return estimate({plan.document(), prices, built_in_types(), file, "2026-11-01"});
}

bool has(const CostEstimate& estimate, Why why, const std::string& attribute) {
    for (const auto& reason : estimate.reasons)
        if (reason.why == why && reason.attribute == attribute) return true;
    return false;
}

TEST_CASE("an instance costs its hours and its volumes") {
    auto plan = plan_in_ireland();
    plan.create("aws_instance.web", R"({"instance_type": "m5.large",
        "root_block_device": [{"volume_type": "gp3", "volume_size": 50, "iops": 4000,
                               "throughput": 250}]})");
    const auto prices = aws_prices();
    const auto made = priced(plan, prices);
    CHECK(made.reasons.empty());
    // 730 × 0.107 + 50 × 0.088 + 1000 × 0.0055 + 125 × 0.044 = 78.11 + 4.4 + 5.5 + 5.5
    CHECK(decimal_text(made.after.total()) == "93.51");
    CHECK(made.before.total() == 0);
    REQUIRE(made.resources.size() == 1);
    CHECK(made.resources[0].fate == CostedResource::Fate::created);
    const auto& components = made.resources[0].after->components;
    REQUIRE(components.size() == 4);
    CHECK(components[0].name == "Instance usage (Linux/UNIX, on-demand, m5.large)");
    CHECK(components[0].price_date == "2026-10-15");
    CHECK(components[1].part == std::vector<std::string>{"root_block_device"});
    CHECK(components[2].name == "Provisioned IOPS");
}

TEST_CASE("a root volume that nobody describes is taken to be 8 GB of gp2, and that is said") {
    auto plan = plan_in_ireland();
    plan.create("aws_instance.web", R"({"instance_type": "m5.large"})",
                R"({"root_block_device": true, "id": true})",
                R"({"instance_type": {"constant_value": "m5.large"}})");
    const auto prices = aws_prices();
    const auto made = priced(plan, prices);
    CHECK(made.reasons.empty());
    CHECK(decimal_text(made.after.total()) == "78.99");  // 78.11 + 8 × 0.11
    const auto& volume = made.resources.at(0).after->components.at(1);
    CHECK(volume.name == "Storage (general purpose SSD, gp2)");
    const CostAssumption size{"root_block_device[0].volume_size", "8"};
    CHECK(std::count(volume.assumptions.begin(), volume.assumptions.end(), size) == 1);
}

TEST_CASE("what is known after apply makes the estimate incomplete, not cheaper") {
    auto plan = plan_in_ireland();
    plan.create("aws_instance.web", R"({"root_block_device": [{"volume_type": "gp2"}]})",
                R"({"instance_type": true, "root_block_device": [{"volume_size": true}]})",
                R"({"instance_type": {"references": ["data.x.y.z"]},
                    "root_block_device": [{"volume_size": {"references": ["data.x.y.z"]}}]})");
    const auto prices = aws_prices();
    const auto made = priced(plan, prices);
    CHECK(made.incomplete());
    CHECK(has(made, Why::known_after_apply, "instance_type"));
    CHECK(has(made, Why::known_after_apply, "root_block_device[0].volume_size"));
    CHECK(made.after.total() == 0);
    CHECK(made.after.unknown == 2);
}

TEST_CASE("a group costs its instances as the template describes them") {
    auto plan = plan_in_ireland();
    plan.create("aws_launch_template.web", R"({"instance_type": "m5.large",
        "block_device_mappings": [{"ebs": [{"volume_type": "gp3", "volume_size": 20}]}]})");
    plan.create("aws_autoscaling_group.web", R"({"desired_capacity": 3, "min_size": 1})",
                R"({"launch_template": [{"id": true}]})",
                R"({"desired_capacity": {"constant_value": 3},
                    "launch_template": [{"id": {"references": ["aws_launch_template.web.id",
                                                               "aws_launch_template.web"]}}]})");
    auto& group = plan.document().at("planned_values").at("root_module").at("resources");
    group.edit_items()[1].at("values").set("launch_template", json("[{}]"));
    const auto prices = aws_prices();
    const auto made = priced(plan, prices);
    CHECK(made.reasons.empty());
    // 3 × (730 × 0.107 + 20 × 0.088) = 3 × (78.11 + 1.76)
    CHECK(decimal_text(made.after.total()) == "239.61");
    REQUIRE(made.resources.size() == 1);
    CHECK(made.free.at("aws_launch_template") == 1);
    const auto& hours = made.resources[0].after->components.at(0);
    CHECK(hours.part == std::vector<std::string>{"aws_launch_template.web"});
    CHECK(decimal_text(*hours.quantity) == "2190");
}

TEST_CASE("usage is priced where the file gives it, and named where it does not") {
    auto plan = plan_in_ireland();
    plan.create("aws_nat_gateway.a", R"({"subnet_id": "s"})");
    const auto prices = aws_prices();
    const auto without = priced(plan, prices);
    CHECK(without.reasons.empty());
    CHECK(decimal_text(without.after.total()) == "35.04");  // 730 × 0.048
    const auto& data = without.resources.at(0).after->components.at(1);
    CHECK(data.usage_based);
    CHECK_FALSE(data.quantity);
    CHECK(decimal_text(*data.price) == "0.048");
    CHECK(data.usage_keys == std::vector<std::string>{"monthly_data_processed_gb"});
    const auto with = priced(plan, prices, R"(
version: 0.1
resource_type_default_usage:
  aws_nat_gateway: {monthly_data_processed_gb: 10}
resource_usage:
  aws_nat_gateway.a: {monthly_data_processed_gb: 100, misspelt: 1}
)");
    CHECK(decimal_text(with.after.usage) == "4.8");
    CHECK(decimal_text(with.after.fixed) == "35.04");
    CHECK(with.unknown_usage == std::vector<std::string>{"aws_nat_gateway.a.misspelt"});
}

TEST_CASE("a quantity below zero lowers no estimate") {
    auto plan = plan_in_ireland();
    plan.create("aws_ebs_volume.a", R"({"type": "gp3", "size": -100000})");
    const auto prices = aws_prices();
    const auto made = priced(plan, prices);
    CHECK(made.after.total() == 0);
    CHECK(made.after.unknown == 1);
    REQUIRE(made.incomplete());
    CHECK(made.reasons[0].why == CostReason::Why::value_not_priced);
}

TEST_CASE("a group whose template is not in the plan is not known, not free") {
    auto plan = plan_in_ireland();
    plan.create("aws_autoscaling_group.elsewhere",
                R"({"desired_capacity": 3, "launch_configuration": "made-elsewhere"})");
    plan.create("aws_autoscaling_group.gone", R"({"desired_capacity": 3})", "{}",
                R"({"launch_configuration": {"references": ["aws_launch_configuration.gone"]}})");
    const auto prices = aws_prices();
    const auto made = priced(plan, prices);
    REQUIRE(made.resources.size() == 2);
    for (const auto& group : made.resources) CHECK(group.after->totals.unknown > 0);
    CHECK(made.incomplete());
}

TEST_CASE("no region, no price: never another one's") {
    PlanBuilder plan;
    plan.provider("aws", "{}");
    plan.create("aws_nat_gateway.a", R"({"subnet_id": "s"})");
    const auto prices = aws_prices();
    const auto made = priced(plan, prices);
    CHECK(has(made, Why::region_unknown, "region"));
    CHECK(made.reasons.size() == 1);
    CHECK(made.after.total() == 0);
    CHECK(made.after.unknown == 2);
}

TEST_CASE("the document has Infracost's shape, with numbers as strings") {
    auto plan = plan_in_ireland();
    plan.update("aws_instance.web", R"({"instance_type": "m5.large", "root_block_device": []})",
                R"({"instance_type": "m5.xlarge", "root_block_device": []})");
    const auto prices = aws_prices();
    const auto document =
        infracost_document(priced(plan, prices), {"payments", "plan.json", "2026-11-01T00:00:00Z"});
    CHECK(document["version"].text() == "0.2");
    CHECK(document["pastTotalMonthlyCost"].text() == "78.99");
    CHECK(document["totalMonthlyCost"].text() == "157.1");
    CHECK(document["diffTotalMonthlyCost"].text() == "78.11");
    const auto& diff = document["projects"][std::size_t{0}]["diff"]["resources"];
    REQUIRE(diff.items().size() == 1);
    const auto& line = diff[std::size_t{0}]["costComponents"][std::size_t{0}];
    CHECK(line["name"].text() == "Instance usage (Linux/UNIX, on-demand, m5.large → m5.xlarge)");
    CHECK(line["monthlyCost"].text() == "78.11");
    CHECK(line["price"].text() == "0.107");
}

TEST_CASE("an estimate is the same after it was stored") {
    auto plan = plan_in_ireland();
    plan.update("aws_instance.web", R"({"instance_type": "m5.large"})",
                R"({"instance_type": "m5.xlarge"})");
    plan.create("aws_nat_gateway.a", R"({"subnet_id": "s"})");
    plan.create("aws_unheard_of.x", "{}");
    const auto prices = aws_prices();
    const auto made = priced(plan, prices);
    const auto read = decode<CostEstimate>(std::string_view(encode(made).dump()));
    REQUIRE(read.ok());
    CHECK(*read == made);
}

TEST_CASE("data transfer is an entry of the usage file, on both sides") {
    auto plan = plan_in_ireland();
    plan.create("aws_nat_gateway.a", R"({"subnet_id": "s"})");
    auto prices = aws_prices();
    prices.add("aws data-transfer eu-west-1 internet-out", "GB", "0.09");
    const std::string usage =
        "version: 0.1\nresource_usage:\n  aws_data_transfer.any: {region: eu-west-1, "
        "monthly_outbound_internet_gb: 100}\n";
    const auto made = priced(plan, prices, usage);
    CHECK(made.reasons.empty());
    CHECK(made.unknown_usage.empty());
    CHECK(decimal_text(made.after.usage) == "9");  // 100 × 0.09
    CHECK(made.before.usage == 0);                 // nothing was there
}

}  // namespace
}  // namespace slipway::cost
