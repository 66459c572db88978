// Outgoing HTTP (libcurl on a thread of its own): deadlines, bounded replies, proxies and CA
// handling as the system has them, no redirects to other hosts.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/base/task.hpp"
#include "service/model/secret.hpp"

namespace slipway {

struct HttpCall {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    Secret
        authorization;  // the Authorization header's value; never logged, dropped on another host
    std::string body;
    std::chrono::milliseconds limit{30'000};
    std::size_t reply_limit = 64u << 20;
    std::string unix_socket;  // talk to this socket instead of the URL's host
};

struct HttpReply {
    int status = 0;
    std::map<std::string, std::string, std::less<>> headers;  // names in lower case
    std::string body;
};

class HttpClient {
  public:
    virtual ~HttpClient() = default;
    // Throws Failure(later) where no whole reply came (refused, timed out, too large).
    virtual Task<HttpReply> send(HttpCall call) = 0;
};
std::unique_ptr<HttpClient> make_http_client();

}  // namespace slipway
