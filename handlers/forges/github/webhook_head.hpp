// The envelope of a GitHub webhook: headers, signature, form body. Rule W1: the signature is
// checked over the raw bytes before anything else is looked at, and it covers the body only; the
// headers name, they prove nothing. X-Hub-Signature (SHA-1) is never looked at.
#pragma once
#include <string>
#include <variant>

#include "handlers/forges/forge.hpp"
#include "service/base/signature.hpp"

namespace slipway::github {

// `check` null: no secret is configured, everything is refused.
//
//     delivery id = guid ":" event [ ":" hook id ]
//
// because one guid may reach us through two hooks, with different bodies.
std::variant<Delivery, RefusedWebhook> open_envelope(const std::string& forge,
                                                     SignatureCheck* check, const Headers& headers,
                                                     std::string body, std::int64_t now_ms);

}  // namespace slipway::github
