// The envelope of a GitLab webhook (docs.gitlab.com, "Webhooks"). With a signing token (GitLab
// 19.0) the raw body, the delivery's id and its time are signed; without one a secret comes along
// in clear. Rule W1: this is checked before anything else is looked at. Where a signing token is
// configured, nothing else counts: a forger would leave the signature out. Bodies are not logged.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "handlers/forges/forge.hpp"
#include "service/base/standard_webhook.hpp"

namespace slipway::gitlab {

struct Locks {
    std::optional<StandardWebhookCheck> signatures;
    std::vector<Secret> tokens;  // looked at only where there are no signatures
    // Base addresses that X-Gitlab-Instance may name, in lower case.
    std::vector<std::string> instances;
};
Locks locks_of(const std::string& forge, const GitlabConfig& config);

//     delivery id = webhook-id
//                 | ( Idempotency-Key | digest of the body ) [ ":" webhook's UUID ]
//
// Of a signed delivery only what is signed counts. X-Gitlab-Event-UUID is no id: hooks that cause
// one another share it. The event is the header in lower case, for logs: what a delivery is shows
// its body, since a system hook brings pushes and merge requests, too.
std::variant<Delivery, RefusedWebhook> open_envelope(const std::string& forge, const Locks& locks,
                                                     const Headers& headers, std::string body,
                                                     std::int64_t now_ms);

// Whose turn the event takes in the queue, read off the JSON without parsing it: the first project
// that it names, as "forge/group/subgroup/name"; "forge/" where there is none. No text that people
// write can stand in for it: a quote within one is escaped.
std::string project_in(const std::string& forge, std::string_view body);

bool is_project_path(std::string_view path);  // "acme/platform/infra": any number of groups

}  // namespace slipway::gitlab
