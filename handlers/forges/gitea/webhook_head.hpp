// The envelope of a webhook of Gitea or Forgejo. The signature is the bare hex HMAC-SHA256 of the
// JSON, also where a form carries it (Gitea's services/webhook/deliver.go), so a form is decoded
// first; nothing else of it is looked at before the signature fits (rule W1). Both forges also send
// GitHub's headers, which are never looked at here. Bodies are not logged: old versions write the
// secret into them.
#pragma once
#include <string>
#include <variant>

#include "handlers/forges/forge.hpp"
#include "service/base/signature.hpp"

namespace slipway::gitea {

//     delivery id = X-Gitea-Delivery ":" X-Gitea-Event
std::variant<Delivery, RefusedWebhook> open_envelope(const std::string& forge,
                                                     const SignatureCheck& check,
                                                     const Headers& headers, std::string body,
                                                     std::int64_t now_ms);

}  // namespace slipway::gitea
