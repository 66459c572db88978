// The envelope of a GitHub webhook: headers, signature, form body. Rule W1: the signature is
// checked over the raw bytes before anything else is looked at, and it covers the body only; the
// headers name, they prove nothing. X-Hub-Signature (SHA-1) is never looked at.
#pragma once
#include <optional>
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

// Whose turn the event takes in the queue, read off the signed JSON without parsing it: the first
// repository that it names in full (of a pull request its head's), as "forge/owner/name"; "forge/"
// where there is none. No text that people write can stand in for it: a quote within one is
// escaped.
std::string repository_in(const std::string& forge, std::string_view body);

// The one field of application/x-www-form-urlencoded with this name; nullopt: absent, twice, or
// malformed.
std::optional<std::string> form_field(std::string_view form, std::string_view name);

}  // namespace slipway::github
