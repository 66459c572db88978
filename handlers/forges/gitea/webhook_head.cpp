#include "handlers/forges/gitea/webhook_head.hpp"

#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/refusals.hpp"

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
    if (signature.empty()) return rest::lacks_signature("X-Gitea-Signature");
    switch (rest::body_kind(rest::header(headers, "content-type"))) {
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
    if (!check.matches("sha256=" + std::string(signature), body))
        return rest::fits_no_secret(forge);
    const auto event = header(headers, "event"), guid = header(headers, "delivery");
    if (!rest::is_name(event, 64)) return rest::lacks_header("X-Gitea-Event");
    if (!rest::is_name(guid, 128)) return rest::lacks_header("X-Gitea-Delivery");
    auto repository = rest::repository_in(forge, body);
    return Delivery{forge,
                    std::string(guid) + ":" + std::string(event),
                    std::string(event),
                    std::move(body),
                    now_ms,
                    std::move(repository)};
}

}  // namespace slipway::gitea
