// The table that the program brings along: its properties, and prices that must not change
// unnoticed.
#include "policies/cost/built_in_prices.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "policies/cost/machine_shapes.hpp"
#include "policies/cost/prices/packed_prices.hpp"

namespace {

using namespace slipway::cost;

std::string hourly(const PriceKey& key) {
    const auto price = BuiltInPrices().find(key);
    return price ? price->tiers.at(0).price.str() : "none";
}

/// First-tier prices of one service, by region and sku, for the rows with these attributes.
std::map<std::pair<std::string, std::string>, std::int64_t> prices_of(
    const std::string& provider, const std::string& service, const std::string& attributes) {
    std::map<std::pair<std::string, std::string>, std::int64_t> out;
    built_in_table().each([&](const PriceRow& row) {
        if (row.key.provider == provider && row.key.service == service &&
            row.key.attributes == attributes)
            out[{row.key.region, row.key.sku}] = row.tiers.front().price;
        return true;
    });
    return out;
}

}  // namespace

TEST_CASE("the built-in table has the well-known prices") {
    CHECK(hourly({"aws", "ec2", "us-east-1", "m5.large", "os=linux"}) == "0.096");
    CHECK(hourly({"aws", "ec2", "us-east-1", "m5.large", "os=windows"}) == "0.188");
    CHECK(hourly({"aws", "ebs", "us-east-1", "gp3", ""}) == "0.08");
    CHECK(hourly({"aws", "rds", "us-east-1", "db.m5.large", "az=single;engine=mysql"}) == "0.171");
    CHECK(hourly({"aws", "rds", "us-east-1", "db.m5.large", "az=multi;engine=postgresql"}) ==
          "0.356");
    CHECK(hourly({"aws", "nat-gateway", "us-east-1", "hours", ""}) == "0.045");
    CHECK(hourly({"azure", "vm", "eastus", "Standard_D2s_v3", "os=linux"}) == "0.096");
    CHECK(hourly({"gcp", "instance-core", "us-central1", "n1", ""}) == "0.031611");
}

TEST_CASE(
    "every row of the built-in table is a price: above zero, ascending, dated, in ascending "
    "order") {
    std::size_t rows = 0;
    std::optional<PriceKey> last;
    const std::chrono::sys_days earliest(std::chrono::year(2013) / 1 / 1);
    built_in_table().each([&](const PriceRow& row) {
        ++rows;
        const bool good = tiers_fault(row.tiers).empty() && row.date > earliest &&
                          row.date <= built_in_table().newest() &&
                          (!last || key_before(*last, row.key));
        if (!good) FAIL_CHECK(key_text(row.key));
        last = row.key;
        return true;
    });
    CHECK(rows == built_in_table().size());
    CHECK(rows > 60000);
}

TEST_CASE("a missing price is missing: no other region, system or size answers") {
    CHECK(hourly({"aws", "ec2", "", "m5.large", "os=linux"}) == "none");
    CHECK(hourly({"aws", "ec2", "us-east-9", "m5.large", "os=linux"}) == "none");
    CHECK(hourly({"aws", "ec2", "us-east-1", "m5.huge", "os=linux"}) == "none");
    CHECK(hourly({"aws", "ec2", "us-east-1", "m5.large", "os=beos"}) == "none");
    CHECK(hourly({"aws", "ec2", "us-east-1", "m5.large", ""}) == "none");
}

TEST_CASE("Windows never costs less than Linux, apart from price cuts since the older source") {
    std::map<std::string, int> cheaper;
    for (const std::string provider : {"aws", "azure"}) {
        const std::string service = provider == "aws" ? "ec2" : "vm";
        const auto linux_prices = prices_of(provider, service, "os=linux");
        for (const auto& [at, price] : prices_of(provider, service, "os=windows"))
            if (const auto found = linux_prices.find(at); found != linux_prices.end())
                cheaper[provider] += price < found->second ? 1 : 0;
    }
    CHECK(cheaper["aws"] == 0);
    CHECK(cheaper["azure"] == 0);
}

