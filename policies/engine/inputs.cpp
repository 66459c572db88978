// Parts of the input documents, field by field as Spacelift documents its policy input. What
// Slipway does not know is left out rather than made up: a policy that asks for it is undefined
// there, not misled.
#include <set>

#include "policies/engine/judged.hpp"

namespace slipway {

namespace {

Json strings(const std::vector<std::string>& list) {
    Json::Array out;
    for (const auto& one : list) out.emplace_back(one);
    return Json(std::move(out));
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
}

Json or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json nanoseconds(std::int64_t ms) { return Json(ms * 1'000'000); }

std::string_view state_input(const Run& run) {
    // What Spacelift calls a proposed run that waits for people.
    return run.kind == RunKind::proposed &&
                   (run.state == RunState::finished || run.state == RunState::unconfirmed)
               ? "pending_review"
               : word(run.state);
}

// Its looks for drift are proposed runs with a flag.
std::string type_input(const Run& run) {
    return upper(run.kind == RunKind::drift ? word(RunKind::proposed) : kind_word(run));
}

// Spacelift's words, capitals included: policies compare them.
std::string_view change_word(const Change& change) {
    if (!change.import_id.empty()) return "import";
    switch (change.action) {
        case Action::create:
            return "added";
        case Action::remove:
            return "deleted";
        case Action::replace:
            return "destroy-Before-create-replaced";
        case Action::forget:
            return "forget";
        case Action::none:
        case Action::read:
        case Action::update:
            break;
    }
    return "changed";
}

Json changes_input(const Plan& plan, ToolKind tool) {
    const auto vendor = traits_of(tool).vendor;
    Json list = Json::array();
    for (const auto& change : plan.changes) {
        Json entity = Json::object({{"address", change.address},
                                    {"name", change.address.substr(change.address.rfind('.') + 1)},
                                    {"type", change.type},
                                    {"entity_vendor", vendor},
                                    {"entity_type", "resource"}});
        list.push(Json::object({{"phase", "plan"},
                                {"action", change_word(change)},
                                {"moved", !change.previous_address.empty()},
                                {"entity", std::move(entity)}}));
    }
    return list;
}

// What push and plan policies flagged it with.
Json flags_input(const Run& run) {
    Json out = Json::array();
    std::set<std::string> seen;
    for (const auto* findings : {&run.push.findings, &plan_of(run).decision.findings})
        for (const auto& finding : *findings)
            if (finding.severity == Finding::Severity::note && finding.rule == flag_rule &&
                seen.insert(finding.message).second)
                out.push(finding.message);
    return out;
}

Json commit_input(const Run& run) {
    return Json::object({{"author", run.triggered_by.login},
                         {"branch", run.settings.branch},
                         {"created_at", nanoseconds(run.created_at_ms)},
                         {"hash", run.head.value},
                         {"pull_request_id", run.pull ? Json(*run.pull) : Json()}});
}

Json side_input(const AttributeChange::Side& side) {
    Json out = Json::object({{"kind", word(side.kind)}});
    if (side.kind == AttributeChange::Kind::value)
        if (auto value = parse_json(side.json)) out.set("value", std::move(*value));
    return out;
}

// Null for what a push brought about; further attempts were asked for. The upstream of a run that
// is only there for it, where that can be only one.
std::string trigger_of(const Run& run) {
    std::set<StackId> upstreams;
    for (const auto& reads : run.settings.references) upstreams.insert(reads.stack);
    if (run.only_for_upstream && upstreams.size() == 1) return upstreams.begin()->value;
    return run.attempt > 1 ? run.triggered_by.text() : "";
}

}  // namespace

Json stack_input(const Stack& stack) {
    const auto& path = stack.repository.path;
    const auto slash = path.rfind('/');
    const std::string space = stack.space.empty() ? "root" : stack.space.value;
    const bool public_pool = stack.pool == "default";
    Json out =
        Json::object({{"id", stack.id.value},
                      {"name", stack.id.value},
                      {"namespace", slash == path.npos ? std::string() : path.substr(0, slash)},
                      {"repository", slash == path.npos ? path : path.substr(slash + 1)},
                      {"branch", stack.branch},
                      {"project_root", stack.directory == "." ? std::string() : stack.directory},
                      {"additional_project_globs", strings(stack.also_triggered_by)},
                      {"labels", strings(stack.labels)}});
    out.set("space", Json::object({{"id", space}, {"name", space}, {"labels", Json::array()}}));
    out.set("autodeploy", stack.apply_start == ApplyStart::automatic);
    out.set("administrative", false);
    out.set("roles", Json::array());
    out.set("locked_by", nullptr);
    out.set("terraform_version", or_null(stack.version));
    out.set("terraform_workflow_tool", traits_of(stack.tool).workflow);
    out.set("worker_pool", Json::object({{"public", public_pool},
                                         {"id", public_pool ? Json() : Json(stack.pool)},
                                         {"name", public_pool ? Json() : Json(stack.pool)},
                                         {"labels", Json::array()}}));
    out.set("contexts", Json::array());
    return out;
}

Json run_input(const Run& run, const Plan* plan) {
    Json out = Json::object({{"id", run.id.value},
                             {"type", type_input(run)},
                             {"state", upper(state_input(run))},
                             {"branch", run.settings.branch},
                             {"commit", commit_input(run)},
                             {"command", nullptr},  // of a task, and there are none
                             {"created_at", nanoseconds(run.created_at_ms)},
                             {"triggered_by", or_null(trigger_of(run))},
                             {"destroy", run.destroy}});
    if (!run.history.empty()) out.set("updated_at", nanoseconds(run.history.back().at_ms));
    out.set("drift_detection", run.kind == RunKind::drift);
    out.set("flags", flags_input(run));
    out.set("based_on_local_workspace", false);
    out.set("user_provided_metadata", Json::array());
    out.set(
        "runtime_config",
        Json::object({{"project_root", run.settings.directory == "." ? "" : run.settings.directory},
                      {"terraform_version", run.settings.version}}));
    const auto& counts = plan_of(run).counts;
    out.set("delta", Json::object({{"added", counts.create + counts.replace},
                                   {"changed", counts.update},
                                   {"deleted", counts.remove + counts.replace}}));
    if (plan) out.set("changes", changes_input(*plan, run.settings.tool));
    return out;
}

Json plan_value(const Plan& plan) {
    Json changes = Json::array();
    for (const auto& change : plan.changes) {
        Json attributes = Json::array();
        for (const auto& one : change.attributes)
            attributes.push(Json::object({{"path", one.path},
                                          {"before", side_input(one.before)},
                                          {"after", side_input(one.after)},
                                          {"forces_replacement", one.forces_replacement}}));
        changes.push(Json::object({{"address", change.address},
                                   {"type", change.type},
                                   {"provider", change.provider},
                                   {"action", word(change.action)},
                                   {"previous_address", or_null(change.previous_address)},
                                   {"import_id", or_null(change.import_id)},
                                   {"reason", change.reason},
                                   {"file", or_null(change.file)},
                                   {"line", change.line},
                                   {"attributes", std::move(attributes)}}));
    }
    return Json::object({{"tool_version", plan.tool_version},
                         {"changes", std::move(changes)},
                         {"outputs", strings(plan.outputs)},
                         {"predicted_only", plan.counts.predicted_only},
                         {"counts", Json::object({{"create", plan.counts.create},
                                                  {"update", plan.counts.update},
                                                  {"delete", plan.counts.remove},
                                                  {"replace", plan.counts.replace},
                                                  {"move", plan.counts.move},
                                                  {"import", plan.counts.import},
                                                  {"forget", plan.counts.forget}})}});
}

}  // namespace slipway
