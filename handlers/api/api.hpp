// The HTTP API: JSON for command line, scripts and page. Described by /api/v1/openapi.json. Errors
// are application/problem+json (RFC 9457); lists have cursors.
//
// Who calls (rule S2): over the local socket the peer's credentials (the service's own user, or
// root) make an administrator; over TCP every call wants a token, from loopback, too.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "queue/queue.hpp"
#include "service/base/clock.hpp"
#include "service/blobs/blobs.hpp"
#include "service/model/id.hpp"
#include "service/net/router.hpp"

namespace slipway {

struct ApiContext {
    Queue& queue;
    const Clock& clock;
    // Of a service that is ending: the runs whose applies it waits for. Nullopt: it is not ending.
    std::function<std::optional<std::vector<RunId>>()> draining = {};
    Blobs* blobs = nullptr;  // of what was kept with runs; null: it is shown in numbers alone
};

// Adds every route; `context` must outlive the router.
void add_api_routes(Router& router, ApiContext& context);
// GET /healthz, /readyz, /metrics: open to anybody, and nothing there names a stack. A draining
// service is ready: it stores events like any other.
void add_health_routes(Router& router, ApiContext& context);
// GET /runs/{run}, open to anybody, too: how to read it.
void add_run_page(Router& router);

}  // namespace slipway
