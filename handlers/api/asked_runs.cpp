// Runs that people ask for: looks for drift, what the newest found, and destroys.
#include <algorithm>

#include "handlers/api/access.hpp"
#include "handlers/api/routes.hpp"
#include "queue/store.hpp"
#include "service/model/drift.hpp"
#include "service/wording/answers.hpp"
#include "service/wording/report.hpp"

namespace slipway {

namespace {

Task<HttpResponse> list_drift(ApiContext& context, HttpRequest) {
    auto found = co_await load_listed<DriftRecord>(context.queue, drift_index(), drift_key);
    std::ranges::sort(found, {}, [](const DriftRecord& one) { return one.stack; });
    Json list = Json::array();
    for (const auto& one : found) {
        auto json = encode(one);
        json.set("drifted", Json(one.counts.any()));
        json.set("summary", Json(drift_text(one.counts)));
        list.push(std::move(json));
    }
    co_return json_response(200, Json::object({{"drift", std::move(list)}}));
}

HttpResponse bad(std::string_view detail) { return problem_response(400, "Bad request", detail); }

// {"stack": "net", "note": "after the outage"}, and for a destroy "confirm": "net"
template <Verb verb, Role needed>
Task<HttpResponse> ask(ApiContext& context, HttpRequest request) {
    auto admitted = co_await admit(context, request, needed);
    if (auto* refused = std::get_if<HttpResponse>(&admitted)) co_return std::move(*refused);
    const auto& caller = std::get<Caller>(admitted);
    const auto body = parse_json(request.body.empty() ? "{}" : std::string_view(request.body));
    if (!body) co_return bad(body.error().message);
    Request wanted;
    wanted.verb = verb;
    wanted.actor = caller.actor;
    wanted.granted = caller.role;
    wanted.note = (*body)["note"].text();
    wanted.confirm = (*body)["confirm"].text();
    if (const auto stack = (*body)["stack"].text(); !stack.empty())
        wanted.targets.push_back({std::string(stack), ""});
    if (wanted.targets.empty()) co_return bad(answers::name_one_stack());
    co_return co_await answer_to(context, std::move(wanted));
}

}  // namespace

void add_asked_run_routes(Router& router, ApiContext& context) {
    const auto asking = [&](const char* path, ApiHandler handler) {
        router.add("POST", path, [&context, handler](HttpRequest request) {
            return handler(context, std::move(request));
        });
    };
    router.add("GET", "/api/v1/drift", for_role(context, Role::reader, list_drift));
    asking("/api/v1/drift", ask<Verb::drift, Role::writer>);
    asking("/api/v1/destroy", ask<Verb::destroy, Role::admin>);
}

}  // namespace slipway
