// What decides, wherever it runs: the handlers over a queue, blobs and forges. `serve` builds one
// over Redis, `preview` one over memory; the table Job -> handler is the same.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include "handlers/report/report.hpp"
#include "handlers/runs/control/control.hpp"
#include "handlers/runs/worker/perform.hpp"
#include "handlers/webhooks/react.hpp"
#include "queue/consumer.hpp"
#include "service/base/config.hpp"
#include "service/base/sealing.hpp"

namespace slipway {

struct EngineParts {
    asio::any_io_executor executor;
    const Clock& clock;
    Pool& pool;
    Queue& queue;
    Blobs& blobs;
    Forges& forges;
    Mirrors& mirrors;
    std::function<std::shared_ptr<const Organisation>()> organisation;
    bool has_organisation_tree = false;
    SealingKey key;
    std::filesystem::path scratch;
    std::string public_url;
    std::function<bool(const Stack&)> looks_at = {};  // see ReactContext
    bool any_provider = false;                        // see ControlContext
};

// What the catalogue does not look into: faults of the tree's policies and of its files about
// costs, with file, line and column.
Task<std::vector<ConfigFinding>> faults_of_tree(Policies& policies,
                                                std::shared_ptr<const Organisation> organisation);

class Engine {
  public:
    Engine(EngineParts parts, const Config& config);

    // The table Job -> handler.
    Task<void> handle(ClaimedJob job);
    Task<void> handle_lapsed(Lapsed lapsed);
    // Another organisation tree is in force.
    Task<void> look_at_tree() { return slipway::look_at_tree(control_); }
    // Has what no webhook told found out, again and again.
    Task<void> catch_up_for_ever();
    RunGateway& gateway() { return *gateway_; }
    WorkerOptions worker_options(const Config& config) const;

  private:
    EngineParts parts_;
    std::unique_ptr<Policies> policies_;
    std::unique_ptr<UsesReader> uses_;
    Plans plans_;
    ReactContext react_;
    ControlContext control_;
    ReportContext report_;
    std::unique_ptr<RunGateway> gateway_;
};

}  // namespace slipway