TEST_CASE("Multi-AZ never costs less than one zone") {
    for (const std::string engine : {"mysql", "mariadb", "postgresql"}) {
        const auto single = prices_of("aws", "rds", "az=single;engine=" + engine);
        for (const auto& multi : prices_of("aws", "rds", "az=multi;engine=" + engine))
            if (const auto found = single.find(multi.first); found != single.end())
                CHECK_MESSAGE(multi.second >= found->second, multi.first.first, " ",
                              multi.first.second);
    }
}

TEST_CASE("gp3 never costs more than gp2") {
    const auto all = prices_of("aws", "ebs", "");
    for (const auto& one : all) {
        const auto& region = one.first.first;
        if (one.first.second == "gp3") CHECK_MESSAGE(one.second <= all.at({region, "gp2"}), region);
    }
}

TEST_CASE(
    "a Google machine of one's own sizes costs no less per part than a predefined one, but for a "
    "rounding") {
    for (const std::string service : {"instance-core", "instance-ram"}) {
        const auto all = prices_of("gcp", service, "");
        for (const auto& one : all) {
            const auto& [region, family] = one.first;
            const auto custom = all.find({region, family + "-custom"});
            const bool good = custom == all.end() || custom->second * 100 >= one.second * 99;
            if (!good) FAIL_CHECK((service + " " + region + " " + family));
        }
    }
}

TEST_CASE("machine types of Google are taken apart into what is billed") {
    const auto standard = machine_shape("n2-standard-4");
    REQUIRE(standard);
    CHECK(standard->family == "n2");
    CHECK(standard->vcpus == 4);
    CHECK(standard->memory_gb == 16);
    CHECK(standard->sustained_use == Decimal("0.8"));
    CHECK(machine_shape("e2-micro")->vcpus == Decimal("0.25"));
    CHECK(machine_shape("n1-highcpu-2")->memory_gb == Decimal("1.8"));
    const auto custom = machine_shape("custom-2-16384-ext");
    REQUIRE(custom);
    CHECK(custom->family == "n1-custom");
    CHECK(custom->memory_gb == 13);
    CHECK(custom->extended_memory_gb == 3);
    CHECK(machine_shape("n2-custom-4-8192")->memory_gb == 8);
    CHECK_FALSE(machine_shape("n2-custom-4"));
    CHECK_FALSE(machine_shape("n2-custom-4-0"));
    CHECK_FALSE(machine_shape("n2-standard-5"));
    CHECK_FALSE(machine_shape(""));
}

TEST_CASE("an hour of a predefined Google machine comes out as it is published") {
    const auto core = BuiltInPrices().find({"gcp", "instance-core", "us-central1", "n1", ""});
    const auto ram = BuiltInPrices().find({"gcp", "instance-ram", "us-central1", "n1", ""});
    const auto shape = machine_shape("n1-standard-1");
    const Decimal hour =
        core->tiers[0].price * shape->vcpus + ram->tiers[0].price * shape->memory_gb;
    CHECK(hour == Decimal("0.04749975"));  // listed as $0.0475
}

TEST_CASE("free allowances of an account are not in the table: every price begins at 0") {
    built_in_table().each([](const PriceRow& row) {
        if (row.tiers.front().from != 0) FAIL_CHECK(key_text(row.key));
        return true;
    });
}

TEST_CASE("every service is explained in the table's README") {
    std::ifstream in(SLIPWAY_SOURCE_DIR "/policies/cost/prices/README.md");
    const std::string readme{std::istreambuf_iterator<char>(in), {}};
    std::set<std::string> services;
    built_in_table().each([&](const PriceRow& row) {
        services.insert(row.key.service);
        return true;
    });
    for (const auto& service : services)
        CHECK_MESSAGE(readme.find("`" + service + "`") != std::string::npos, service);
    CHECK(services.size() > 50);
}
