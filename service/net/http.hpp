// Requests and responses as plain values; what handlers see of HTTP.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/json.hpp"
#include "service/base/task.hpp"

namespace slipway {

struct HttpRequest {
    std::string method;
    std::string
        path;  // decoded segments are matched by the router; this is as sent, without the query
    std::map<std::string, std::string> query;                 // decoded
    std::map<std::string, std::string, std::less<>> headers;  // names in lower case
    std::string body;
    std::map<std::string, std::string> parameters;  // of the route: {forge}
    // Over a unix socket: the peer's user and group (SO_PEERCRED). Rule S2.
    struct Peer {
        unsigned uid = 0, gid = 0;
        int pid = 0;
    };
    std::optional<Peer> peer;
};

struct HttpResponse {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
};

HttpResponse json_response(int status, const Json& body);
HttpResponse error_response(int status, std::string_view message);  // {"error": "…"}
HttpResponse problem_response(int status, std::string_view title,
                              std::string_view detail);  // RFC 9457

using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;

}  // namespace slipway
