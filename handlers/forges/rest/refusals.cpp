#include "handlers/forges/rest/refusals.hpp"

namespace slipway::rest {

RefusedWebhook lacks_signature(std::string_view header) {
    return {401, "The header " + std::string(header) + " is missing; give the webhook a secret."};
}
RefusedWebhook fits_no_secret(const std::string& forge) {
    return {401, "The signature fits none of the secrets configured for " + forge + "."};
}
RefusedWebhook lacks_header(std::string_view name) {
    return {400, "The header " + std::string(name) + " is missing or malformed."};
}
RefusedWebhook malformed_form() {
    return {400, "The form body needs one well-formed field payload."};
}
RefusedWebhook unsupported_type() {
    return {415, "The Content-Type must be application/json or application/x-www-form-urlencoded."};
}

Ignored no_interest(std::string_view event, std::string_view action) {
    auto name = std::string(event.substr(0, 64));
    if (!action.empty()) name += "." + std::string(action.substr(0, 64));
    return {name + " is of no interest"};
}
Ignored lacks_member(std::string_view event, const std::string& member) {
    return {std::string(event) + " says no usable " + member};
}
Ignored not_json(const std::string& message) { return {"the body is not valid JSON: " + message}; }
Ignored not_an_object() { return {"the body is not a JSON object"}; }
Ignored changed_comment(std::string_view how) {
    return {"a comment that was " + std::string(how) + " commands nothing"};
}
Ignored comment_on_issue() { return {"the comment is on an issue"}; }
Ignored edited_otherwise() { return {"the edit changed neither base nor draft"}; }
Ignored pushed_tag() { return {"tags are of no interest"}; }
Ignored pushed_nothing() { return {"the push names no commit, before or after"}; }

}  // namespace slipway::rest
