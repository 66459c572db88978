// The HTTP API: JSON for command line, scripts and page. Described by /api/v1/openapi.json. Errors are
// application/problem+json (RFC 9457); lists have cursors.
//
// Who calls (rule S2): over the local socket the peer's credentials (the service's own user, or root) make an
// administrator; over TCP every call wants a token, from loopback, too.
#pragma once
#include <functional>
#include <memory>

#include "queue/queue.hpp"
#include "service/base/clock.hpp"
#include "service/net/router.hpp"

namespace slipway {

struct ApiContext {
    Queue& queue;
    const Clock& clock;
};

// Adds every route; `context` must outlive the router.
void add_api_routes(Router& router, ApiContext& context);
// GET /healthz, /readyz, /metrics: open to anybody, and nothing there names a stack.
void add_health_routes(Router& router, ApiContext& context);
// GET /runs/{run}, open to anybody, too: how to read it.
void add_run_page(Router& router);

}  // namespace slipway
