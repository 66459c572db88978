// What a payload of Gitea or Forgejo means to us. Pure. What is missing or of another type makes
// the delivery Ignored with a reason. Dismissing a review sends no webhook (measured on Gitea
// 1.26): whoever acts on reviews reads them first.
#pragma once
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::gitea {

EventOrIgnored parse_payload(const Delivery& delivery);
EventOrIgnored read_payload(std::string_view forge, std::string_view event, const Json& body);

}  // namespace slipway::gitea
