#include "service/net/http_message.hpp"

#include <algorithm>
#include <cctype>
#include <ctime>

#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace {

std::string_view reason_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 423:
            return "Locked";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        default:
            return "";  // RFC 9112 4: may be empty
    }
}

// IMF-fixdate (RFC 9110 5.6.7), composed once a second.
const std::string& date_line(std::int64_t now) {
    thread_local std::int64_t composed_for = -1;
    thread_local std::string line;
    if (composed_for != now) {
        const std::time_t seconds = now;
        std::tm parts{};
        ::gmtime_r(&seconds, &parts);
        char text[64];
        line.assign(
            text, std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts));
        composed_for = now;
    }
    return line;
}

bool is_header_text(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

std::string retry_after(std::chrono::milliseconds wait) {
    return std::to_string(std::max<std::int64_t>(1, (wait.count() + 999) / 1000));
}

}  // namespace

void check_headers(const HttpResponse& response) {
    bool fine = is_header_text(response.content_type);
    for (const auto& [name, value] : response.headers)
        fine = fine && is_header_text(name) && is_header_text(value);
    if (!fine) throw Failure("a response header holds a control character", Retry::never);
}

std::string response_head(const HttpResponse& response, Connection connection, std::int64_t now) {
    const bool has_body = response.status != 204 && response.status != 304;
    std::string out;
    out.reserve(256);
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out.append(reason_of(response.status)).append("\r\n").append(date_line(now));
    auto add = [&](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    if (has_body && !response.content_type.empty()) add("Content-Type", response.content_type);
    if (has_body) add("Content-Length", std::to_string(response.body.size()));
    for (const auto& [name, value] : response.headers) add(name, value);
    if (connection == Connection::close) add("Connection", "close");
    return out.append("\r\n");
}

HttpResponse response_to_exception(std::exception_ptr error, const std::string& method,
                                   const std::string& path) {
    const std::string id = random_id();
    std::string what = "unknown exception";
    std::optional<std::chrono::milliseconds> again;
    try {
        std::rethrow_exception(error);
    } catch (const Failure& failure) {
        what = failure.what();
        if (failure.retry() == Retry::later) again = std::chrono::seconds(1);
        if (failure.retry() == Retry::after) again = failure.after();
    } catch (const std::exception& e) {
        what = e.what();
    } catch (...) {
    }
    log_error("a request failed",
              {{"request", id}, {"method", method}, {"path", path}, {"error", what}});
    auto out = again
                   ? error_response(
                         503, "This cannot be done at the moment; try again (request " + id + ")")
                   : error_response(500,
                                    "Something went wrong here; the service's log says more under "
                                    "request " +
                                        id);
    if (again) out.headers.emplace_back("Retry-After", retry_after(*again));
    return out;
}

HttpResponse busy_response(std::string_view message) {
    auto out = error_response(503, message);
    out.headers.emplace_back("Retry-After", "1");
    return out;
}

}  // namespace slipway
