// A private redis-server below the data directory: unix socket, append-only file, `noeviction`. One
// service per data directory (flock); a server left over by a killed service is shut down first;
// the child dies with its parent and is started again should it end by itself.
#pragma once
#include <filesystem>
#include <memory>

#include "queue/queue.hpp"

namespace slipway {

class EmbeddedServer {
  public:
    struct Running;
    explicit EmbeddedServer(std::shared_ptr<Running> running);
    ~EmbeddedServer();  // shuts the server down and waits for it
    EmbeddedServer(const EmbeddedServer&) = delete;
    EmbeddedServer& operator=(const EmbeddedServer&) = delete;
    RedisAddress address() const;

  private:
    std::shared_ptr<Running> running_;
};

// Returns when it answers. Throws Failure(never): another service holds the directory, no
// redis-server on PATH. Call from the main thread: the parent-death signal follows the spawning
// thread.
std::unique_ptr<EmbeddedServer> start_embedded_server(asio::any_io_executor executor,
                                                      const std::filesystem::path& data);

}  // namespace slipway
