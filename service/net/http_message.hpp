// A response as bytes, and what a handler's exception becomes.
#pragma once
#include <exception>
#include <string>

#include "service/net/http.hpp"

namespace slipway {

enum class Connection { keep, close };

// Throws Failure(never) where a header would break the message.
void check_headers(const HttpResponse& response);
// Status line and headers, up to and including the empty line. `now`: Unix seconds, for Date.
std::string response_head(const HttpResponse& response, Connection connection, std::int64_t now);

// 503 with Retry-After where trying again may help, else 500; logged once, under the id it tells.
HttpResponse response_to_exception(std::exception_ptr error, const std::string& method,
                                   const std::string& path);

// 503 for a server that has too much to do.
HttpResponse busy_response(std::string_view message);

}  // namespace slipway
