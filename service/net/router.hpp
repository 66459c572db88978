// Method + path pattern -> handler. "/api/v1/runs/{id}" matches one segment; "{rest...}" at the end
// matches what remains. Unknown path: 404; known path, other method: 405 with Allow.
#pragma once
#include "service/net/http.hpp"

namespace slipway {

class Router {
  public:
    // `body_limit`: larger bodies are refused with 413 before they are read.
    void add(std::string method, std::string pattern, HttpHandler handler,
             std::size_t body_limit = 1u << 20);

    struct Match {
        const HttpHandler* handler = nullptr;
        std::map<std::string, std::string> parameters;
        std::size_t body_limit = 0;
        int status = 404;   // where handler is null: 404 or 405
        std::string allow;  // for 405
    };
    Match match(std::string_view method, std::string_view path) const;

  private:
    struct Route {
        std::string method;
        std::vector<std::string> segments;
        HttpHandler handler;
        std::size_t body_limit;
    };
    std::vector<Route> routes_;
};

}  // namespace slipway
