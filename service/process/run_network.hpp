// The network of one run: a namespace of its own from which the outside is reached, and the
// machine, the service and the metadata of a cloud are not. It starts while other things are done,
// and ends with its owner.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "service/base/task.hpp"

namespace slipway {

class RunNetwork {
  public:
    class Impl;
    explicit RunNetwork(std::unique_ptr<Impl> impl);
    ~RunNetwork();
    // Until it reaches the outside. Throws Failure(later) with the reason where it does not.
    Task<void> ready();
    int process() const;               // in whose namespace a command starts
    std::string name_servers() const;  // /etc/resolv.conf inside

  private:
    std::unique_ptr<Impl> impl_;
};
// `user`: who it belongs to, where the service is root. Throws Failure(never) where neither pasta
// nor slirp4netns is installed.
std::unique_ptr<RunNetwork> start_run_network(asio::any_io_executor executor,
                                              std::optional<unsigned> user);

}  // namespace slipway
