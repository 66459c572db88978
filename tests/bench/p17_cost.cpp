// P17: pricing a plan of 1000 resources of AWS, against `terraform show -json` of that very plan.
// The tool makes it with the stand-in of tests/support/stand_in_aws, which is quicker to load than
// the real provider. Also how long the type files take to read.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "policies/cost/built_in_prices.hpp"
#include "policies/cost/estimate.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;

namespace {

constexpr int resource_count = 1000;

// Folder of a plan file, and the command that shows it into shown.json.
std::string make_plan(const std::filesystem::path& folder) {
    std::ofstream(folder / "main.tf") << R"(
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "eu-central-1"
}
resource "aws_instance" "a" {
  count         = 200
  ami           = "ami-1"
  instance_type = "m5.xlarge"
  root_block_device {
    volume_type = "gp3"
    volume_size = 50
  }
}
resource "aws_ebs_volume" "a" {
  count             = 200
  availability_zone = "eu-central-1a"
  type              = "gp3"
  size              = 100
}
resource "aws_db_instance" "a" {
  count             = 200
  engine            = "postgres"
  instance_class    = "db.m5.large"
  allocated_storage = 100
}
resource "aws_nat_gateway" "a" {
  count     = 200
  subnet_id = "subnet-${count.index}"
}
resource "aws_sqs_queue" "a" {
  count = 200
  name  = "queue-${count.index}"
}
)";
    std::ofstream(folder / "cli.tfrc")
        << "provider_installation {\n  filesystem_mirror {\n    path = \"" SLIPWAY_SOURCE_DIR
           "/build/tools/stand-in-aws/mirror\"\n  }\n}\n";
    const auto in = "cd '" + folder.string() + "' && export STAND_IN_AWS='" + folder.string() +
                    "' TF_CLI_CONFIG_FILE=cli.tfrc && ";
    const auto plan =
        in + SLIPWAY_SOURCE_DIR
        "/tests/support/stand_in_aws/install " SLIPWAY_SOURCE_DIR
        "/build/tools && terraform init -input=false >init.log 2>&1 && terraform plan "
        "-input=false -out=plan.out >plan.log 2>&1";
    if (std::system(plan.c_str()) != 0) std::exit(2);
    return in + "terraform show -json plan.out >shown.json";
}

Json shown_in(const std::filesystem::path& folder) {
    std::ifstream in(folder / "shown.json");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return *parse_json(text);
}

}  // namespace

int main() {
    const auto reading = bench::seconds_of([] { cost::built_in_types(); });
    const Scratch scratch;
    const auto show = make_plan(scratch.path);
    if (std::system(show.c_str()) != 0) return 2;
    const auto plan = shown_in(scratch.path);
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
