// Type files: what is refused, with its place, and what a user's own file can do.
#include <doctest/doctest.h>

#include "policies/cost/bands.hpp"
#include "policies/cost/estimate.hpp"
#include "policies/cost/scope.hpp"
#include "policies/cost/usage_template.hpp"
#include "tests/support/memory_prices.hpp"
#include "tests/support/plan_builder.hpp"

namespace slipway::cost {
namespace {

std::string findings_of(const std::string& text) {
    TypeLibrary library;
    Findings findings;
    library.add(text, "costs/x.yaml", findings);
    library.check(findings);
    return findings.text();
}

std::string component(const std::string& quantity) {
    return "type: x_y\nprovider: x\ncomponents:\n  - name: Hours\n    unit: hours\n    quantity: " +
           quantity + "\n    price: {service: s, sku: k, unit: hour}\n";
}

Value evaluated(const std::string& text) {
    static const Json plan_json = PlanBuilder().document();
    static const PlanDocument plan(plan_json);
    static const Surroundings surroundings{plan, plan.after(), "2026-11-01"};
    static const PlanResource resource;
    static const Json usage = json(R"({"standard": {"storage_gb": 5}, "term": "1_year"})");
    static const Tables tables{{"sizes", {{"32", "P4"}, {"128", "P10"}, {"4", "P1"}}}};
    const auto parsed = parse_expression(text);
    REQUIRE_MESSAGE(parsed.ok(), text);
    Scope scope(surroundings, resource, usage, Value::of(std::string("eu-west-1")), tables, true);
    scope.bind("size", Value::of(Decimal(33)));
    scope.bind("unknown", Value::unknown_because(CostReason::Why::known_after_apply, "a", "b"));
    return scope.evaluate(*parsed);
}

}  // namespace

TEST_CASE("every built-in type file reads, and describes what it asks of the usage file") {
    const auto types = built_in_types().types();
    CHECK(types.size() > 80);
    for (const auto& type : types) CHECK_FALSE(built_in_types().is_free(type));
}

TEST_CASE("a mistake in a type file is named with file, line and column") {
    CHECK(findings_of(component("730")).empty());
    CHECK(findings_of(component("\"730\"")) ==
          "costs/x.yaml:6:15: `quantity` is a number or an expression: write it without quotes");
    CHECK(findings_of(component("730 +")) ==
          "costs/x.yaml:6:15: `quantity` `730 +`: something is missing at the end at character 6");
    CHECK(findings_of(component("cel(1)")) ==
          "costs/x.yaml:6:15: there is no function `cel`; did you mean `ceil`?");
    CHECK(findings_of(component("min()")) == "costs/x.yaml:6:15: `min` takes 1 or more arguments");
    CHECK(findings_of(component("lookup(sizes, 1)")) ==
          "costs/x.yaml:6:15: `tables` has no `sizes`");
    CHECK(findings_of(component("usage.hours")) ==
          "costs/x.yaml:1:1: `usage` does not describe `hours`");
    CHECK(findings_of("type: x_y\nprovider: x\nusage: {hours: hours}\n") ==
          "costs/x.yaml:1:1: nothing depends on the usage `hours`");
    CHECK(findings_of("type: x_y\nprovider: x\ncomponent: []\n") ==
          "costs/x.yaml:3:1: a cost file has no key `component`; did you mean `components`?");
    CHECK(findings_of("type: x_y\nprovider: x\nparts:\n  - use: nothing\n") ==
          "costs/x.yaml:4:5: there is no file of `nothing`");
    CHECK(findings_of("part: p\nprovider: x\ntakes: [size]\ncomponents:\n  - name: A\n    unit: "
                      "GB\n    quantity: sise\n    price: {service: s, sku: k, unit: GB}\n") ==
          "costs/x.yaml:7:15: `takes` does not name `sise`; did you mean `size`?");
    CHECK(findings_of("type: [\n").starts_with("costs/x.yaml:"));
}

TEST_CASE("expressions") {
    const auto text = [](const char* expression) { return text_of(evaluated(expression)); };
    CHECK(text("1 + 2 * 3 - 4 / 2") == "5");
    CHECK(text("null ?? 2 * 3") == "6");  // binds tightest
    CHECK(text("0.1 + 0.2 == 0.3") == "true");
    CHECK(text("not 1 == 2 and (2 >= 2 or 1 < 0)") == "true");
    CHECK(text("if(size > 32, 'large', 'small')") == "large");
    CHECK(text("at_least(sizes, size)") == "P10");
    CHECK(text("lookup(sizes, 4)") == "P1");
    CHECK(evaluated("at_least(sizes, 129)").is_null());
    CHECK(text("split('n2-custom-4-8192', '-', -2)") == "4");
    CHECK(text("first_parts('8.0.35', '.', 2)") == "8.0");
    CHECK(text("usage.standard.storage_gb") == "5");
    CHECK(text("usage.term") == "1_year");
    CHECK(text("'2024-02-29' < today") == "true");
    CHECK(text("max(ceil(1.2), floor(3.9))") == "3");
    CHECK(text("machine_vcpus('e2-standard-4')") == "4");
    // What is not known makes unknown what is made of it, unless the rest decides.
    CHECK(evaluated("unknown + 1").is_unknown());
    CHECK(evaluated("unknown ?? 1").is_unknown());
    CHECK(evaluated("unknown and true").is_unknown());
    CHECK(text("unknown and false") == "false");
    CHECK(text("unknown or true") == "true");
    CHECK(evaluated("1 / 0").is_unknown());
    CHECK(evaluated("'x' * 2").is_unknown());
}

TEST_CASE("an expression of any depth is read or refused, never overflows") {
    CHECK_FALSE(parse_expression(std::string(100'000, '(')).ok());
    CHECK_FALSE(parse_expression(std::string(100'000, '-')).ok());
    CHECK_FALSE(parse_expression("'open").ok());
    CHECK_FALSE(parse_expression("a..b").ok());
    CHECK_FALSE(parse_template("${a").ok());
}

TEST_CASE("an organisation prices its own services, and may replace a built-in file") {
    auto types = built_in_types();
    Findings findings;
    types.add(R"(
type: acme_queue
provider: acme
usage: {messages: messages in a month}
components:
  - name: Partition
    unit: partitions
    quantity: partitions
    price: {usd: 12.5, date: 2026-10-01}
  - name: Messages
    unit: 1M messages
    usage_quantity: usage.messages / 1000000
    price: {usd: 0.4, date: 2026-10-01}
)",
              "costs/acme_queue.yaml", findings);
    REQUIRE(findings.empty());
    PlanBuilder plan;
    plan.create("acme_queue.orders", R"({"partitions": 4})");
    const MemoryPrices prices;
    const auto usage = *UsageFile::read(
        "version: 0.1\nresource_usage:\n  acme_queue.orders: {messages: 5000000}\n", "usage.yml");
    const auto made = estimate({plan.document(), prices, types, usage, "2026-11-01"});
    CHECK(made.reasons.empty());
    CHECK(decimal_text(made.after.fixed) == "50");  // 4 × 12.5
    CHECK(decimal_text(made.after.usage) == "2");   // 5 × 0.4
    CHECK(made.resources.at(0).after->components.at(0).price_date == "2026-10-01");
    CHECK(
        usage_template(made, types, usage) ==
        "version: 0.1\nresource_usage:\n  acme_queue.orders:\n    messages: 5000000  # messages in "
        "a month\n");
}

TEST_CASE("tiers are billed band by band, and a first one that is free is not given away") {
    Price price;
    price.unit = "GB";
    price.tiers = {{Decimal(100), Decimal("0.09")},
                   {Decimal(10240), Decimal("0.085")},
                   {Decimal(51200), Decimal("0.07")}};
    const auto bands = bands_of(price, Decimal(60000));
    REQUIRE(bands.size() == 3);
    CHECK(bands[0].name == "first 10TB");
    CHECK(*bands[0].quantity == 10240);
    CHECK(bands[1].name == "next 40TB");
    CHECK(*bands[1].quantity == 40960);
    CHECK(bands[2].name == "over 50TB");
    CHECK(*bands[2].quantity == 8800);
    CHECK(bands_of(price, Decimal(0)).size() == 1);
    const auto without = bands_of(price, std::nullopt);
    REQUIRE(without.size() == 1);
    CHECK_FALSE(without[0].quantity);
}

TEST_CASE("the closest of the usage file's entries wins, key by key") {
    const auto usage = *UsageFile::read(R"(
version: 0.1
resource_type_default_usage:
  aws_lambda_function: {monthly_requests: 1, request_duration_ms: 10}
resource_usage:
  module.a[*].aws_lambda_function.f[*]: {monthly_requests: 2}
  module.a["x"].aws_lambda_function.f[*]: {monthly_requests: 3}
  module.a["x"].aws_lambda_function.f[1]: {monthly_requests: 4}
)",
                                        "usage.yml");
    const auto requests = [&](const char* address) {
        return usage.of("aws_lambda_function", address)["monthly_requests"].int_or(0);
    };
    CHECK(requests("aws_lambda_function.g") == 1);
    CHECK(requests("module.a[\"y\"].aws_lambda_function.f[0]") == 2);
    CHECK(requests("module.a[\"x\"].aws_lambda_function.f[0]") == 3);
    CHECK(requests("module.a[\"x\"].aws_lambda_function.f[1]") == 4);
    CHECK(usage
              .of("aws_lambda_function",
                  "module.a[0].aws_lambda_function.f[0]")["request_duration_ms"]
              .int_or(0) == 10);
}

TEST_CASE("a usage file that does not fit is refused with its place") {
    const auto fault = [](const std::string& text) {
        const auto read = UsageFile::read(text, "usage.yml");
        return read.ok() ? "" : read.error().message;
    };
    CHECK(fault("version: 0.2\n") == "usage.yml:1:10: `version` is 0.1");
    CHECK(fault("resource_usage: {}\n") == "usage.yml:1:1: a usage file needs `version`");
    CHECK(fault("version: 0.1\nresource_usage:\n  a.b: 3\n").starts_with("usage.yml:3:8: "));
    CHECK(fault("version: 0.1\nresource_usage:\n  a.b: {c: -3}\n") ==
          "usage.yml:3:12: `c` is not negative");
}

}  // namespace slipway::cost
