#include "handlers/forges/gitea/webhook_head.hpp"

#include "handlers/forges/rest/envelope.hpp"

namespace slipway::gitea {

namespace {

// Forgejo sends its own headers beside Gitea's.
std::string_view header(const Headers& headers, std::string_view name) {
    const auto forgejo = rest::header(headers, "x-forgejo-" + std::string(name));
    return forgejo.empty() ? rest::header(headers, "x-gitea-" + std::string(name)) : forgejo;
}

}  // namespace

std::variant<Delivery, RefusedWebhook> open_envelope(const std::string& forge,
                                                     const SignatureCheck& check,
                                                     const Headers& headers, std::string body,
                                                     std::int64_t now_ms) {
    const auto signature = header(headers, "signature");
    if (signature.empty())
        return RefusedWebhook{
            401, "The header X-Gitea-Signature is missing; give the webhook a secret."};
    switch (rest::body_kind(rest::header(headers, "content-type"))) {
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
    if (!check.matches("sha256=" + std::string(signature), body))
        return RefusedWebhook{
            401, "The signature fits none of the secrets configured for " + forge + "."};
    const auto event = header(headers, "event"), guid = header(headers, "delivery");
    if (!rest::is_name(event, 64))
        return RefusedWebhook{400, "The header X-Gitea-Event is missing or malformed."};
    if (!rest::is_name(guid, 128))
        return RefusedWebhook{400, "The header X-Gitea-Delivery is missing or malformed."};
    auto repository = rest::repository_in(forge, body);
    return Delivery{forge,
                    std::string(guid) + ":" + std::string(event),
                    std::string(event),
                    std::move(body),
                    now_ms,
                    std::move(repository)};
}

}  // namespace slipway::gitea
