// Where a resource lies, and what its attributes point to, in plans with modules and keys.
#include <doctest/doctest.h>

#include "policies/cost/estimate.hpp"
#include "policies/cost/references.hpp"
#include "policies/cost/regions.hpp"
#include "tests/support/memory_prices.hpp"
#include "tests/support/plan_builder.hpp"

namespace slipway::cost {
namespace {

// Two instances of a module, each with two groups and a template that comes in as an input; the
// provider's region is a variable that is handed down.
const char* const modules = R"({"format_version": "1.2",
  "variables": {"region": {"value": "eu-west-2"}},
  "planned_values": {"root_module": {
    "resources": [
      {"address": "aws_launch_template.a", "mode": "managed", "type": "aws_launch_template",
       "name": "a", "values": {"instance_type": "m5.large"}},
      {"address": "aws_launch_template.b[0]", "mode": "managed", "type": "aws_launch_template",
       "name": "b", "index": 0, "values": {"instance_type": "m5.xlarge"}},
      {"address": "aws_launch_template.b[1]", "mode": "managed", "type": "aws_launch_template",
       "name": "b", "index": 1, "values": {"instance_type": "m5.2xlarge"}}],
    "child_modules": [{"address": "module.web[\"a.b\"]", "resources": [
      {"address": "module.web[\"a.b\"].aws_autoscaling_group.g[0]", "mode": "managed",
       "type": "aws_autoscaling_group", "name": "g", "index": 0, "values": {}},
      {"address": "module.web[\"a.b\"].aws_autoscaling_group.h[1]", "mode": "managed",
       "type": "aws_autoscaling_group", "name": "h", "index": 1, "values": {}}]}]}},
  "resource_changes": [],
  "configuration": {
    "provider_config": {"module.web:aws": {"name": "aws", "module_address": "module.web",
      "expressions": {"region": {"references": ["var.where"]}}}},
    "root_module": {"module_calls": {"web": {
      "expressions": {"template": {"references": ["aws_launch_template.a.id", "aws_launch_template.a"]},
                      "where": {"references": ["var.region"]}},
      "module": {"resources": [
        {"address": "aws_autoscaling_group.g", "mode": "managed", "type": "aws_autoscaling_group",
         "name": "g", "provider_config_key": "module.web:aws",
         "expressions": {"launch_configuration": {"references": ["var.template"]}}},
        {"address": "aws_autoscaling_group.h", "mode": "managed", "type": "aws_autoscaling_group",
         "name": "h", "provider_config_key": "module.web:aws",
         "expressions": {"launch_configuration": {"references": ["module.inner.out", "module.inner"]}}}],
       "module_calls": {"inner": {"module": {
         "outputs": {"out": {"expression": {"references": ["data.x.y"]}}}}}}}}}}}})";

const PlanResource& at(const PlanDocument& plan, const std::string& address) {
    const auto* found = plan.after().find(address);
    REQUIRE(found);
    return *found;
}

Value target(const PlanDocument& plan, const std::string& address) {
    const auto& from = at(plan, address);
    return referred(plan, plan.after(), from, member_of(root_of(from), "launch_configuration"),
                    {"aws_launch_template"});
}

std::string region_in(const std::string& provider, const std::string& values,
                      const std::string& type = "aws_instance") {
    PlanBuilder builder;
    if (!provider.empty()) builder.provider(type.substr(0, type.find('_')), provider);
    builder.create(type + ".x", values);
    const PlanDocument plan(builder.document());
    const auto region = region_of(plan, plan.after(), plan.after().all().at(0));
    return region.is_unknown() ? "unknown" : text_of(region);
}

}  // namespace

TEST_CASE("addresses are taken apart at dots that stand outside keys") {
    const auto address = parse_address("module.net[\"a.b[0]\"].module.x.aws_instance.web[\"k.l\"]");
    REQUIRE(address.modules.size() == 2);
    CHECK(address.modules[0].key == "[\"a.b[0]\"]");
    CHECK(names_of(address.modules) == "net.x");
    CHECK(address.type == "aws_instance");
    CHECK(address.name == "web");
    CHECK(address.key == "[\"k.l\"]");
    CHECK(parse_address("data.aws_ami.x").is_data);
}

TEST_CASE("a reference is followed through a module's inputs") {
    const Json document = json(modules);
    const PlanDocument plan(document);
    const auto found = target(plan, "module.web[\"a.b\"].aws_autoscaling_group.g[0]");
    REQUIRE(found.kind == Value::Kind::resource);
    CHECK(found.resource->address == "aws_launch_template.a");
    // An output that leads to a data source is none of the wanted types: nothing is found.
    CHECK(target(plan, "module.web[\"a.b\"].aws_autoscaling_group.h[1]").is_null());
}

