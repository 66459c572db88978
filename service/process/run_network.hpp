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
    virtual ~RunNetwork() = default;
    // Until it reaches the outside. Throws Failure(later) with the reason where it does not.
    virtual Task<void> ready() = 0;
    virtual int process() const = 0;               // in whose namespace a command starts
    virtual std::string name_servers() const = 0;  // /etc/resolv.conf inside
};
// `user`: who it belongs to, where the service is root. Throws Failure(never) where neither pasta
// nor slirp4netns is installed.
std::unique_ptr<RunNetwork> start_run_network(asio::any_io_executor executor,
                                              std::optional<unsigned> user);

}  // namespace slipway
