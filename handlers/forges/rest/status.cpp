#include "handlers/forges/rest/status.hpp"

#include "handlers/forges/rest/text.hpp"
#include "service/base/digest.hpp"

namespace slipway::rest {
namespace {

// Rule W4: what waits for somebody is never green, and never pending.
std::string_view status_state(const Check& check) {
    if (check.status != CheckStatus::done) return "pending";
    switch (check.conclusion) {
        case Conclusion::passed:
        case Conclusion::neutral:
            return "success";
        case Conclusion::failed:
        case Conclusion::needs_action:
            return "failure";
        case Conclusion::cancelled:
            break;
    }
    return "error";
}

}  // namespace

Json status_body(const Check& check, std::size_t title_characters) {
    Json body = Json::object({{"state", status_state(check)}, {"context", check.name}});
    body.set("description", shortened_to(one_line(check.title), title_characters));
    if (!check.details_url.empty()) body.set("target_url", check.details_url);
    return body;
}

std::string status_id(const Json& status) {
    return "status:" + sha256_hex(status.dump()).substr(0, 16);
}

}  // namespace slipway::rest