TEST_CASE("of several instances, the one of the same key is meant, or none") {
    auto document = json(modules);
    auto& expressions = document.at("configuration")
                            .at("root_module")
                            .at("module_calls")
                            .at("web")
                            .at("expressions");
    expressions.set("template", json(R"({"references": ["aws_launch_template.b"]})"));
    {
        const PlanDocument plan(document);
        const auto found = target(plan, "module.web[\"a.b\"].aws_autoscaling_group.g[0]");
        REQUIRE(found.kind == Value::Kind::resource);
        CHECK(found.resource->address == "aws_launch_template.b[0]");
    }
    auto& group = document.at("planned_values").at("root_module").at("child_modules").edit_items();
    group[0]
        .at("resources")
        .edit_items()[0]
        .set("address", "module.web[\"a.b\"].aws_autoscaling_group.g[\"other\"]");
    group[0].at("resources").edit_items()[0].at("values").set("launch_configuration", "lt-1");
    const PlanDocument plan(document);
    const auto found = target(plan, "module.web[\"a.b\"].aws_autoscaling_group.g[\"other\"]");
    CHECK(found.is_unknown());
    CHECK(found.why == CostReason::Why::reference_unresolved);
}

TEST_CASE("a region is a provider's constant, or a variable that is handed down") {
    const Json document = json(modules);
    const PlanDocument plan(document);
    const auto& group = at(plan, "module.web[\"a.b\"].aws_autoscaling_group.g[0]");
    CHECK(text_of(region_of(plan, plan.after(), group)) == "eu-west-2");
}

TEST_CASE("a resource's own values say where it lies before its provider does") {
    const std::string provider = R"({"region": {"constant_value": "us-east-1"}})";
    CHECK(region_in(provider, "{}") == "us-east-1");
    CHECK(region_in(provider, R"({"region": "eu-west-1"})") == "eu-west-1");
    CHECK(region_in(provider, R"({"availability_zone": "eu-west-1b"})") == "eu-west-1");
    CHECK(region_in(provider, R"({"arn": "arn:aws:ec2:eu-north-1:1:instance/i"})") == "eu-north-1");
    CHECK(region_in(provider, R"({"arn": "arn:aws:s3:::bucket"})") == "us-east-1");
    CHECK(region_in("{}", "{}") == "unknown");
    CHECK(region_in("", "{}") == "unknown");
    CHECK(region_in(R"({"region": {"references": ["local.region"]}})", "{}") == "unknown");
    // A value that is part of a longer text is no region.
    CHECK(region_in(R"({"region": {"constant_value": "eu"}})", "{}") == "unknown");
    CHECK(region_in("{}", R"({"location": "West Europe"})", "azurerm_public_ip") == "westeurope");
    CHECK(region_in("{}", R"({"zone": "europe-west1-b"})", "google_compute_instance") ==
          "europe-west1");
    CHECK(region_in("{}", R"({"location": "EU"})", "google_storage_bucket") == "EU");
    CHECK(region_in(R"({"region": {"constant_value": "us-central1"}})", "{}",
                    "google_compute_disk") == "us-central1");
}

TEST_CASE("what is no plan is refused with one sentence") {
    const auto fault = [](const std::string& text) -> std::string {
        const Json document = json(text);
        try {
            const PlanDocument plan(document);
        } catch (const Failure& failure) {
            return failure.what();
        }
        return "";
    };
    CHECK(fault("[]").starts_with("this is not a plan: `format_version` is missing"));
    CHECK(fault(R"({"format_version": "7.0"})") == "plans of format 7.0 are not understood");
    CHECK(fault(R"({"format_version": "1.0", "values": {}})") ==
          "this is a state or an incomplete plan: `planned_values` is missing");
}

TEST_CASE("a sensitive value is priced and never shown") {
    PlanBuilder plan;
    plan.provider("aws", R"({"region": {"constant_value": "eu-west-1"}})");
    plan.create("aws_ebs_volume.a", R"({"type": "gp3", "size": 77})");
    plan.document()
        .at("planned_values")
        .at("root_module")
        .at("resources")
        .edit_items()[0]
        .set("sensitive_values", json(R"({"type": true, "size": true})"));
    MemoryPrices prices;
    prices.add("aws ebs eu-west-1 gp3", "GB-month", "0.1");
    const UsageFile usage;
    const auto made = estimate({plan.document(), prices, built_in_types(), usage, "2026-11-01"});
    CHECK(decimal_text(made.after.total()) == "7.7");
    CHECK(made.resources.at(0).after->components.at(0).name == "Storage (sensitive)");
    MemoryPrices none;
    const auto without = estimate({plan.document(), none, built_in_types(), usage, "2026-11-01"});
    REQUIRE(without.reasons.size() == 1);
    CHECK(without.reasons[0].value.empty());
    // Where the value was taken out of the document, it is missed.
    plan.document()
        .at("planned_values")
        .at("root_module")
        .at("resources")
        .edit_items()[0]
        .at("values")
        .set("type", "(sensitive value)");
    const auto scrubbed =
        estimate({plan.document(), prices, built_in_types(), usage, "2026-11-01"});
    REQUIRE_FALSE(scrubbed.reasons.empty());
    CHECK(scrubbed.reasons[0].why == CostReason::Why::attribute_sensitive);
    CHECK(scrubbed.reasons[0].attribute == "type");
}

}  // namespace slipway::cost
