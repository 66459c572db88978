// Runs: list, one, its log, and what people ask of it.
#include <algorithm>
#include <limits>

#include "handlers/api/access.hpp"
#include "handlers/api/routes.hpp"
#include "handlers/api/run_filter.hpp"
#include "handlers/api/run_lookup.hpp"
#include "queue/store.hpp"
#include "service/blobs/plans.hpp"
#include "service/model/pull_record.hpp"
#include "service/model/request.hpp"
#include "service/model/stack_lock.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_cost.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/report.hpp"
#include "service/wording/run_words.hpp"

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
    json.set("history_omitted", encode(run.history_omitted));
    json.set("reason", Json(reason_text(run)));
    json.set("must_confirm", Json(reason_text(run.must_confirm)));
    json.set("kind", Json(kind_word(run)));
    json.set("summary", Json(!run.plan                    ? ""
                             : run.kind == RunKind::drift ? drift_text(plan.counts)
                                                          : counts_text(plan.counts)));
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
    if (run.interrupt) json.set("interrupt", encode(*run.interrupt));
    if (run.progress) json.set("progress", encode(*run.progress));
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

std::int64_t number_or(const HttpRequest& request, const char* name, std::int64_t fallback) {
    auto at = request.query.find(name);
    if (at == request.query.end()) return fallback;
    return Json(Json::Number{at->second}).int_or(fallback);
}

Result<RunFilter> filter_of(const HttpRequest& request) {
    RunFilter filter;
    if (const auto at = request.query.find("state"); at != request.query.end()) {
        auto states = parse_states(at->second);
        if (!states) return states.error();
        filter.states = std::move(*states);
    }
    if (request.query.contains("pull")) {
        const auto number = number_or(request, "pull", 0);
        if (number < 1 || number > std::numeric_limits<int>::max())
            return Error{run_words::no_such_number()};
        filter.pull = static_cast<int>(number);
    }
    return filter;
}

// Where a list goes on: with the runs of that moment, but for the first ones, and what is older.
// One number for callers, so that a page may end among runs that were made at once.
struct ListCursor {
    std::int64_t at_ms = 0;  // 0: at the top
    std::int64_t passed = 0;

    static constexpr std::int64_t most_passed = 1'000;
    static ListCursor of(std::int64_t number) {
        return {number / most_passed, number % most_passed};
    }
    // More than so many of one moment are not gone through: what is older comes next.
    std::int64_t number() const {
        return passed < most_passed ? at_ms * most_passed + passed : (at_ms - 1) * most_passed;
    }
    void pass(std::int64_t moment_ms) {
        passed = moment_ms == at_ms ? passed + 1 : 1;
        at_ms = moment_ms;
    }
};

struct ListedRuns {
    Json runs = Json::array();
    std::int64_t count = 0;
    ListCursor cursor;
    bool more = true;
};

using Listed = std::vector<std::pair<std::string, std::int64_t>>;

Task<Listed> next_part(Queue& queue, std::string index, ListCursor from, std::int64_t count) {
    const auto before = from.at_ms ? from.at_ms + 1 : 0;
    auto ids = co_await queue.list(std::move(index), before, static_cast<int>(count + from.passed));
    std::int64_t left = from.passed;
    std::erase_if(ids, [&](const auto& one) { return one.second == from.at_ms && left-- > 0; });
    co_return ids;
}

// Until there are `most`; how many of the ids were looked at.
Task<std::size_t> add_runs(ApiContext& context, const Listed& ids, const RunFilter& filter,
                           std::int64_t most, ListedRuns& out) {
    std::vector<std::string> keys;
    for (const auto& [id, score] : ids) keys.push_back(run_key(RunId(id)));
    const auto records = co_await context.queue.read_many(keys);
    const auto wanted = static_cast<std::size_t>(most - out.count);
    std::vector<Run> found;
    std::size_t i = 0;
    for (; i < keys.size() && found.size() < wanted; ++i) {
        out.cursor.pass(ids[i].second);
        if (!records[i].version) continue;
        const auto run = decoded_record<Run>(keys[i], records[i]);
        if (!shows(filter, run)) continue;
        found.push_back(run);
    }
    out.count += static_cast<std::int64_t>(found.size());
    auto shown = co_await public_runs(context, std::move(found));
    for (auto& run : shown) out.runs.push(std::move(run));
    co_return i;
}

// Looks through the index until `most` are found, or for so long; then the caller goes on by the
// cursor.
Task<void> search(ApiContext& context, std::string index, const RunFilter& filter,
                  std::int64_t most, ListedRuns& out) {
    constexpr int parts = 50;
    const std::int64_t part = filter.empty() ? most : 200;
    for (int i = 0; i < parts && out.count < most && out.more; ++i) {
        const auto ids = co_await next_part(context.queue, index, out.cursor, part);
        const auto looked_at = co_await add_runs(context, ids, filter, most, out);
        out.more = looked_at < ids.size() || static_cast<std::int64_t>(ids.size()) == part;
    }
}

