// What a payload of GitLab means to us (docs.gitlab.com, "Webhook events", "System hooks"). Pure.
// It is told by its body, since a system hook brings pushes and merge requests under a header of
// its own. What is missing or of another type makes the delivery Ignored with a reason.
#pragma once
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::gitlab {

// `own_login`: "" where it is not known yet; whoever reacts looks at the author again.
EventOrIgnored parse_payload(const Delivery& delivery, std::string_view own_login);
EventOrIgnored read_payload(std::string_view forge, const Json& body, std::string_view own_login);

}  // namespace slipway::gitlab
