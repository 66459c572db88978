// show -json → Plan, redacted document, digest. The fixture was written by Terraform 1.11.4.
#include "handlers/runs/worker/tools/terraform/plan_json.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>

#include "handlers/runs/worker/tools/terraform/redaction.hpp"
#include "service/base/codec.hpp"

namespace slipway {
namespace {

using Kind = AttributeChange::Kind;

std::string fixture(const std::string& name) {
    std::ifstream file(std::string(SLIPWAY_SOURCE_DIR) + "/tests/fixtures/plans/" + name);
    return std::string((std::istreambuf_iterator<char>(file)), {});
}

ReadPlan read(const std::string& text, const std::vector<Secret>& known = {}) {
    auto plan = read_plan(text, known, Secret("digest key"));
    if (!plan) FAIL(plan.error().message);
    return std::move(*plan);
}

const Change& change_of(const Plan& plan, std::string_view address) {
    for (const auto& change : plan.changes)
        if (change.address == address) return change;
    FAIL("no change of " << address);
    return plan.changes.front();
}

std::string show(const AttributeChange::Side& side) {
    return side.kind == Kind::value ? side.json : std::string(word(side.kind));
}

std::map<std::string, std::string> attributes_of(const Change& change) {
    std::map<std::string, std::string> out;
    for (const auto& attribute : change.attributes)
        out[attribute.path] = show(attribute.before) + " -> " + show(attribute.after) +
                              (attribute.forces_replacement ? " !" : "");
    return out;
}

using Attributes = std::map<std::string, std::string>;

TEST_CASE("what a plan does to each resource is read, and what it leaves alone is left out") {
    const auto plan = read(fixture("everything.json")).plan;
    CHECK(plan.tool_version == "1.11.4");
    Attributes actions;
    for (const auto& change : plan.changes) actions[change.address] = word(change.action);
    CHECK(actions == Attributes{{"terraform_data.added", "create"},
                                {"terraform_data.changed", "update"},
                                {"terraform_data.derived", "update"},
                                {"terraform_data.gone", "delete"},
                                {"terraform_data.new_name", "none"},
                                {"terraform_data.replaced", "replace"},
                                {"terraform_data.taken_over", "none"}});
    PlanCounts counts;
    counts.create = counts.remove = counts.replace = counts.move = counts.import = 1;
    counts.update = 2;
    CHECK(plan.counts == counts);
    CHECK(plan.outputs == std::vector<std::string>{"hidden", "leaked", "plain"});
    std::map<std::string, std::string> after;
    for (const auto& one : plan.outputs_after) after[one.name] = show(one.after);
    // A value in which a sensitive one stands is sensitive itself, whatever its mark.
    CHECK(after ==
          Attributes{{"hidden", "sensitive"}, {"leaked", "sensitive"}, {"plain", "\"second\""}});
    CHECK(plan.resources == 8);
    CHECK(plan.resources_after == 8);

    CHECK(change_of(plan, "terraform_data.new_name").previous_address == "terraform_data.old_name");
    CHECK(change_of(plan, "terraform_data.taken_over").import_id == "import-1234");
    CHECK(change_of(plan, "terraform_data.replaced").reason == "replace_because_cannot_update");
    CHECK(change_of(plan, "terraform_data.added").type == "terraform_data");
    CHECK(change_of(plan, "terraform_data.added").provider == "terraform.io/builtin/terraform");
}

TEST_CASE("attributes are listed by path where they change, with what forces a replacement") {
    const auto plan = read(fixture("everything.json")).plan;
    CHECK(
        attributes_of(change_of(plan, "terraform_data.changed")) ==
        Attributes{{"input.name", R"("old" -> "new")"},
                   {"input.list[0]", R"(absent -> "z")"},
                   {R"(input["odd.key"].deep)", "1 -> 2"},
                   {"input.password", "sensitive -> sensitive"},
                   {"input.api_token", "sensitive -> sensitive"},
                   {"input.size", "absent -> 12345678901234567890"},
                   {"output", attributes_of(change_of(plan, "terraform_data.changed"))["output"]}});
    CHECK(attributes_of(change_of(plan, "terraform_data.replaced"))["triggers_replace[1].size"] ==
          R"("small" -> "large" !)");
    CHECK(attributes_of(change_of(plan, "terraform_data.added")) ==
          Attributes{{"id", "absent -> known_after_apply"},
                     {"input", "absent -> known_after_apply"},
                     {"output", "absent -> known_after_apply"}});
    CHECK(attributes_of(change_of(plan, "terraform_data.derived"))["input"] ==
          "sensitive -> sensitive");
    CHECK(change_of(plan, "terraform_data.gone").attributes.size() == 3);
}

TEST_CASE("sensitive values are nowhere in plan and document, also where nobody marked them") {
    const auto text = fixture("everything.json");
    for (const char* secret : {"hunter2", "hunter3", "token-in-code", "literal-for-module"})
        REQUIRE(text.find(secret) != std::string::npos);
    const auto plan = read(text);
    const auto everything = encode(plan.plan).dump() + plan.document.dump();
    for (const char* secret : {"hunter2", "hunter3", "token-in-code", "literal-for-module",
                               "bGl0ZXJhbC1mb3ItbW9kdWxl", "postgres://app:default"}) {
        CAPTURE(secret);
        CHECK(everything.find(secret) == std::string::npos);
    }
    // What may be seen is still there, numbers to the last digit.
    for (const char* open : {"eu-central-1", "12345678901234567890", "terraform_data.old_name",
                             "\"second\"", "small", "import-1234"}) {
        CAPTURE(open);
        CHECK(plan.document.dump().find(open) != std::string::npos);
    }
    const auto& changes = plan.document["resource_changes"];
    for (const auto& resource : changes.items())
        if (resource["address"].string_or("") == "terraform_data.changed") {
            CHECK(resource["change"]["after"]["input"]["password"].string_or("") == sensitive_text);
            CHECK(resource["change"]["after_sensitive"]["input"]["password"].bool_or(false));
        }
    const auto& variables = plan.document["variables"];
    CHECK(variables["database_password"]["value"].string_or("") == sensitive_text);
    CHECK(variables["region"]["value"].string_or("") == "eu-central-1");
    CHECK(plan.document["output_changes"]["leaked"]["after"].string_or("") == "x-***-y");
}

TEST_CASE("secrets of the run are masked in the documents, also inside other texts") {
    const std::vector<Secret> known{Secret("eu-central-1"), Secret("mall")};
    const auto plan = read(fixture("everything.json"), known);
    CHECK(plan.document.dump().find("eu-central-1") == std::string::npos);
    // Too short to be looked for inside others.
    CHECK(plan.document.dump().find("small") != std::string::npos);
}

TEST_CASE("what is not known to be safe does not pass") {
    auto document = *parse_json(fixture("everything.json"));
    document.set("something_new", Json("default-hunter2 in a new place"));
    document.erase("configuration");  // nobody says which variables are sensitive: all are
    const auto plan = read(document.dump());
    CHECK_FALSE(plan.document.has("something_new"));
    CHECK(plan.document["variables"]["region"]["value"].string_or("") == sensitive_text);
}

TEST_CASE("outputs are read as the plan leaves them: known, known after the apply, or hidden") {
    auto document = *parse_json(fixture("everything.json"));
    document.set("output_changes", *parse_json(R"({
        "same": {"actions": ["no-op"], "before": "a", "after": "a", "after_unknown": false},
        "list": {"actions": ["create"], "after": [1, true], "after_unknown": false},
        "later": {"actions": ["create"], "after_unknown": true},
        "part": {"actions": ["create"], "after": {"a": 1}, "after_unknown": {"b": true}},
        "gone": {"actions": ["delete"], "before": "x", "after": null, "after_unknown": false},
        "inner": {"actions": ["create"], "after": {"a": 1}, "after_sensitive": {"a": true}},
        "db_password": {"actions": ["create"], "after": "x", "after_unknown": false}})"));
    const auto plan = read(document.dump()).plan;
    std::map<std::string, std::string> after;
    for (const auto& one : plan.outputs_after) after[one.name] = show(one.after);
    CHECK(after == Attributes{{"same", "\"a\""},
                              {"list", "[1,true]"},
                              {"later", "known_after_apply"},
                              {"part", "known_after_apply"},
                              {"inner", "sensitive"},
                              {"db_password", "sensitive"}});
    CHECK(plan.outputs.size() == 6);
}

TEST_CASE(
    "the change digest is the same for the same changes in any order, and tells others apart") {
    const auto text = fixture("everything.json");
    const auto digest = read(text).change_digest;
    CHECK(digest.size() == 64);
    auto digest_after = [&](auto&& edit) {
        auto document = *parse_json(text);
        edit(document);
        return read(document.dump()).change_digest;
    };
    auto change_at = [](Json& document, std::string_view address) -> Json& {
        for (auto& resource : document.at("resource_changes").edit_items())
            if (resource["address"].string_or("") == address) return resource.at("change");
        return document;
    };
    CHECK(digest_after([](Json& d) {
              auto& items = d.at("resource_changes").edit_items();
              std::reverse(items.begin(), items.end());
              d.set("timestamp", "2030-01-01T00:00:00Z");
          }) == digest);
    CHECK(digest_after([&](Json& d) {
              auto& members = change_at(d, "terraform_data.changed").at("after").edit_members();
              std::reverse(members.begin(), members.end());
          }) == digest);
    CHECK(
        digest_after([&](Json& d) {  // a sensitive value alone
            change_at(d, "terraform_data.changed").at("after").at("input").set("password", "other");
        }) != digest);
    CHECK(digest_after([&](Json& d) {
              change_at(d, "terraform_data.replaced").at("before").set("input", "other");
          }) != digest);
    CHECK(digest_after([](Json& d) { d.at("output_changes").at("plain").set("after", "x"); }) !=
          digest);
    CHECK(digest_after([&](Json& d) {
              change_at(d, "terraform_data.gone").set("actions", Json::array().push("forget"));
          }) != digest);
    CHECK(read_plan(text, {}, Secret("another key"))->change_digest != digest);
}

std::string one_change(const std::string& change, const std::string& more = "") {
    return R"({"format_version":"1.2","resource_changes":[{"address":"x.y","type":"x")" + more +
           R"(,"change":)" + change + "}]}";
}

TEST_CASE("words for actions are read by what they contain") {
    struct {
        const char* actions;
        Action action;
        int changes;
    } cases[] = {
        {R"(["no-op"])", Action::none, 0},
        {R"(["create"])", Action::create, 1},
        {R"(["read"])", Action::read, 1},
        {R"(["update"])", Action::update, 1},
        {R"(["delete"])", Action::remove, 1},
        {R"(["delete","create"])", Action::replace, 1},
        {R"(["create","delete"])", Action::replace, 1},
        {R"(["forget"])", Action::forget, 1},
        {R"(["create","forget"])", Action::create, 1},
        {R"([])", Action::none, 0},
        {R"("delete")", Action::none, 0},
        {R"(["hibernate","delete"])", Action::remove, 1},
    };
    for (const auto& c : cases) {
        CAPTURE(c.actions);
        const auto plan = read(one_change(std::string(R"({"actions":)") + c.actions + "}")).plan;
        REQUIRE(plan.changes.size() == static_cast<std::size_t>(c.changes));
        if (c.changes) CHECK(plan.changes[0].action == c.action);
    }
    CHECK_FALSE(read(one_change(R"({"actions":["read"]})")).plan.counts.any());
    CHECK(read(one_change(R"({"actions":["create","forget"]})")).plan.counts.forget == 1);
    const auto deposed = read(one_change(R"({"actions":["delete"]})", R"(,"deposed":"ab12")")).plan;
    CHECK(deposed.changes[0].address == "x.y (deposed ab12)");
}

TEST_CASE("attribute trees of every shape") {
    struct {
        const char* what;
        const char* change;
        Attributes expected;
    } cases[] = {
        {"nothing differs", R"({"before":{"a":1},"after":{"a":1}})", {}},
        {"null is absent", R"({"before":{"a":null},"after":{}})", {}},
        {"a type changes", R"({"before":{"a":"1"},"after":{"a":1}})", {{"a", R"("1" -> 1)"}}},
        {"a list becomes an object",
         R"({"before":{"a":[1]},"after":{"a":{"b":1}}})",
         {{"a", R"([1] -> {"b":1})"}}},
        {"an empty list appears", R"({"before":{},"after":{"a":[]}})", {{"a", "absent -> []"}}},
        {"one is taken from the middle",
         R"({"before":{"a":[1,2,3]},"after":{"a":[1,3]}})",
         {{"a[1]", "2 -> absent"}}},
        {"an unknown element",
         R"({"before":{"a":[1]},"after":{"a":[1]},"after_unknown":{"a":[false,true]}})",
         {{"a[1]", "absent -> known_after_apply"}}},
        {"an unknown inside",
         R"({"before":{"a":{"b":1}},"after":{"a":{}},"after_unknown":{"a":{"b":true}}})",
         {{"a.b", "1 -> known_after_apply"}}},
        {"a whole object is sensitive",
         R"({"before":{"a":{"b":1}},"after":{"a":{"b":2}},"after_sensitive":{"a":true}})",
         {{"a", "sensitive -> sensitive"}}},
        {"the root is sensitive",
         R"({"before":{"a":"x"},"after":{"a":"y"},"before_sensitive":true})",
         {{"", "sensitive -> sensitive"}}},
        {"an unchanged sensitive value is not a change",
         R"({"before":{"a":"x"},"after":{"a":"x"},"after_sensitive":{"a":true}})",
         {}},
        {"marks of another shape hide all",
         R"({"before":{"a":["x"]},"after":{"a":["y"]},"after_sensitive":{"a":{"b":true}}})",
         {{"a[0]", "sensitive -> sensitive"}}},
        {"a forced path covers what is below, not what begins alike",
         R"({"before":{"a":{"b":1},"ab":1},"after":{"a":{"b":2},"ab":2},"replace_paths":[["a"]]})",
         {{"a.b", "1 -> 2 !"}, {"ab", "1 -> 2"}}},
        {"a forced element",
         R"({"before":{"a":[1]},"after":{"a":[2]},"replace_paths":[["a",0]]})",
         {{"a[0]", "1 -> 2 !"}}},
    };
    for (const auto& c : cases) {
        CAPTURE(c.what);
        auto change = *parse_json(c.change);
        change.set("actions", Json::array().push("update"));
        const auto plan = read(one_change(change.dump())).plan;
        CHECK(attributes_of(plan.changes.at(0)) == c.expected);
    }
}

TEST_CASE("what is not a plan of format 1.x is refused with a sentence") {
    struct {
        const char* text;
        const char* message;
    } cases[] = {
        {"", "not valid JSON"},
        {"{", "not valid JSON"},
        {"[]", "not a plan"},
        {"{}", "not a plan"},
        {R"({"format_version":"2.0"})", "format 2.0"},
        {R"({"format_version":1.2})", "not a plan"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        auto plan = read_plan(c.text, {}, Secret("k"));
        REQUIRE_FALSE(plan);
        CHECK(plan.error().message.find(c.message) != std::string::npos);
    }
    // Absent parts are absent, not false.
    CHECK_FALSE(read(R"({"format_version":"1.0"})").plan.counts.any());
}

TEST_CASE("names that mean a secret") {
    for (const char* name :
         {"password", "db_password", "client-secret", "API_KEY", "token", "private_key"})
        CHECK(is_named_like_a_secret(name));
    for (const char* name : {"password_policy", "secret_name", "key", "tokens_per_day", "id", ""})
        CHECK_FALSE(is_named_like_a_secret(name));
}

TEST_CASE("a look for drift reads what differs from the state, and neither plans nor outputs") {
    const char* text = R"json({"format_version": "1.2", "terraform_version": "1.12.0",
        "planned_values": {"root_module": {"resources": [{"mode": "managed"}]}},
        "prior_state": {"values": {"root_module": {"resources": [{"mode": "managed"}]}}},
        "resource_drift": [
            {"address": "aws_x.a", "type": "aws_x", "change": {"actions": ["update"],
             "before": {"size": 1, "password": "correct-horse"}, "after": {"size": 2, "password": "battery-staple"},
             "before_sensitive": {"password": true}, "after_sensitive": {"password": true}}},
            {"address": "aws_x.b", "type": "aws_x", "change": {"actions": ["delete"],
             "before": {"size": 1}, "after": null, "before_sensitive": {}, "after_sensitive": false}}],
        "resource_changes": [{"address": "aws_x.c", "type": "aws_x", "change": {"actions": ["create"],
             "before": null, "after": {"size": 1}}}],
        "output_changes": {"size": {"actions": ["update"], "before": 1, "after": 2}}})json";
    const auto read = read_drift(text, {}, Secret("k"));
    REQUIRE(read);
    const auto& plan = read->plan;
    REQUIRE(plan.changes.size() == 2);
    CHECK(plan.counts.update == 1);
    CHECK(plan.counts.remove == 1);
    CHECK(plan.counts.create == 0);
    CHECK(plan.outputs.empty());
    CHECK(plan.resources == -1);  // what the state holds is not what was found
    CHECK(attributes_of(change_of(plan, "aws_x.a")) ==
          Attributes{{"password", "sensitive -> sensitive"}, {"size", "1 -> 2"}});
    CHECK(read->document.dump().find("correct-horse") == std::string::npos);
    CHECK(encode(plan).dump().find("battery-staple") == std::string::npos);
    const auto planned = read_plan(text, {}, Secret("k"));
    CHECK(planned->plan.counts.create == 1);
    CHECK(planned->change_digest != read->change_digest);
}

TEST_CASE("a damaged plan is read or refused, never a crash") {
    const auto text = fixture("everything.json");
    std::mt19937 random(3);
    for (int round = 0; round < 40; ++round) {
        auto document = *parse_json(text);
        // One part is replaced by something of another shape.
        std::function<void(Json&, int)> damage = [&](Json& json, int depth) {
            if (depth == 0 || (!json.is_object() && !json.is_array()) ||
                (json.is_object() && json.members().empty()) ||
                (json.is_array() && json.items().empty())) {
                static const Json shapes[] = {Json(),
                                              Json(true),
                                              Json(7),
                                              Json("x"),
                                              Json::array(),
                                              Json::object(),
                                              Json::array().push(Json::object())};
                json = shapes[random() % std::size(shapes)];
                return;
            }
            if (json.is_object())
                damage(json.edit_members()[random() % json.members().size()].second, depth - 1);
            else
                damage(json.edit_items()[random() % json.items().size()], depth - 1);
        };
        damage(document, 1 + static_cast<int>(random() % 8));
        CHECK_NOTHROW(read_plan(document.dump(), {}, Secret("k")));
    }
}

}  // namespace
}  // namespace slipway
