// Plan decisions: one denial denies, an error blocks, every finding names its rule, file and line.
#include <doctest/doctest.h>

#include "tests/support/policies.hpp"
#include "tests/support/set_plan.hpp"

namespace slipway {
namespace {

Policy plan(const char* name, const char* text) { return a_policy(name, PolicyKind::plan, text); }

PlanQuestion planned() {
    PlanQuestion question;
    question.stack = a_stack();
    question.run.id = RunId("0123456789abcdef0123");
    question.run.kind = RunKind::tracked;
    question.run.state = RunState::planning;
    question.run.settings = question.stack;
    question.run.pull = 7;
    question.run.triggered_by = {"github.com", "ada"};
    set_plan(question.run).counts.create = 1;
    set_plan(question.run).counts.replace = 1;
    Change change;
    change.address = "module.db.aws_db_instance.main";
    change.type = "aws_db_instance";
    change.action = Action::replace;
    change.attributes.push_back({"identifier",
                                 {AttributeChange::Kind::value, "\"payments\""},
                                 {AttributeChange::Kind::value, "\"payments-v2\""},
                                 true});
    change.attributes.push_back({"endpoint",
                                 {AttributeChange::Kind::value, "\"old\""},
                                 {AttributeChange::Kind::known_after_apply, ""}});
    question.plan.changes.push_back(change);
    question.plan.counts = plan_of(question.run).counts;
    question.document = *parse_json(R"({"format_version": "1.2", "terraform_version": "1.11.4",
        "resource_changes": [
          {"address": "module.db.aws_db_instance.main", "mode": "managed", "type": "aws_db_instance",
           "change": {"actions": ["delete", "create"], "after": {"identifier": "payments-v2"}}},
          {"address": "aws_s3_bucket.audit", "mode": "managed", "type": "aws_s3_bucket",
           "change": {"actions": ["create"], "after": {"tags": {}}}}]})");
    question.now_ms = 1763975640000;
    return question;
}

const Policy denies = plan("require-tags", R"(package slipway
import rego.v1

deny contains {
	"msg": sprintf("%s has no tag owner", [r.address]),
	"resource": r.address,
	"docs": "https://wiki.acme.test/tags",
} if {
	some r in created_resources
	r.type == "aws_s3_bucket"
	not r.change.after.tags.owner
}
)");
const Policy warns = plan("backup", R"(package spacelift

warn["keeps no final snapshot"] {
  r := input.terraform.resource_changes[_]
  r.change.actions[_] == "delete"
  not r.change.before.final_snapshot_identifier
}
)");
const Policy passes = plan("passes", "package slipway\ndeny[\"never\"] { input.nothing }\n");
const Policy conftest = plan("conftest", R"(package main
deny_format[msg] { input.format_version == "1.2"; msg := "an old format" }
warn["seen"] { input.terraform_version }
)");
const Policy violates = plan("violates", R"(package main
import rego.v1

violation contains {"msg": "no owner"} if input.format_version == "1.2"
)");
const Policy loops = plan("loops", R"(package slipway
import rego.v1

deny contains "never" if {
	some a in numbers.range(1, 1000000)
	some b in numbers.range(1, 1000000)
	a + b == -1
}
)");
const Policy eats = plan("eats", R"(package slipway
import rego.v1

deny contains "never" if {
	everything := numbers.range(1, 1000000000)
	count(everything) == 0
}
)");

TEST_CASE("a plan decision is the worst of what the policies say") {
    struct Case {
        const char* name;
        std::vector<Policy> policies;
        Verdict verdict;
        std::size_t findings;
        const char* outcome;  // of the first policy's node
    };
    const Case cases[] = {
        {"nothing attached", {}, Verdict::passed, 0, ""},
        {"passes", {passes}, Verdict::passed, 0, "passed"},
        {"warns",
         {warns, passes},
         Verdict::warned,
         1,
         "warn: keeps no final snapshot (backup.rego:3)"},
        {"a violation of conftest's denies",
         {violates},
         Verdict::denied,
         1,
         "deny: no owner (violates.rego:4)"},
        {"denies",
         {denies, warns},
         Verdict::denied,
         2,
         "deny: aws_s3_bucket.audit has no tag owner (require-tags.rego:4)"},
        {"conftest's dialect, the whole document",
         {conftest},
         Verdict::denied,
         2,
         "1 denial, 1 warning"},
        {"P1: an error blocks, whatever the others say",
         {plan("broken", "package slipway\n\ndeny := 3\n"), passes},
         Verdict::error,
         1,
         "error: deny is the number 3; it must be a set of messages (broken.rego:3)"},
        {"P1: what does not compile blocks",
         {plan("broken", "package slipway\ndeny[msg] { msg := no_such_function(1) }\n")},
         Verdict::error,
         1,
         "error: undefined function no_such_function (broken.rego:2)"},
    };
    PolicyBench bench;
    for (const auto& c : cases) {
        CAPTURE(c.name);
        const auto decision = bench.plan({c.policies, {}}, planned());
        CHECK(decision.verdict == c.verdict);
        CHECK(decision.findings.size() == c.findings);
        CHECK(decision.policy_set.size() == 64);
        if (*c.outcome) CHECK(decision.why.because.at(0).outcome == c.outcome);
    }
}

TEST_CASE("a denial carries rule, resource, docs, file and line") {
    PolicyBench bench;
    const auto decision = bench.plan({{denies}, {}}, planned());
    REQUIRE(decision.findings.size() == 1);
    const auto& finding = decision.findings[0];
    CHECK(finding.severity == Finding::Severity::deny);
    CHECK(finding.policy == "require-tags");
    CHECK(finding.rule == "deny");
    CHECK(finding.message == "aws_s3_bucket.audit has no tag owner");
    CHECK(finding.resource == "aws_s3_bucket.audit");
    CHECK(finding.docs == "https://wiki.acme.test/tags");
    CHECK(finding.place == Place{"policies/plan/require-tags.rego", 4, 1});
    CHECK(decision.why.text == "plan policies");
    CHECK(decision.why.outcome == "denied");
    CHECK(decision.why.because[0].text == "plan policy require-tags");
}

TEST_CASE("the digest of a policy set changes with every text, also of the library") {
    PolicyBench bench;
    std::map<std::string, std::string> library{
        {"policies/lib/x.rego", "package lib.x\n\na := 1\n"}};
    const auto first = bench.plan({{denies}, {}}, planned()).policy_set;
    CHECK(first == bench.plan({{denies}, {}}, planned()).policy_set);
    CHECK(first != bench.plan({{denies, passes}, {}}, planned()).policy_set);
    CHECK(first != bench.plan({{denies}, library}, planned()).policy_set);
}

TEST_CASE(
    "P1: a plan policy that eats memory blocks with file and line, and the next decision is "
    "unharmed") {
    PolicyBench bench;
    const auto decision = bench.plan({{eats, denies}, {}}, planned());
    CHECK(decision.verdict == Verdict::error);
    REQUIRE(decision.findings.size() == 2);
    CHECK(decision.findings[0].severity == Finding::Severity::error);
    CHECK(decision.findings[0].place == Place{"policies/plan/eats.rego", 4, 1});
    CHECK(decision.findings[0].message.find("memory") != std::string::npos);
    CHECK(decision.findings[1].message == "aws_s3_bucket.audit has no tag owner");
    CHECK(bench.plan({{denies}, {}}, planned()).verdict == Verdict::denied);
    CHECK(bench.plan({{passes}, {}}, planned()).verdict == Verdict::passed);
}

TEST_CASE("P1: the outside world is closed to policies") {
    struct Case {
        const char* name;
        const char* expression;
    };
    const Case cases[] = {
        {"http.send", "http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1:1\"})"},
        {"opa.runtime", "opa.runtime()"},
        {"net.lookup_ip_addr", "net.lookup_ip_addr(\"localhost\")"},
        {"rego.parse_module", "rego.parse_module(\"x\", \"package x\")"},
        {"trace", "trace(\"x\")"},
    };
    PolicyBench bench;
    for (const auto& c : cases) {
        CAPTURE(c.name);
        const std::string text =
            std::string("package slipway\nimport rego.v1\ndeny contains \"x\" if ") + c.expression +
            "\n";
        const auto decision = bench.plan({{plan("outside", text.c_str())}, {}}, planned());
        CHECK(decision.verdict == Verdict::error);
        REQUIRE(decision.findings.size() == 1);
        CHECK(decision.findings[0].message ==
              std::string(c.name) + " is not available: a policy decides from its input alone");
        CHECK(decision.findings[0].place.line == 3);
    }
}

TEST_CASE("P1: without a plan document no policy can pass") {
    PolicyBench bench;
    auto question = planned();
    question.document = Json();
    const auto decision = bench.plan({{passes}, {}}, question);
    CHECK(decision.verdict == Verdict::error);
    CHECK(decision.findings.at(0).message == "there is no plan document that it could judge");
}

TEST_CASE("P2: policies of untrusted trust deny like others, and run in a child of their own") {
    PolicyBench bench;
    PolicySet set;
    set.policies = {passes};
    set.untrusted = {denies};
    CHECK(bench.plan(set, planned()).verdict == Verdict::denied);
    CHECK(bench.plan(set, planned()).policy_set !=
          bench.plan({{passes}, {}}, planned()).policy_set);
    set.untrusted = {eats};
    const auto decision = bench.plan(set, planned());
    CHECK(decision.verdict == Verdict::error);
    CHECK(decision.why.because.at(0).outcome == "passed");
}

TEST_CASE("policies see a look for drift as a flagged proposed run, and a destroy by its name") {
    auto question = planned();
    question.run.kind = RunKind::drift;
    auto run = plan_input(question)["spacelift"]["run"];
    CHECK(run["type"].text() == "PROPOSED");
    CHECK(run["drift_detection"].bool_or(false));
    question.run.kind = RunKind::tracked;
    question.run.destroy = true;
    run = plan_input(question)["spacelift"]["run"];
    CHECK(run["type"].text() == "DESTROY");
    CHECK_FALSE(run["drift_detection"].bool_or(true));
}

TEST_CASE("the plan input is the documented one, and plan the same for every tool") {
    const Json input = plan_input(planned());
    CHECK(input["spacelift"]["run"]["type"].text() == "TRACKED");
    CHECK(input["spacelift"]["run"]["state"].text() == "PLANNING");
    CHECK(input["spacelift"]["run"]["delta"]["added"].int_or(0) == 2);
    CHECK(input["spacelift"]["run"]["triggered_by"].is_null());
    CHECK(input["spacelift"]["commit"]["author"].text() == "ada");
    CHECK(input["spacelift"]["stack"]["labels"][0].text() == "env:prod");
    CHECK(input["spacelift"]["request"]["timestamp_ns"].number_text() == "1763975640000000000");
    CHECK(input["spacelift"]["run"]["changes"][0]["action"].text() ==
          "destroy-Before-create-replaced");
    CHECK(input["spacelift"]["run"]["changes"][0]["entity"]["name"].text() == "main");
    CHECK(input.has("pulumi"));
    CHECK(input["pulumi"].is_null());
    CHECK(input["third_party_metadata"].has("custom"));
    const Json& change = input["plan"]["changes"][0];
    CHECK(change["action"].text() == "replace");
    CHECK(change["attributes"][0]["before"]["value"].text() == "payments");
    CHECK(change["attributes"][0]["forces_replacement"].bool_or(false));
    CHECK(change["attributes"][1]["after"]["kind"].text() == "known_after_apply");
    CHECK_FALSE(change["attributes"][1]["after"].has("value"));
    CHECK(input["plan"]["counts"]["replace"].int_or(0) == 1);
}

TEST_CASE("the plan input says which tool made the plan, and whether it only predicts") {
    auto question = planned();
    const auto check = [&](ToolKind tool, bool predicted, const char* workflow,
                           const char* vendor) {
        question.stack.tool = question.run.settings.tool = tool;
        question.plan.counts.predicted_only = predicted;
        const Json input = plan_input(question);
        const Json& change = input["spacelift"]["run"]["changes"][0];
        CHECK(input["spacelift"]["stack"]["terraform_workflow_tool"].text() == workflow);
        CHECK(change["entity"]["entity_vendor"].text() == vendor);
        CHECK(input["plan"]["predicted_only"].bool_or(!predicted) == predicted);
    };
    check(ToolKind::opentofu, false, "OPEN_TOFU", "terraform");
    check(ToolKind::terraform, false, "TERRAFORM_FOSS", "terraform");
    check(ToolKind::custom, true, "CUSTOM", "custom");
}

TEST_CASE("P1: a loop in a plan policy ends by the limit and names file and line") {
    PolicyLimits limits;
    limits.plan = std::chrono::milliseconds(300);
    PolicyBench bench(limits);
    const auto decision = bench.plan({{loops, denies}, {}}, planned());
    CHECK(decision.verdict == Verdict::error);
    REQUIRE(decision.findings.size() == 2);
    CHECK(decision.findings[0].message == "it took longer than its time limit");
    CHECK(decision.findings[0].place == Place{"policies/plan/loops.rego", 4, 1});
}

}  // namespace
}  // namespace slipway
