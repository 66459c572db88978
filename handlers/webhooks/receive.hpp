// POST /webhooks/<forge>: verify on the raw bytes, persist and deduplicate in one round trip, only
// then 202. Nothing is parsed here.
#pragma once
#include "handlers/forges/forge.hpp"
#include "queue/queue.hpp"
#include "service/net/http.hpp"

namespace slipway {

inline constexpr std::size_t webhook_body_limit = 25u << 20;

HttpHandler receive_webhook(Queue& queue, Forges& forges);

}  // namespace slipway
