// Runs: list, one, its log, its explanation, and what people ask of it.
#include <algorithm>

#include "handlers/api/access.hpp"
#include "handlers/api/routes.hpp"
#include "queue/store.hpp"
#include "service/model/pull_record.hpp"
#include "service/model/request.hpp"
#include "service/model/stack_lock.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_cost.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/report.hpp"

namespace slipway {

namespace {

// What is shown of a run, as openapi.cpp describes it: nothing that only the service needs.
Json public_run(const Run& run) {
    auto json = encode<RunRequest>(run);
    json.erase("settings");
    json.erase("push");
    const auto& plan = plan_of(run);
    json.set("id", Json(run.id.value));
    json.set("space", Json(run.settings.space.value));
    json.set("state", Json(word(run.state)));
    json.set("awaits_consideration", Json(run.awaits_consideration));
    json.set("history", encode(run.history));
    json.set("reason", Json(reason_text(run)));
    json.set("must_confirm", Json(reason_text(run.must_confirm)));
    json.set("summary", Json(run.plan ? counts_text(plan.counts) : ""));
    json.set("counts", encode(plan.counts));
    json.set("changes", Json(plan.changes));
    json.set("plan_digest", Json(plan.digest));
    json.set("change_digest", Json(plan.change_digest));
    json.set("inputs_digest", Json(plan.inputs_digest));
    json.set("inputs", encode(plan.inputs));
    json.set("plan_decision", encode(plan.decision));
    if (plan.cost) json.set("cost", cost_json(*plan.cost));
    json.set("resources", encode(resources_in_state(run)));
    json.set("unknown_providers", encode(run.unknown_providers));
    json.set("confirmed_by", Json(confirmed_by(run)));
    if (run.confirmation) json.set("approval", encode(run.confirmation->approval));
    json.set("error", Json(run.error));
    json.set("last_seen", Json(run.last_seen));
    json.set("tool_version", Json(run.tool_version));
    json.set("sandbox", Json(run.sandbox));
    json.set("created_at_ms", encode(run.created_at_ms));
    json.set("planned_at_ms", encode(plan.at_ms));
    json.set("finished_at_ms", encode(run.finished_at_ms));
    return json;
}

// Applies of these may wait for a lock.
bool has_apply_ahead(const Run& run) {
    return run.kind == RunKind::tracked && !is_terminal(run.state) &&
           run.state != RunState::applying && run.state != RunState::unknown;
}

Task<std::vector<Json>> public_runs(ApiContext& context, std::vector<Run> runs) {
    std::vector<std::string> keys;
    for (const auto& run : runs)
        if (has_apply_ahead(run)) keys.push_back(lock_key(run.stack));
    const auto records = co_await context.queue.read_many(keys);
    std::vector<Json> out;
    std::size_t next = 0;
    for (const auto& run : runs) {
        out.push_back(public_run(run));
        if (!has_apply_ahead(run)) continue;
        const auto at = next++;
        if (!records[at].version) continue;
        const auto lock = decoded_record<StackLock>(keys[at], records[at]);
        if (holds(lock, context.clock.now_ms())) out.back().set("lock", encode(lock));
    }
    co_return out;
}

HttpResponse no_such_run(const std::string& id) {
    return problem_response(404, "Not found", "there is no run " + id);
}

std::int64_t number_or(const HttpRequest& request, const char* name, std::int64_t fallback) {
    auto at = request.query.find(name);
    if (at == request.query.end()) return fallback;
    return Json(Json::Number{at->second}).int_or(fallback);
}

Task<HttpResponse> list_runs(ApiContext& context, HttpRequest request) {
    auto stack = request.query.find("stack");
    auto index = stack == request.query.end() ? runs_index() : runs_index(StackId(stack->second));
    const auto count = std::clamp<std::int64_t>(number_or(request, "limit", 30), 1, 200);
    const auto before = number_or(request, "cursor", 0);
    auto ids = co_await context.queue.list(std::move(index), before, static_cast<int>(count));
    std::vector<std::string> keys;
    for (const auto& [id, score] : ids) keys.push_back(run_key(RunId(id)));
    auto records = co_await context.queue.read_many(keys);
    std::vector<Run> found;
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (records[i].version) found.push_back(decoded_record<Run>(keys[i], records[i]));
    auto shown = co_await public_runs(context, std::move(found));
    Json runs = Json::array();
    for (auto& run : shown) runs.push(std::move(run));
    Json body = Json::object({{"runs", runs}});
    if (static_cast<std::int64_t>(ids.size()) == count) body.set("cursor", Json(ids.back().second));
    co_return json_response(200, body);
}

Task<HttpResponse> show_run(ApiContext& context, HttpRequest request) {
    const auto& id = request.parameters["id"];
    auto run = co_await load<Run>(context.queue, run_key(RunId(id)));
    if (!run.version) co_return no_such_run(id);
    std::vector<Run> one{run.value};
    auto shown = co_await public_runs(context, std::move(one));
    co_return json_response(200, shown.front());
}

Task<HttpResponse> read_run_log(ApiContext& context, HttpRequest request) {
    const auto& id = request.parameters["id"];
    auto run = co_await load<Run>(context.queue, run_key(RunId(id)));
    if (!run.version) co_return no_such_run(id);
    const auto offset = std::max<std::int64_t>(0, number_or(request, "offset", 0));
    constexpr std::size_t at_most = 1u << 20;
    HttpResponse response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = co_await context.queue.read_log(id, static_cast<std::size_t>(offset), at_most);
    const bool over = is_terminal(run.value.state) && response.body.size() < at_most;
    response.headers.emplace_back("X-Slipway-State", std::string(word(run.value.state)));
    response.headers.emplace_back("X-Slipway-Log", over ? "complete" : "more");
    co_return response;
}

Task<HttpResponse> explain_run(ApiContext& context, HttpRequest request) {
    const auto& id = request.parameters["id"];
    auto run = co_await load<Run>(context.queue, run_key(RunId(id)));
    if (!run.version) co_return no_such_run(id);
    StackReport stack;
    stack.stack = run.value.stack;
    stack.directory = run.value.settings.directory;
    stack.push = run.value.push;
    if (run.value.pull) {
        PullRequestName name{run.value.repository, *run.value.pull};
        auto pull = co_await load<PullRecord>(context.queue, pull_key(name));
        for (const auto& one : pull.value.stacks)
            if (one.settings.id == run.value.stack &&
                (one.tracked.empty() ? one.proposed : one.tracked).value == id)
                stack.approval = one.approval;
    }
    if (const auto& confirmed = run.value.confirmation; confirmed && confirmed->approval)
        stack.approval = *confirmed->approval;  // of then; others may have been given since
    stack.run = run.value;
    const auto lock = co_await load<StackLock>(context.queue, lock_key(run.value.stack));
    if (holds(lock.value, context.clock.now_ms())) stack.lock = lock.value;
    Json approval = encode(stack.approval);
    approval.set("missing", encode(texts_of(stack.approval.missing)));
    Json body = Json::object({{"run", Json(id)},
                              {"stack", Json(run.value.stack.value)},
                              {"state", Json(word(run.value.state))},
                              {"reason", Json(reason_text(run.value))},
                              {"text", Json(explanation_tree(stack))},
                              {"push", encode(run.value.push)},
                              {"plan", encode(plan_of(run.value).decision)},
                              {"approval", std::move(approval)}});
    co_return json_response(200, body);
}

template <Verb verb>
Task<HttpResponse> ask(ApiContext& context, HttpRequest request) {
    auto admitted = co_await admit(context, request, Role::writer);
    if (auto* refused = std::get_if<HttpResponse>(&admitted)) co_return std::move(*refused);
    const auto& caller = std::get<Caller>(admitted);
    auto body = parse_json(request.body.empty() ? "{}" : std::string_view(request.body));
    if (!body) co_return problem_response(400, "Bad request", body.error().message);
    Request wanted;
    wanted.verb = verb;
    wanted.actor = caller.actor;
    wanted.granted = caller.role;
    wanted.run = RunId(request.parameters["id"]);
    wanted.note = (*body)["note"].text();
    if constexpr (verb == Verb::resolve) {
        wanted.resolution = parse_word<Resolution>((*body)["resolution"].text());
        if (!wanted.resolution)
            co_return problem_response(400, "Bad request",
                                       "`resolution` is \"applied\" or \"failed\"");
    }
    if constexpr (verb == Verb::allow) {
        for (const auto& source : (*body)["providers"].items())
            wanted.providers.push_back(source.text());
        if (wanted.providers.empty())
            co_return problem_response(400, "Bad request", "`providers` is a list of sources");
    }
    co_return co_await answer_to(context, std::move(wanted));
}

}  // namespace

void add_run_routes(Router& router, ApiContext& context) {
    const auto reading = [&](const char* path, ApiHandler handler) {
        router.add("GET", path, for_role(context, Role::reader, handler));
    };
    const auto asking = [&](const char* path, ApiHandler handler) {
        router.add("POST", path, [&context, handler](HttpRequest request) {
            return handler(context, std::move(request));
        });
    };
    reading("/api/v1/runs", list_runs);
    reading("/api/v1/runs/{id}", show_run);
    reading("/api/v1/runs/{id}/log", read_run_log);
    reading("/api/v1/runs/{id}/explain", explain_run);
    asking("/api/v1/runs/{id}/confirm", ask<Verb::apply>);
    asking("/api/v1/runs/{id}/discard", ask<Verb::cancel>);
    asking("/api/v1/runs/{id}/cancel", ask<Verb::cancel>);
    asking("/api/v1/runs/{id}/approve", ask<Verb::approve>);
    asking("/api/v1/runs/{id}/resolve", ask<Verb::resolve>);
    asking("/api/v1/runs/{id}/retry", ask<Verb::retry>);
    asking("/api/v1/runs/{id}/allow", ask<Verb::allow>);
}

}  // namespace slipway
