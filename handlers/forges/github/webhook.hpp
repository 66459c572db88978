// What a GitHub payload means to us. Pure. Every field is optional in practice (forks vanish,
// authors are deleted, GitHub adds and drops members without notice), so what is missing or of
// another type makes the delivery Ignored with a reason: never a guess, never a crash. Names and
// commits are checked here, because they become parts of URLs and git arguments.
#pragma once
#include <string>
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::github {

// `app_id`: our own App, "" where we write with a token.
EventOrIgnored parse_payload(const Delivery& delivery, std::string_view app_id);
EventOrIgnored read_payload(std::string_view forge, std::string_view event, const Json& body,
                            std::string_view app_id);

}  // namespace slipway::github
