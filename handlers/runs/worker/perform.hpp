// The worker side: takes work from a gateway and performs it with the tool, in a sandbox, on a loop
// and thread of its own. Knows neither Redis, policies nor forges.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "handlers/runs/gateway/gateway.hpp"
#include "service/base/clock.hpp"
#include "service/base/config.hpp"
#include "service/process/process.hpp"

namespace slipway {

struct WorkerOptions {
    std::string name = "local";
    std::string pool = "default";
    int slots = 2;
    std::filesystem::path scratch;              // workspaces live below; emptied at start
    std::filesystem::path plugin_cache;         // see providers.hpp; "": none
    std::vector<std::string> provider_mirrors;  // directories that providers may come from
    std::filesystem::path
        tools;  // copies of tools that runs execute; empty: runs execute the tools themselves
    std::filesystem::path
        journal;  // of applies; shared by all workers that may claim the same stacks
    std::chrono::milliseconds lease{30'000};     // what the gateway's leases last without renewal
    SandboxConfig sandbox;                       // its network is isolated or shared
    int slot = 0;                                // which of them performs
    std::vector<std::filesystem::path> hidden;   // the data directory and the sealing key
    std::vector<std::string> environment_names;  // that variables {env: NAME} may ask for
    std::vector<std::string>
        identity_names;  // of those, the ones whose names count in digests, not their values
    std::map<std::string, ConfiguredTool>
        configured_tools;  // that this worker's configuration defines, by name
    Secret spec_key;       // checks RunSpec signatures
    Secret digest_key;     // keys the hashes of sensitive values in change digests
};

// Slots on one thread of their own. To end well: drain() or stop(), co_await join() on the
// service's loop, then destroy it. The destructor stops and waits, for which the gateway must still
// answer: never call it on the only thread that runs the gateway's loop while slots are busy.
class Worker {
  public:
    // Empties `options.scratch` and begins to take work.
    Worker(RunGateway& gateway, WorkerOptions options, const Clock& clock);
    ~Worker();
    // Takes no new work and gives back what can begin anew: plans, and applies that did not begin
    // yet.
    void drain();
    void stop();                          // and applies get one graceful signal and their time
    std::vector<RunId> applying() const;  // what a drained worker is waited for
    Task<void> join();                    // until all slots have ended

  private:
    struct Slots;
    std::unique_ptr<Slots> slots_;
};

// One piece of work, from source blob to PhaseResult: what a slot does, and what tests call. Throws
// Failure where nothing must be reported: trouble of ours, to be done again. `on_begin` is told
// just before begin_apply is asked: from then on a stop interrupts an apply.
Task<PhaseResult> perform(RunGateway& gateway, Work work, WorkerOptions options, const Clock& clock,
                          StopSwitch stop, std::function<void()> on_begin = {});

}  // namespace slipway
