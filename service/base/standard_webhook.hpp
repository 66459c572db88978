// Webhooks signed as "Standard Webhooks" says (standardwebhooks.com, specification 1.0), which
// GitLab does since 19.0. The signature covers id and time as well, so that neither can be
// exchanged. A time that is off by more than five minutes is an old delivery, or a forger's copy.
//
//     webhook-signature = signature *( " " signature )     any right one will do: a rotation
//     signature = "v1," base64( HMAC-SHA256( key, webhook-id "." webhook-timestamp "." body ) )
//     token     = "whsec_" base64( key )                   24 to 64 bytes
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "service/model/secret.hpp"

namespace slipway {

// nullopt: it is no such token.
std::optional<Secret> standard_webhook_key(const Secret& token);

struct StandardWebhook {
    std::string_view id, timestamp, signatures;  // the three headers
    std::string_view body;                       // as it came
};
enum class StandardWebhookAnswer { right, wrong, out_of_time };

class StandardWebhookCheck {
  public:
    // Asserts that there is a token, and that all are well-formed.
    explicit StandardWebhookCheck(const std::vector<Secret>& tokens);
    // Compared in constant time, against every key of a rotation.
    StandardWebhookAnswer check(const StandardWebhook& webhook, std::int64_t now_ms) const;

  private:
    std::vector<Secret> keys_;
};

}  // namespace slipway
