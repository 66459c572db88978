// The asynchronous server (Beast): raw head checked before Beast sees it, limits on head, body,
// time, connections and bytes in flight, a graceful end.
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "service/net/router.hpp"

namespace slipway {

struct HttpServerOptions {
    std::chrono::milliseconds message_limit{30'000};  // a whole request, from its first byte
    std::chrono::milliseconds idle_limit{75'000};     // between requests on a connection
    std::size_t connections = 2'000;
    std::size_t bytes_in_flight = 256u << 20;  // bodies received and not yet answered
    std::size_t head_limit = 16u << 10;
};

class HttpServer {
  public:
    struct Listener;
    HttpServer(asio::any_io_executor executor, std::shared_ptr<Listener> listener, int port,
               std::filesystem::path path);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    int port() const { return port_; }  // 0 for a unix socket
    std::size_t open_connections() const;
    Task<void> stop(std::chrono::milliseconds grace);  // no new ones; waits for those at work

  private:
    void close_door();

    std::shared_ptr<Listener> listener_;
    TaskGroup own_;
    const int port_;
    const std::filesystem::path path_;
};

// Throw Failure(never) with a sentence where the address cannot be taken. The router must outlive
// it.
std::unique_ptr<HttpServer> serve_tcp(asio::any_io_executor executor, const Router& router,
                                      const std::string& host, int port,
                                      HttpServerOptions options = {});
// Mode 0600, replaces a stale socket file; requests carry the peer's credentials.
std::unique_ptr<HttpServer> serve_unix(asio::any_io_executor executor, const Router& router,
                                       const std::filesystem::path& path,
                                       HttpServerOptions options = {});
// False too where the socket is left over from a service that was killed.
bool somebody_answers_on(const std::filesystem::path& socket);

}  // namespace slipway
