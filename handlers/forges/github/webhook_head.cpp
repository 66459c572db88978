#include "handlers/forges/github/webhook_head.hpp"

#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/refusals.hpp"

namespace slipway::github {

using rest::header;
using rest::is_name;

std::variant<Delivery, RefusedWebhook> open_envelope(const std::string& forge,
                                                     SignatureCheck* check, const Headers& headers,
                                                     std::string body, std::int64_t now_ms) {
    if (!check)
        return RefusedWebhook{
            401, "No webhook secret is configured for " + forge + "; set webhook_secrets for it."};
    auto signature = header(headers, "x-hub-signature-256");
    if (signature.empty()) return rest::lacks_signature("X-Hub-Signature-256");
    if (!check->matches(signature, body)) return rest::fits_no_secret(forge);

    auto event = header(headers, "x-github-event");
    auto guid = header(headers, "x-github-delivery");
    if (!is_name(event, 64)) return rest::lacks_header("X-GitHub-Event");
    if (!is_name(guid, 128)) return rest::lacks_header("X-GitHub-Delivery");

    switch (rest::body_kind(header(headers, "content-type"))) {
        case rest::BodyKind::json:
            break;
        case rest::BodyKind::form: {
            auto payload = rest::form_field(body, "payload");
            if (!payload) return rest::malformed_form();
            body = std::move(*payload);
            break;
        }
        case rest::BodyKind::other:
            return rest::unsupported_type();
    }
    auto repository = rest::repository_in(forge, body);
    Delivery delivery{forge,
                      std::string(guid) + ":" + std::string(event),
                      std::string(event),
                      std::move(body),
                      now_ms,
                      std::move(repository)};
    auto hook = header(headers, "x-github-hook-id");
    if (is_name(hook, 64)) delivery.id += ":" + std::string(hook);
    return delivery;
}

}  // namespace slipway::github
