#include "handlers/forges/github/webhook_head.hpp"

#include <algorithm>

#include "service/model/ascii.hpp"
#include "service/net/target.hpp"

namespace slipway::github {
namespace {

std::string_view header(const Headers& headers, std::string_view name) {
    auto at = headers.find(name);
    return at == headers.end() ? std::string_view{} : std::string_view(at->second);
}

// Header values become part of keys and log lines.
bool is_name(std::string_view text, std::size_t at_most) {
    return !text.empty() && text.size() <= at_most && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

enum class BodyKind { json, form, other };

BodyKind kind_of(std::string_view content_type) {
    auto type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    if (equal_ignoring_case(type, "application/json")) return BodyKind::json;
    if (equal_ignoring_case(type, "application/x-www-form-urlencoded")) return BodyKind::form;
    return BodyKind::other;
}

}  // namespace

std::string repository_in(const std::string& forge, std::string_view body) {
    // Without its first quote: looked for by a letter, which is rarer, five times as fast.
    constexpr std::string_view key = "full_name\":";
    constexpr std::size_t longest = 200;
    const auto none = forge + "/";
    auto at = body.find(key);
    while (at != body.npos && (at == 0 || body[at - 1] != '"')) at = body.find(key, at + 1);
    if (at == body.npos) return none;
    body.remove_prefix(at + key.size());
    while (body.starts_with(' ')) body.remove_prefix(1);
    if (!body.starts_with('"')) return none;
    body.remove_prefix(1);
    const auto end = body.substr(0, longest).find('"');
    if (end == body.npos) return none;
    const auto name = body.substr(0, end);
    const auto slash = name.find('/');
    if (slash == name.npos || !is_name(name.substr(0, slash), 100) ||
        !is_name(name.substr(slash + 1), 100))
        return none;
    return none + std::string(name);
}

std::optional<std::string> form_field(std::string_view form, std::string_view name) {
    std::optional<std::string> found;
    while (!form.empty()) {
        auto end = std::min(form.find('&'), form.size());
        auto field = form.substr(0, end);
        form.remove_prefix(std::min(end + 1, form.size()));
        auto equals = std::min(field.find('='), field.size());
        auto key = form_decoded(field.substr(0, equals));
        if (!key) return std::nullopt;
        if (*key != name) continue;
        if (found) return std::nullopt;
        found = form_decoded(field.substr(std::min(equals + 1, field.size())));
        if (!found) return std::nullopt;
    }
    return found;
}

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

    switch (kind_of(header(headers, "content-type"))) {
        case BodyKind::json:
            break;
        case BodyKind::form: {
            auto payload = form_field(body, "payload");
            if (!payload)
                return RefusedWebhook{400, "The form body needs one well-formed field payload."};
            body = std::move(*payload);
            break;
        }
        case BodyKind::other:
            return RefusedWebhook{415,
                                  "The Content-Type must be application/json or "
                                  "application/x-www-form-urlencoded."};
    }
    auto repository = repository_in(forge, body);
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
