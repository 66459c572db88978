// An estimate as people read it.
#include "service/wording/cost.hpp"

#include <doctest/doctest.h>

namespace slipway {

TEST_CASE("amounts are whole cents with thousands, and a change has its sign") {
    CHECK(money_text(Decimal("1234567.891")) == "$1,234,567.89");
    CHECK(money_text(Decimal("0.005")) == "$0.01");
    CHECK(money_text(Decimal("-0.001")) == "$0.00");
    CHECK(money_text(Decimal("-1000")) == "-$1,000.00");
    CHECK(money_text(Decimal("999.999")) == "$1,000.00");
    CHECK(change_text(Decimal("41.2")) == "+$41.20");
    CHECK(change_text(Decimal("-3")) == "-$3.00");
    CHECK(change_text(Decimal(0)) == "no change");
    CHECK(total_text(Decimal(5), true) == "at least $5.00");
}

TEST_CASE("an estimate says its total, its biggest change first, and what is not priced") {
    CostEstimate estimate;
    const auto add = [&](const char* address, const char* before, const char* after) {
        CostedResource resource;
        resource.address = address;
        resource.fate = CostedResource::Fate::changed;
        resource.before.emplace().totals.fixed = Decimal(before);
        resource.after.emplace().totals.fixed = Decimal(after);
        estimate.before += resource.before->totals;
        estimate.after += resource.after->totals;
        estimate.resources.push_back(std::move(resource));
    };
    add("aws_instance.small", "10", "11");
    add("aws_instance.large|x", "10", "1000");
    estimate.prices_of = "2026-10-15";
    estimate.not_priced["aws_unheard_of"] = 2;
    estimate.reasons.push_back({CostReason::Why::type_unknown, "a.b", "", "aws_unheard_of", ""});
    estimate.reasons.push_back(
        {CostReason::Why::known_after_apply, "aws_instance.small", "Storage", "size", ""});
    const auto markdown = cost_markdown(estimate);
    // Between two dollar signs a page may show a formula.
    CHECK(markdown.starts_with("Cost per month: at least \\$\u20601,011.00 (+\\$\u2060991.00).\n"));
    CHECK(markdown.find("large") < markdown.find("small"));
    CHECK(markdown.find("No prices are known for these resource types: `aws_unheard_of` (2)") !=
          markdown.npos);
    CHECK(markdown.find("`size` is known after apply") != markdown.npos);
    const auto table = cost_table(estimate);
    CHECK(table.find("aws_instance.small, Storage: size is known after apply") != table.npos);
    CHECK(table.find("List prices of 2026-10-15") != table.npos);
}

TEST_CASE("what depends on use or is not known is never shown as a zero") {
    CostEstimate estimate;
    estimate.prices_of = "2026-10-15";
    CostedResource resource;
    resource.address = "aws_lambda_function.f";
    resource.fate = CostedResource::Fate::created;
    CostComponent requests;
    requests.name = "Requests";
    requests.unit = "1M requests";
    requests.usage_based = true;
    requests.price = Decimal("0.2");
    resource.after.emplace().components = {requests};
    estimate.resources = {resource};
    CHECK(cost_table(estimate).find("aws_lambda_function.f  depends on use  created\n") !=
          std::string::npos);
    CHECK(cost_markdown(estimate).find(
              "| `aws_lambda_function.f` |  | depends on use | created |") != std::string::npos);
    for (const bool any : {true, false}) {  // components
        if (!any) estimate.resources[0].after->components.clear();
        estimate.resources[0].after->totals.unknown = 1;
        CHECK(cost_table(estimate).find("aws_lambda_function.f  not known  created\n") !=
              std::string::npos);
    }
}

}  // namespace slipway
