// Ready-made answers.
#include "service/net/http.hpp"

namespace slipway {

HttpResponse json_response(int status, const Json& body) {
    HttpResponse out;
    out.status = status;
    out.body = body.dump() + "\n";
    return out;
}

HttpResponse error_response(int status, std::string_view message) {
    HttpResponse out;
    out.status = status;
    out.body = "{\"error\": " + quoted(message) + "}\n";
    return out;
}

HttpResponse problem_response(int status, std::string_view title, std::string_view detail) {
    auto body = Json::object({{"type", "about:blank"}, {"title", title}, {"status", status}});
    if (!detail.empty()) body.set("detail", detail);
    auto out = json_response(status, body);
    out.content_type = "application/problem+json";
    return out;
}

}  // namespace slipway
