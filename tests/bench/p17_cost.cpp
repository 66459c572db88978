// P17: pricing a plan of 1000 resources of AWS, against `terraform show -json` of a plan of as many
// resources (of the tool's own kind, which need no provider: a plan of a cloud takes it longer).
// Also how long the type files take to read.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "policies/cost/built_in_prices.hpp"
#include "policies/cost/estimate.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/support/plan_builder.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;

namespace {

constexpr int resource_count = 1000;

Json make_plan() {
    cost::PlanBuilder plan;
    plan.provider("aws", R"({"region": {"constant_value": "eu-central-1"}})");
    for (int i = 0; i < resource_count; ++i) {
        const auto name = ".r" + std::to_string(i);
        switch (i % 5) {
            case 0:
                plan.update("aws_instance" + name, R"({"instance_type": "m5.large"})",
                            R"({"instance_type": "m5.xlarge", "root_block_device":
                                [{"volume_type": "gp3", "volume_size": 50}]})");
                break;
            case 1:
                plan.create("aws_ebs_volume" + name, R"({"type": "gp3", "size": 100})");
                break;
            case 2:
                plan.create("aws_db_instance" + name, R"({"engine": "postgres",
                    "instance_class": "db.m5.large", "allocated_storage": 100})");
                break;
            case 3:
                plan.create("aws_lambda_function" + name, R"({"memory_size": 512})");
                break;
            default:
                plan.create("aws_security_group" + name, R"({"name": "group"})");
        }
    }
    return plan.document();
}

// A plan file of the tool's own resources.
std::string make_tool_plan(const std::filesystem::path& folder) {
    std::ofstream(folder / "main.tf")
        << "resource \"terraform_data\" \"r\" {\n  count = " << resource_count
        << "\n  input = { for i in range(20) : \"attribute${i}\" => \"value ${i}\" }\n}\n";
    const auto in = "cd '" + folder.string() + "' && ";
    if (std::system((in + "terraform init -input=false >init.log 2>&1 && terraform plan "
                          "-input=false -out=plan.out >plan.log 2>&1")
                        .c_str()) != 0)
        std::exit(2);
    return in + "terraform show -json plan.out >shown.json";
}

}  // namespace

int main() {
    const auto reading = bench::seconds_of([] { cost::built_in_types(); });
    const Scratch scratch;
    const auto show = make_tool_plan(scratch.path);
    const auto plan = make_plan();
    const cost::BuiltInPrices prices;
    const cost::UsageFile usage;
    std::size_t priced = 0;
    const auto rounds = bench::in_turn(
        11,
        [&] {
            priced = cost::estimate({plan, prices, cost::built_in_types(), usage, "2026-11-01"})
                         .resources.size();
        },
        [&] {
            if (std::system(show.c_str()) != 0) std::exit(2);
        });
    std::printf(
        "%zu of %d resources priced in %.1f ms; shown in %.0f ms; type files read in %.1f ms\n",
        priced, resource_count, rounds.measured * 1e3, rounds.yardstick * 1e3, reading * 1e3);
    return bench::verdict("P17", rounds.ratio(), 0.05);
}
