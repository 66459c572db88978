// The files of `costs/` in an organisation's tree.
#include "policies/cost/organisation_costs.hpp"

#include <doctest/doctest.h>

using namespace slipway;
using namespace slipway::cost;

TEST_CASE("without files the built-in types are used as they are") {
    Findings findings;
    const auto costs = read_organisation_costs({}, findings);
    CHECK(findings.empty());
    CHECK(costs.types.get() == &built_in_types());
    CHECK(costs.usage.empty());
    CHECK(costs.discounts.all.empty());
}

TEST_CASE("a type, what is free, usage and discounts are each read from their file") {
    Findings findings;
    const auto costs = read_organisation_costs(
        {{"costs/acme_vm.yaml",
          "type: acme_vm\nprovider: acme\ncomponents:\n  - name: VM\n    unit: hours\n"
          "    quantity: 730\n    price: {usd: 0.5, date: 2026-10-01}\n"},
         {"costs/free.yaml", "types: [acme_label]\n"},
         {"costs/usage.yaml",
          "version: 0.1\nresource_type_default_usage:\n  aws_sqs_queue: {monthly_requests: 5}\n"},
         {"costs/discounts.yaml", "- {provider: aws, percent: 10}\n"}},
        findings);
    CAPTURE(findings.text());
    CHECK(costs.types->is_free("acme_label"));
    CHECK_FALSE(built_in_types().is_free("acme_label"));
    CHECK(costs.usage.of("aws_sqs_queue", "aws_sqs_queue.a")["monthly_requests"].int_or(0) == 5);
    REQUIRE(costs.discounts.all.size() == 1);
    CHECK(costs.discounts.all[0].percent == 10);
}

TEST_CASE("what is wrong in one of the files is told with its place") {
    Findings findings;
    read_organisation_costs({{"costs/discounts.yaml", "- {provider: aws, percent: 100}\n"},
                             {"costs/usage.yaml", "version: 7\n"},
                             {"costs/x.yaml", "{"}},
                            findings);
    const auto text = findings.text();
    CAPTURE(text);
    CHECK(text.find("costs/discounts.yaml:1:28: `percent` is a decimal number") != text.npos);
    CHECK(text.find("costs/usage.yaml:1:10: `version` is 0.1") != text.npos);
    CHECK(text.find("costs/x.yaml:") != text.npos);
}
