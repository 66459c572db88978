// What policies see of costs, and what the library's policies about them decide.
#include <doctest/doctest.h>

#include "policies/engine/library.hpp"
#include "service/model/cost.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/set_plan.hpp"

namespace slipway {
namespace {

CostComponent hours(const char* price) {
    CostComponent out;
    out.name = "Instance usage";
    out.unit = "hours";
    out.quantity = Decimal(730);
    out.price = parse_decimal(price);
    return out;
}

CostSide side(const char* price) {
    CostSide out;
    out.region = "eu-west-1";
    out.components = {hours(price)};
    out.totals.fixed = *out.components[0].cost();
    return out;
}

std::shared_ptr<CostEstimate> larger_machine() {
    auto estimate = std::make_shared<CostEstimate>();
    CostedResource machine;
    machine.address = "aws_instance.web";
    machine.type = "aws_instance";
    machine.fate = CostedResource::Fate::changed;
    machine.before = side("0.107");
    machine.after = side("0.428");
    estimate->before = machine.before->totals;
    estimate->after = machine.after->totals;
    estimate->resources = {machine};
    estimate->prices_of = "2026-10-15";
    return estimate;
}

PlanQuestion costing() {
    PlanQuestion question;
    question.stack = a_stack();
    question.run.id = RunId("0123456789abcdef0123");
    question.run.stack = question.stack.id;
    question.run.settings = question.stack;
    Change change;
    change.address = "aws_instance.web";
    change.type = "aws_instance";
    change.action = Action::update;
    question.plan.changes = {change};
    question.document = *parse_json(R"({"format_version": "1.2", "resource_changes": []})");
    question.now_ms = 1'793'000'000'000;
    question.estimate = larger_machine();
    auto& cost = set_plan(question.run).cost.emplace();
    cost.before = "78.11";
    cost.after = "312.44";
    cost.prices_of = "2026-10-15";
    cost.budgets = {{SpaceId("production"), "400", "0.8", "60", false}};
    return question;
}

Policy of_library(const char* name) {
    return a_policy(name, PolicyKind::plan,
                    std::string(library_policy("plan/" + std::string(name) + ".rego")));
}

}  // namespace

TEST_CASE("policies see a plan's costs as numbers, with the budgets that they count against") {
    const auto input = plan_input(costing());
    const auto& cost = input["cost"];
    CHECK(cost["monthly"].dump() == R"({"before":78.11,"after":312.44,"delta":234.33})");
    CHECK(cost["fixed"].dump() == R"({"before":78.11,"after":312.44,"delta":234.33})");
    CHECK(cost["usage"].dump() == R"({"before":0,"after":0,"delta":0})");
    CHECK_FALSE(cost["incomplete"].bool_or(true));
    CHECK(
        cost["budgets"].dump() ==
        R"([{"space":"production","monthly":400,"before":138.11,"after":372.44,"incomplete":false,"warn_at":0.8}])");
    const auto& machine = cost["resources"].items()[0];
    CHECK(machine["address"].text() == "aws_instance.web");
    CHECK(machine["action"].text() == "changed");
    CHECK(machine["region"].text() == "eu-west-1");
    const auto& document = input["third_party_metadata"]["infracost"];
    CHECK(document["version"].text() == "0.2");
    CHECK(document["diffTotalMonthlyCost"].text() == "234.33");
    CHECK(document["projects"].items()[0]["breakdown"]["totalMonthlyCost"].text() == "312.44");
}

TEST_CASE("a plan that costs nothing has no costs, and one that cannot be priced says why") {
    auto question = costing();
    question.estimate.reset();
    set_plan(question.run).cost.reset();
    CHECK(plan_input(question)["cost"].is_null());
    CHECK_FALSE(plan_input(question)["third_party_metadata"].has("infracost"));

    auto& cost = set_plan(question.run).cost.emplace();
    cost.incomplete = true;
    cost.failure = "the price table is damaged";
    const auto input = plan_input(question);
    CHECK(input["cost"]["incomplete"].bool_or(false));
    CHECK(input["cost"]["failure"].text() == "the price table is damaged");
}

TEST_CASE("approval policies see the same costs") {
    const auto planned = costing();
    ApprovalQuestion question;
    question.stack = planned.stack;
    question.run = planned.run;
    question.estimate = planned.estimate;
    question.now_ms = planned.now_ms;
    const auto input = approval_input(question);
    CHECK(input["cost"] == plan_input(planned)["cost"]);
    CHECK(input["third_party_metadata"] == plan_input(planned)["third_party_metadata"]);
}

TEST_CASE("a budget denies what exceeds it, and what is not known as a whole") {
    PolicyBench bench;
    const auto decided = [&](PlanQuestion question) {
        return bench.plan({{of_library("space_budget")}, {}}, std::move(question));
    };
    CHECK(decided(costing()).verdict == Verdict::warned);

    auto dear = costing();
    set_plan(dear.run).cost->budgets[0].others = "100";
    const auto denied = decided(dear);
    CHECK(denied.verdict == Verdict::denied);
    REQUIRE(denied.findings.size() == 1);
    CHECK(denied.findings[0].message ==
          "production would cost $412.44 per month, and its budget is $400.00");

    auto unknown = costing();
    set_plan(unknown.run).cost->budgets[0].others = "0";
    set_plan(unknown.run).cost->incomplete = true;
    CHECK(decided(unknown).verdict == Verdict::denied);
}

TEST_CASE("a budget that names no share to warn at passes below it, and denies above") {
    PolicyBench bench;
    auto question = costing();
    auto& budget = set_plan(question.run).cost->budgets[0];
    budget.warn_at = "";
    const auto verdict = [&] {
        return bench.plan({{of_library("space_budget")}, {}}, question).verdict;
    };
    CHECK(verdict() == Verdict::passed);
    budget.others = "100";
    CHECK(verdict() == Verdict::denied);
}

TEST_CASE("a stack's label is a budget, too") {
    PolicyBench bench;
    auto question = costing();
    const auto verdict = [&] {
        return bench.plan({{of_library("stack_budget")}, {}}, question).verdict;
    };
    CHECK(verdict() == Verdict::passed);
    question.stack.labels = {"budget:300"};
    CHECK(verdict() == Verdict::denied);
}

}  // namespace slipway
