#include "handlers/forges/github/webhook_head.hpp"

#include "handlers/forges/rest/envelope.hpp"

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
    if (signature.empty())
        return RefusedWebhook{401,
                              "The header X-Hub-Signature-256 is missing; give the webhook a "
                              "secret."};
    if (!check->matches(signature, body))
        return RefusedWebhook{
            401, "The signature fits none of the secrets configured for " + forge + "."};

    auto event = header(headers, "x-github-event");
    auto guid = header(headers, "x-github-delivery");
    if (!is_name(event, 64))
        return RefusedWebhook{400, "The header X-GitHub-Event is missing or malformed."};
    if (!is_name(guid, 128))
        return RefusedWebhook{400, "The header X-GitHub-Delivery is missing or malformed."};

    switch (rest::body_kind(header(headers, "content-type"))) {
        case rest::BodyKind::json:
            break;
        case rest::BodyKind::form: {
            auto payload = rest::form_field(body, "payload");
            if (!payload)
                return RefusedWebhook{400, "The form body needs one well-formed field payload."};
            body = std::move(*payload);
            break;
        }
        case rest::BodyKind::other:
            return RefusedWebhook{415,
                                  "The Content-Type must be application/json or "
                                  "application/x-www-form-urlencoded."};
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
