// One request to a forge's REST API and its reply, with the headers that every call needs. Whatever
// a reply points to (next page, renamed repository), the credential goes to the configured host
// only.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "handlers/forges/rest/reply.hpp"
#include "service/base/json.hpp"
#include "service/base/task.hpp"
#include "service/net/http_client.hpp"

namespace slipway::rest {

struct Request {
    std::string method;
    std::string path;  // below the API's address, with its query, encoded
    Json body;         // null: none

    Request(std::string m, std::string p, Json b = {})
        : method(std::move(m)), path(std::move(p)), body(std::move(b)) {}
    std::string text() const { return method + " " + path; }
};

class Wire {
  public:
    Wire(std::string api_url, const Dialect& dialect, HttpClient& http);

    // Follows a repository's new name, on this host, with method and body. Throws Failure(later)
    // where no answer comes, Failure(never) where it is sent elsewhere.
    Task<HttpReply> send(Request request, Secret authorization);

    // Where Link says that the "next" or "last" page is: a path as in Request.
    std::optional<std::string> page(const HttpReply& reply, std::string_view relation) const;
    // The page after this one of the list at `path`, by Link or by the dialect's header.
    std::optional<std::string> next_page(const HttpReply& reply, std::string_view path) const;

  private:
    // The path below the API's address that an absolute URL names.
    std::optional<std::string> path_of(std::string_view url) const;
    bool is_our_host(std::string_view url) const;

    std::string api_url_;
    std::string host_;  // scheme://host[:port]
    const Dialect& dialect_;
    HttpClient& http_;
};

std::string encoded(std::string_view segment_or_value);  // percent-encoded for a path or query
// The path with `page` set in its query.
std::string with_page(std::string_view path, std::string_view number);

}  // namespace slipway::rest
