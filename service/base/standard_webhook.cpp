#include "service/base/standard_webhook.hpp"

#include <cassert>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "service/base/digest.hpp"

namespace slipway {
namespace {

constexpr std::int64_t tolerance_seconds = 5 * 60;
constexpr std::size_t shortest_key = 24, longest_key = 64;

std::optional<std::int64_t> seconds_in(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

// Whether one of the signatures in the header is `computed`, in base64.
bool holds(std::string_view signatures, std::string_view computed) {
    constexpr std::string_view version = "v1,";
    bool found = false;
    while (!signatures.empty()) {
        const auto end = std::min(signatures.find(' '), signatures.size());
        const auto one = signatures.substr(0, end);
        signatures.remove_prefix(std::min(end + 1, signatures.size()));
        if (one.starts_with(version) &&
            equal_in_constant_time(one.substr(version.size()), computed))
            found = true;
    }
    return found;
}

}  // namespace

std::optional<Secret> standard_webhook_key(const Secret& token) {
    constexpr std::string_view prefix = "whsec_";
    const std::string_view text = token.reveal();
    if (!text.starts_with(prefix)) return std::nullopt;
    auto key = from_base64(text.substr(prefix.size()));
    if (!key || key->size() < shortest_key || key->size() > longest_key) return std::nullopt;
    return Secret(std::move(*key));
}

StandardWebhookCheck::StandardWebhookCheck(const std::vector<Secret>& tokens) {
    assert(!tokens.empty());
    for (const auto& token : tokens) {
        auto key = standard_webhook_key(token);
        // Whoever knows that there is none could sign.
        assert(key);
        if (key) keys_.push_back(std::move(*key));
    }
}

StandardWebhookAnswer StandardWebhookCheck::check(const StandardWebhook& webhook,
                                                  std::int64_t now_ms) const {
    const auto at = seconds_in(webhook.timestamp);
    if (!at || webhook.id.empty()) return StandardWebhookAnswer::wrong;
    std::string text;
    text.reserve(webhook.id.size() + webhook.timestamp.size() + webhook.body.size() + 2);
    text.append(webhook.id).append(".").append(webhook.timestamp).append(".").append(webhook.body);
    bool right = false;
    for (const auto& key : keys_) {
        const auto digest = hmac_sha256(key, text);
        // Bytes as text, which is what base64 takes; char may look at any object.
        const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
        if (holds(webhook.signatures, to_base64(bytes))) right = true;
    }
    if (!right) return StandardWebhookAnswer::wrong;
    const auto away = now_ms / 1'000 - *at;
    return away > tolerance_seconds || away < -tolerance_seconds
               ? StandardWebhookAnswer::out_of_time
               : StandardWebhookAnswer::right;
}

}  // namespace slipway
