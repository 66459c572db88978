// Why a webhook is refused or ignored, in the words that all adapters share. Pure.
#pragma once
#include <string>
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::rest {

RefusedWebhook lacks_signature(std::string_view header);
RefusedWebhook fits_no_secret(const std::string& forge);
RefusedWebhook lacks_header(std::string_view name);
RefusedWebhook malformed_form();
RefusedWebhook unsupported_type();

Ignored no_interest(std::string_view event, std::string_view action = "");
Ignored lacks_member(std::string_view event, const std::string& member);
Ignored not_json(const std::string& message);
Ignored not_an_object();
Ignored changed_comment(std::string_view how);  // "edited", "deleted"
Ignored comment_on_issue();
Ignored edited_otherwise();  // a pull request, neither its base nor its draft mark
Ignored pushed_tag();
Ignored pushed_nothing();

}  // namespace slipway::rest
