#include "handlers/runs/worker/tools/terraform/plan_json.hpp"

#include <algorithm>
#include <future>
#include <set>

#include "handlers/runs/worker/tools/terraform/attributes.hpp"
#include "handlers/runs/worker/tools/terraform/redaction.hpp"

namespace slipway {

namespace {

bool has_word(const Json& actions, std::string_view word) {
    const auto& items = actions.items();
    return std::any_of(items.begin(), items.end(),
                       [&](const Json& action) { return action.string_or("") == word; });
}

// The list of words is open; what counts is which of them it holds.
Action action_of(const Json& actions) {
    const bool creates = has_word(actions, "create");
    if (has_word(actions, "delete")) return creates ? Action::replace : Action::remove;
    if (creates) return Action::create;  // beside "forget": the old one lives on, unmanaged
    if (has_word(actions, "forget")) return Action::forget;
    if (has_word(actions, "update")) return Action::update;
    if (has_word(actions, "read")) return Action::read;
    return Action::none;
}

void count_change(const Change& change, const Json& actions, PlanCounts& counts) {
    count(counts, change.action);
    // One may be created beside it: the old one lives on, unmanaged.
    if (change.action != Action::forget && has_word(actions, "forget")) ++counts.forget;
    if (!change.previous_address.empty()) ++counts.move;
    if (!change.import_id.empty()) ++counts.import;
}

Change read_change(const Json& resource, const Scrubber& scrubber) {
    const Json& inner = resource["change"];
    const auto& clear = scrubber.masker();
    Change change;
    change.address = clear(resource["address"].string_or(""));
    if (resource["deposed"].is_string())
        change.address += " (deposed " + resource["deposed"].text() + ")";
    change.type = resource["type"].text();
    change.provider = resource["provider_name"].text();
    change.action = action_of(inner["actions"]);
    change.previous_address = clear(resource["previous_address"].string_or(""));
    if (inner["importing"].is_object()) {
        change.import_id = clear(inner["importing"]["id"].string_or(""));
        if (change.import_id.empty()) change.import_id = "(unknown)";
    }
    change.reason = resource["action_reason"].text();
    change.attributes = changed_attributes(inner, scrubber);
    return change;
}

// Instances of managed resources.
int managed_in(const Json& module) {
    int out = 0;
    for (const auto& resource : module["resources"].items())
        out += resource["mode"].string_or("") == "managed";
    for (const auto& child : module["child_modules"].items()) out += managed_in(child);
    return out;
}

int resources_in(const Json& values) {
    return values.is_object() ? managed_in(values["root_module"]) : 0;
}

bool has_true(const Json& json) {
    return json.bool_or(false) || std::any_of(json.items().begin(), json.items().end(), has_true) ||
           std::any_of(json.members().begin(), json.members().end(),
                       [](const Json::Member& one) { return has_true(one.second); });
}

AttributeChange::Side output_after(const std::string& name, const Json& change,
                                   const Scrubber& scrubber) {
    using Kind = AttributeChange::Kind;
    const auto hidden = [&](const Json& value) {
        auto shown = value;
        scrubber.scrub(shown);
        return shown != value;
    };
    const auto& after = change["after"];
    AttributeChange::Side out;
    if (has_true(change["after_sensitive"]) || is_named_like_a_secret(name) || hidden(after)) {
        out.kind = Kind::sensitive;
    } else if (has_true(change["after_unknown"])) {
        out.kind = Kind::known_after_apply;
    } else if (!after.is_null()) {
        out.kind = Kind::value;
        out.json = after.dump();
    }
    return out;
}

// All that there will be, changed or not.
std::vector<PlannedOutput> outputs_after(const Json& document, const Scrubber& scrubber) {
    std::vector<PlannedOutput> out;
    for (const auto& [name, change] : document["output_changes"].members()) {
        auto after = output_after(name, change, scrubber);
        if (after.kind != AttributeChange::Kind::absent) out.push_back({name, std::move(after)});
    }
    return out;
}

// What a plan changes, or what it found to be other than the state says.
constexpr const char *planned = "resource_changes", *drifted = "resource_drift";

Plan plan_of(const Json& document, const Scrubber& scrubber, std::string_view list) {
    Plan plan;
    plan.tool_version = document["terraform_version"].text();
    for (const auto& resource : document[list].items()) {
        auto change = read_change(resource, scrubber);
        if (change.action == Action::none && change.previous_address.empty() &&
            change.import_id.empty())
            continue;
        count_change(change, resource["change"]["actions"], plan.counts);
        plan.changes.push_back(std::move(change));
    }
    if (list == drifted) return plan;  // outputs follow, and its states are what was found
    for (const auto& [name, change] : document["output_changes"].members())
        if (action_of(change["actions"]) != Action::none) plan.outputs.push_back(name);
    plan.outputs_after = outputs_after(document, scrubber);
    // Of a state that holds nothing the document says nothing.
    plan.resources = resources_in(document["prior_state"]["values"]);
    plan.resources_after = resources_in(document["planned_values"]);
    return plan;
}

// --- the digest
// ---------------------------------------------------------------------------------------

// Everything that an approver could have seen or would have wanted to, and what is hidden as well.
std::string digest_of(const Json& document, const Secret& key, std::string_view list) {
    std::multiset<std::string> lines;
    auto add = [&](std::string_view kind, std::string_view name, const Json& outer,
                   const Json& change) {
        if (action_of(change["actions"]) == Action::none &&
            !outer["previous_address"].is_string() && !change["importing"].is_object())
            return;
        Json line = Json::object({{"kind", kind}, {"name", name}});
        for (const char* member : {"type", "provider_name", "deposed", "previous_address"})
            line.set(member, outer[member]);
        for (const char* member : {"actions", "before", "after", "after_unknown", "replace_paths",
                                   "importing", "before_sensitive", "after_sensitive"})
            line.set(member, with_sorted_members(change[member]));
        lines.insert(line.dump());
    };
    for (const auto& resource : document[list].items())
        add("resource", resource["address"].string_or(""), resource, resource["change"]);
    for (const auto& [name, change] : document["output_changes"].members())
        add("output", name, Json(), change);
    return change_digest(lines, key);
}

Result<ReadPlan> read(std::string_view shown, const std::vector<Secret>& known,
                      const Secret& digest_key, std::string_view list) {
    auto parsed = parse_json(shown);
    if (!parsed)
        return Error{"the plan that the tool shows is not valid JSON: " + parsed.error().message};
    auto& document = *parsed;
    const auto format = document["format_version"].text();
    if (!format.starts_with("1."))
        return Error{format.empty()
                         ? "what the tool shows is not a plan"
                         : "the plan has format " + format + ", but only 1.x is understood"};
    ReadPlan out;
    out.sensitive = sensitive_values(document);
    auto secrets = known;
    secrets.insert(secrets.end(), out.sensitive.begin(), out.sensitive.end());
    const Scrubber scrubber(secrets);
    auto digest =  // of many changes it takes as long as all the rest
        std::async(std::launch::async, [&] { return digest_of(document, digest_key, list); });
    out.plan = plan_of(document, scrubber, list);
    out.change_digest = digest.get();
    out.document = redacted(std::move(document), scrubber);
    return out;
}

}  // namespace

Result<ReadPlan> read_plan(std::string_view shown, const std::vector<Secret>& known,
                           const Secret& digest_key) {
    return read(shown, known, digest_key, planned);
}

Result<ReadPlan> read_drift(std::string_view shown, const std::vector<Secret>& known,
                            const Secret& digest_key) {
    return read(shown, known, digest_key, drifted);
}

}  // namespace slipway