Task<HttpResponse> list_runs(ApiContext& context, HttpRequest request) {
    const auto stack = request.query.find("stack");
    const auto index =
        stack == request.query.end() ? runs_index() : runs_index(StackId(stack->second));
    const auto filter = filter_of(request);
    if (!filter) co_return problem_response(400, "Bad request", filter.error().message);
    const auto most = std::clamp<std::int64_t>(number_or(request, "limit", 30), 1, 200);
    ListedRuns listed;
    listed.cursor = ListCursor::of(number_or(request, "cursor", 0));
    co_await search(context, index, *filter, most, listed);
    Json body = Json::object({{"runs", std::move(listed.runs)}});
    if (listed.more) body.set("cursor", Json(listed.cursor.number()));
    co_return json_response(200, body);
}

// The resources that a look for drift found to differ from the state, the first so many.
Json drifted(ApiContext& context, const Run& run) {
    constexpr std::size_t most = 200;
    Json out = Json::array();
    if (!context.blobs) return out;
    const auto plan = Plans(*context.blobs).get(plan_of(run).document);
    for (std::size_t i = 0; plan && i < plan->changes.size() && i < most; ++i)
        out.push(encode(plan->changes[i]));
    return out;
}

Task<HttpResponse> show_run(ApiContext& context, HttpRequest request) {
    auto found = co_await find_run(context, request.parameters["id"]);
    if (auto* none = std::get_if<HttpResponse>(&found)) co_return std::move(*none);
    const auto& run = std::get<Stored<Run>>(found).value;
    const auto standing = co_await standing_on_pull(context, run);
    std::vector<Run> one{run};
    auto shown = co_await public_runs(context, std::move(one));
    shown.front().set("approval", encode(standing.approval));
    if (run.kind == RunKind::drift) shown.front().set("drifted", drifted(context, run));
    co_return json_response(200, shown.front());
}

// Nothing more comes until a person has done something.
bool waits_for_a_person(const Run& run) {
    return run.state == RunState::unknown ||
           (run.state == RunState::unconfirmed && !run.awaits_consideration);
}

Task<HttpResponse> read_run_log(ApiContext& context, HttpRequest request) {
    auto found = co_await find_run(context, request.parameters["id"]);
    if (auto* none = std::get_if<HttpResponse>(&found)) co_return std::move(*none);
    const auto& run = std::get<Stored<Run>>(found).value;
    const auto offset = std::max<std::int64_t>(0, number_or(request, "offset", 0));
    constexpr std::size_t at_most = 1u << 20;
    HttpResponse response;
    response.content_type = "text/plain; charset=utf-8";
    response.body =
        co_await context.queue.read_log(run.id.value, static_cast<std::size_t>(offset), at_most);
    const bool all = response.body.size() < at_most;
    const char* rest = "more";
    if (all && is_terminal(run.state)) rest = "complete";
    if (all && waits_for_a_person(run)) rest = "paused";
    response.headers.emplace_back("X-Slipway-Run", run.id.value);
    response.headers.emplace_back("X-Slipway-State", std::string(word(run.state)));
    response.headers.emplace_back("X-Slipway-Log", rest);
    co_return response;
}

template <Verb verb>
Task<HttpResponse> ask(ApiContext& context, HttpRequest request) {
    auto admitted = co_await admit(context, request, Role::writer);
    if (auto* refused = std::get_if<HttpResponse>(&admitted)) co_return std::move(*refused);
    const auto& caller = std::get<Caller>(admitted);
    auto found = co_await find_run(context, request.parameters["id"]);
    if (auto* none = std::get_if<HttpResponse>(&found)) co_return std::move(*none);
    auto body = parse_json(request.body.empty() ? "{}" : std::string_view(request.body));
    if (!body) co_return problem_response(400, "Bad request", body.error().message);
    Request wanted;
    wanted.verb = verb;
    wanted.actor = caller.actor;
    wanted.granted = caller.role;
    wanted.run = std::get<Stored<Run>>(found).value.id;
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
    asking("/api/v1/runs/{id}/confirm", ask<Verb::apply>);
    asking("/api/v1/runs/{id}/discard", ask<Verb::cancel>);
    asking("/api/v1/runs/{id}/cancel", ask<Verb::cancel>);
    asking("/api/v1/runs/{id}/approve", ask<Verb::approve>);
    asking("/api/v1/runs/{id}/resolve", ask<Verb::resolve>);
    asking("/api/v1/runs/{id}/retry", ask<Verb::retry>);
    asking("/api/v1/runs/{id}/allow", ask<Verb::allow>);
}

}  // namespace slipway
