// Alive, able to store an event, and what is measured.
#include <set>

#include "handlers/api/api.hpp"
#include "handlers/api/routes.hpp"
#include "service/base/metrics.hpp"

namespace slipway {

void show_queue(const QueueStatus& status) {
    static std::set<std::string> shown;
    for (const auto& [queue, waiting] : status.waiting) shown.insert(queue);
    for (const auto& queue : shown) {
        const auto at = status.waiting.find(queue);
        gauge("slipway_jobs_waiting", "Jobs that wait, by queue", {{"queue", queue}})
            .set(at == status.waiting.end() ? 0 : static_cast<double>(at->second));
    }
    gauge("slipway_jobs_leased", "Jobs that are being worked on")
        .set(static_cast<double>(status.leased));
    gauge("slipway_jobs_dead", "Jobs given up after all their attempts")
        .set(static_cast<double>(status.dead));
}

namespace {

Task<HttpResponse> alive(ApiContext& context, HttpRequest) {
    Json body = Json::object({{"alive", Json(true)}});
    const auto awaited = context.draining ? context.draining() : std::nullopt;
    if (awaited) {
        Json runs = Json::array();
        for (const auto& run : *awaited) runs.push(Json(run.value));
        body.set("draining", Json::object({{"applies", std::move(runs)}}));
    }
    co_return json_response(200, body);
}

Task<HttpResponse> ready(ApiContext& context, HttpRequest) {
    std::string trouble;
    try {
        co_await context.queue.check_storable();
    } catch (const Failure& failure) {
        trouble = failure.what();
    }
    if (!trouble.empty()) co_return error_response(503, trouble);
    co_return json_response(200, Json::object({{"ready", Json(true)}}));
}

Task<HttpResponse> measured(ApiContext& context, HttpRequest) {
    try {
        auto status = co_await context.queue.status();
        show_queue(status);
    } catch (const Failure&) {
        // Redis is away: everything else is still worth showing.
    }
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4";
    response.body = metrics_text();
    co_return response;
}

Task<HttpResponse> description(ApiContext&, HttpRequest) {
    HttpResponse response;
    response.body = openapi_document();
    co_return response;
}

}  // namespace

void add_health_routes(Router& router, ApiContext& context) {
    const auto open = [&](const char* path,
                          Task<HttpResponse> (*handler)(ApiContext&, HttpRequest)) {
        router.add("GET", path, [&context, handler](HttpRequest request) {
            return handler(context, std::move(request));
        });
    };
    open("/healthz", alive);
    open("/readyz", ready);
    open("/metrics", measured);
    open("/api/v1/openapi.json", description);
}

void add_api_routes(Router& router, ApiContext& context) {
    add_run_routes(router, context);
    add_explain_routes(router, context);
    add_pull_routes(router, context);
    add_lock_routes(router, context);
    add_asked_run_routes(router, context);
    add_cost_routes(router, context);
    add_token_routes(router, context);
}

}  // namespace slipway
