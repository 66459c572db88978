// The documented shape of a custom tool's plan, and nothing beside it.
#include "handlers/runs/worker/tools/custom/changes.hpp"

#include <doctest/doctest.h>

namespace slipway {
namespace {

using Kind = AttributeChange::Kind;

Result<ReadPlan> read(const std::string& text, const std::vector<Secret>& known = {}) {
    return custom::read_changes(text, known, Secret("digest key"));
}

std::string plan_of(const std::string& changes) {
    return R"({"version": 1, "changes": [)" + changes + "]}";
}

ReadPlan good(const std::string& changes, const std::vector<Secret>& known = {}) {
    auto plan = read(plan_of(changes), known);
    if (!plan) FAIL(plan.error().message);
    return std::move(*plan);
}

TEST_CASE("every documented member is read") {
    const auto plan = good(R"({"address": "web1: nginx", "action": "update", "type": "package",
        "provider": "ansible.builtin", "reason": "outdated", "attributes": [
            {"path": "version", "before": "1.24", "after": {"major": 2}},
            {"path": "checksum", "before": 1, "after_unknown": true, "forces_replacement": true},
            {"path": "gone", "before": true, "after": null}]},
        {"address": "web2", "action": "create"}, {"address": "c", "action": "read"},
        {"address": "d", "action": "delete"}, {"address": "e", "action": "replace"},
        {"address": "f", "action": "forget"})")
                          .plan;
    REQUIRE(plan.changes.size() == 6);
    const auto& first = plan.changes[0];
    CHECK(first.address == "web1: nginx");
    CHECK(first.action == Action::update);
    CHECK(first.type == "package");
    CHECK(first.provider == "ansible.builtin");
    CHECK(first.reason == "outdated");
    REQUIRE(first.attributes.size() == 3);
    CHECK(first.attributes[0].before.json == "\"1.24\"");
    CHECK(first.attributes[0].after.json == R"({"major":2})");
    CHECK(first.attributes[1].after.kind == Kind::known_after_apply);
    CHECK(first.attributes[1].forces_replacement);
    CHECK(first.attributes[2].after.kind == Kind::absent);
    CHECK(plan.counts.update == 1);
    CHECK(plan.counts.create == 1);
    CHECK(plan.counts.remove == 1);
    CHECK(plan.counts.replace == 1);
    CHECK(plan.counts.forget == 1);
    CHECK_FALSE(good("").plan.counts.any());
}

TEST_CASE("what does not fit is told with the member's name, and nothing is read") {
    struct {
        std::string text, error;
    } cases[] = {
        {"Playbook failed", "it is not valid JSON: "},
        {"[]", "the document is a plan, which is an object"},
        {R"({"changes": []})", "`version` is missing"},
        {R"({"version": 2, "changes": []})", "`version` is not 1"},
        {R"({"version": "1", "changes": []})", "`version` is not 1"},
        {R"({"version": 1})", "`changes` is missing"},
        {R"({"version": 1, "changes": {}})", "`changes` is not a list"},
        {R"({"version": 1, "changes": null})", "`changes` is not a list"},
        {R"({"version": 1, "changes": [], "change": []})",
         "`change` is not a member of a plan; did you mean `changes`?"},
        {plan_of("3"), "`changes[0]` is a change, which is an object"},
        {plan_of(R"({"action": "create"})"), "`changes[0].address` is missing"},
        {plan_of(R"({"address": "", "action": "create"})"), "`changes[0].address` is empty"},
        {plan_of(R"({"address": 1, "action": "create"})"), "`changes[0].address` is not a string"},
        {plan_of(R"({"address": "a"})"), "`changes[0].action` is missing"},
        {plan_of(R"({"address": "a", "action": "destroy"})"),
         "`changes[0].action` is \"destroy\"; it is one of create, read, update, delete, replace, "
         "forget"},
        {plan_of(R"({"address": "a", "action": "none"})"), "`changes[0].action` is \"none\""},
        {plan_of(R"({"address": "a", "action": "create", "attributes": {}})"),
         "`changes[0].attributes` is not a list"},
        {plan_of(R"({"address": "a", "action": "create"},
                    {"address": "b", "action": "create", "attributes": [{"before": 1}]})"),
         "`changes[1].attributes[0].path` is missing"},
        {plan_of(R"({"address": "b", "action": "create", "attributes": [
                     {"path": "p", "sensitive": "yes"}]})"),
         "`changes[0].attributes[0].sensitive` is neither true nor false"},
        {plan_of(R"({"address": "b", "action": "create", "attributes": [
                     {"path": "p", "after": 1, "after_unknown": true}]})"),
         "`changes[0].attributes[0].after` is given, although `after_unknown` is true"},
        {plan_of(R"({"address": "b", "action": "create", "attributes": [
                     {"path": "p", "befor": 1}]})"),
         "`changes[0].attributes[0].befor` is not a member of an attribute; did you mean "
         "`before`?"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        const auto plan = read(c.text);
        REQUIRE_FALSE(plan);
        CHECK(plan.error().message.starts_with(c.error));
    }
}

TEST_CASE("sensitive values are nowhere in what is read, whoever knows that they are") {
    const auto plan =
        good(R"({"address": "db with s3cr3t-of-the-run", "action": "update", "attributes": [
        {"path": "dsn", "before": "marked-value-1", "after": ["marked-value-2"], "sensitive": true},
        {"path": "db.password", "after": "named-value-3"},
        {"path": "motd", "before": "s3cr3t-of-the-run", "after": "see marked-value-2"}]})",
             {Secret("s3cr3t-of-the-run")});
    const auto& attributes = plan.plan.changes.at(0).attributes;
    CHECK(attributes.at(0).before.kind == Kind::sensitive);
    CHECK(attributes.at(0).after.kind == Kind::sensitive);
    CHECK(attributes.at(1).after.kind == Kind::sensitive);
    CHECK(plan.sensitive.size() == 3);
    auto all = plan.document.dump() + plan.plan.changes[0].address;
    for (const auto& attribute : attributes) all += attribute.before.json + attribute.after.json;
    CHECK(all.find("marked-value") == std::string::npos);
    CHECK(all.find("named-value") == std::string::npos);
    CHECK(all.find("s3cr3t") == std::string::npos);
    CHECK(all.find("see ***") != std::string::npos);
}

TEST_CASE("the digest holds what is hidden too, and no order") {
    const auto digest = [](const std::string& changes) { return good(changes).change_digest; };
    const std::string a = R"({"address": "a", "action": "update", "attributes": [
        {"path": "p", "after": "one", "sensitive": true}]})";
    const std::string other_value = R"({"address": "a", "action": "update", "attributes": [
        {"path": "p", "after": "two", "sensitive": true}]})";
    const std::string b = R"({"action": "create", "address": "b"})";
    CHECK(digest(a + "," + b) == digest(b + "," + a));
    CHECK(digest(b) == digest(R"({"address": "b", "action": "create"})"));
    CHECK(digest(a) != digest(other_value));
    CHECK(digest(a) != digest(a + "," + a));
}

}  // namespace
}  // namespace slipway
