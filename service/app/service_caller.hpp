// Calls to a service: over its unix socket when it runs here, else over HTTP with a token.
#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/app/client_calls.hpp"
#include "service/model/secret.hpp"
#include "service/net/http_client.hpp"

namespace slipway {

// One call after the other, as a command line wants it.
class ServiceCaller {
  public:
    // Throws Failure where the service or the token is not there.
    explicit ServiceCaller(const Where& where);

    // Throws Failure where the service does not answer.
    HttpReply call(std::string method, const std::string& path, std::string body = "");

  private:
    asio::io_context io_{1};
    std::unique_ptr<HttpClient> http_;
    std::string server_, socket_;
    Secret authorization_;
};

// Prints why not, and says whether that was all: 1 for a no, 2 for what cannot be asked, 3 for a
// service in trouble.
std::optional<int> refused(const HttpReply& reply);

std::string percent_encoded(std::string_view text);

}  // namespace slipway
