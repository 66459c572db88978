#include "handlers/forges/gitlab/webhook_head.hpp"

#include <algorithm>

#include "handlers/forges/rest/envelope.hpp"
#include "service/base/digest.hpp"
#include "service/model/ascii.hpp"

namespace slipway::gitlab {
namespace {

using rest::header;
using rest::is_name;

constexpr std::size_t longest_path = 1'000, longest_segment = 255;

std::string in_lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = ascii_lower(c);
    return out;
}

// "https://gitlab.example.com/api/v4" and "https://gitlab.example.com/{path}.git" alike.
std::string base_of(std::string_view url, std::string_view ending) {
    if (url.ends_with(ending)) url.remove_suffix(ending.size());
    while (url.ends_with('/')) url.remove_suffix(1);
    return in_lower_case(url);
}

// nullopt: it may come in.
std::optional<RefusedWebhook> refusal(const std::string& forge, const Locks& locks,
                                      const Headers& headers, std::string_view body,
                                      std::int64_t now_ms) {
    bool right = false;
    if (locks.signatures) {
        const StandardWebhook webhook{header(headers, "webhook-id"),
                                      header(headers, "webhook-timestamp"),
                                      header(headers, "webhook-signature"), body};
        if (webhook.signatures.empty()) return RefusedWebhook{401, "webhook-signature is missing"};
        const auto answer = locks.signatures->check(webhook, now_ms);
        if (answer == StandardWebhookAnswer::out_of_time)
            return RefusedWebhook{401, "webhook-timestamp is more than five minutes from our time"};
        right = answer == StandardWebhookAnswer::right;
    } else {
        const auto token = header(headers, "x-gitlab-token");
        for (const auto& one : locks.tokens)
            if (!one.empty() && equal_in_constant_time(one.reveal(), token)) right = true;
    }
    if (right) return std::nullopt;
    return RefusedWebhook{
        401, "The webhook fits none of the " +
                 std::string(locks.signatures ? "webhook_signing_tokens" : "webhook_tokens") +
                 " configured for " + forge + "."};
}

std::string event_in(const Headers& headers) {
    auto event = in_lower_case(header(headers, "x-gitlab-event"));
    std::ranges::replace(event, ' ', '_');
    return event;
}

// Signed deliveries prove their own id, which nobody can exchange for another one. Without, a
// project's hook and its group's may tell the same thing twice, under one key.
std::string id_in(const Headers& headers, bool is_signed, std::string_view body) {
    auto id = header(headers, is_signed ? "webhook-id" : "idempotency-key");
    auto out = is_name(id, 128) ? std::string(id) : "body-" + sha256_hex(body).substr(0, 32);
    const auto hook = header(headers, "x-gitlab-webhook-uuid");
    if (!is_signed && is_name(hook, 64)) out += ":" + std::string(hook);
    return out;
}

}  // namespace

Locks locks_of(const std::string& forge, const GitlabConfig& config) {
    Locks out;
    if (!config.webhook_signing_tokens.empty())
        out.signatures.emplace(config.webhook_signing_tokens);
    out.tokens = config.webhook_tokens;
    out.instances = {base_of(config.api_url, "/api/v4"), base_of(config.git_url, "{path}.git"),
                     "https://" + in_lower_case(forge)};
    return out;
}

bool is_project_path(std::string_view path) {
    if (path.size() > longest_path || path.find('/') == path.npos) return false;
    while (true) {
        const auto segment = path.substr(0, path.find('/'));
        if (!is_name(segment, longest_segment) || segment == "." || segment == "..") return false;
        if (segment.size() == path.size()) return true;
        path.remove_prefix(segment.size() + 1);
    }
}

std::string project_in(const std::string& forge, std::string_view body) {
    constexpr std::string_view key = "\"path_with_namespace\":";
    const auto none = forge + "/";
    const auto at = body.find(key);
    if (at == body.npos) return none;
    body.remove_prefix(at + key.size());
    while (body.starts_with(' ')) body.remove_prefix(1);
    if (!body.starts_with('"')) return none;
    body.remove_prefix(1);
    const auto end = body.substr(0, longest_path + 1).find('"');
    if (end == body.npos || !is_project_path(body.substr(0, end))) return none;
    return none + std::string(body.substr(0, end));
}

std::variant<Delivery, RefusedWebhook> open_envelope(const std::string& forge, const Locks& locks,
                                                     const Headers& headers, std::string body,
                                                     std::int64_t now_ms) {
    if (auto refused = refusal(forge, locks, headers, body, now_ms)) return *refused;
    const auto event = event_in(headers);
    if (!is_name(event, 64)) return RefusedWebhook{400, "X-Gitlab-Event is malformed"};
    if (rest::body_kind(header(headers, "content-type")) != rest::BodyKind::json)
        return RefusedWebhook{415, "Send application/json"};
    const auto instance = base_of(header(headers, "x-gitlab-instance"), "");
    if (!instance.empty() && std::ranges::count(locks.instances, instance) == 0)
        return RefusedWebhook{401, "X-Gitlab-Instance is not the address of " + forge +
                                       "; set git_url or api_url to it."};
    auto id = id_in(headers, locks.signatures.has_value(), body);
    auto repository = project_in(forge, body);
    return Delivery{forge, std::move(id), event, std::move(body), now_ms, std::move(repository)};
}

}  // namespace slipway::gitlab
