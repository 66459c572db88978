// One phase of one run under way: what its steps share. perform.cpp says in which order they come.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "handlers/runs/worker/environment.hpp"
#include "handlers/runs/worker/perform.hpp"
#include "handlers/runs/worker/providers.hpp"
#include "handlers/runs/worker/run_log.hpp"
#include "handlers/runs/worker/tools/plan_json.hpp"
#include "handlers/runs/worker/tools/tool.hpp"
#include "handlers/runs/worker/workspace.hpp"
#include "service/process/sandbox.hpp"

namespace slipway {

// The phase is over before its end: what to report.
struct PhaseOver {
    PhaseResult::Outcome outcome = PhaseResult::Outcome::failed;
    std::string error;
};

class PhaseExecution {
  public:
    PhaseExecution(RunGateway& gateway, const Work& work, const WorkerOptions& options,
                   StopSwitch stop, asio::any_io_executor executor);

    // Each throws PhaseOver where the phase cannot go on, and Failure for trouble of our own.
    void check_spec(std::int64_t now_ms) const;
    // Begins to connect the run; init() waits for it.
    Task<void> start_network();
    Task<void> choose_tool();
    Task<void> fetch_source();
    void make_environment();
    Task<void> init();
    // Rule R3: before anything of a provider runs. What is not allowed goes into `unknown`, and the
    // phase is over.
    Task<void> check_providers(std::vector<std::string>& unknown);
    // Rule R4: what this phase is made from; an apply refuses where that is not what its plan was
    // made from.
    Task<std::vector<RunInput>> take_inputs();
    // Refuses to plan against a state that the sandbox hides, which would look like none, and to
    // apply what could not write it.
    void check_state();
    Task<void> select_workspace();

    // The plan file's bytes. What the tool prints about values is held until show() tells which of
    // them are sensitive.
    Task<std::string> plan();
    // Rule R3: in a sandbox that nothing of the planned code ever saw.
    Task<ReadPlan> show(std::string plan_file);
    // From here on the log knows what is sensitive; what plan() held goes there.
    void tell_plan(const std::vector<Secret>& sensitive);
    // The tool, loaded and waiting for apply(); the number of its process (0: none before it runs).
    int prepare_apply(std::string plan_file);
    Task<Ended> apply();
    // Beside apply(): the id of the lock that it holds on a state kept elsewhere, once it has
    // changed something for a while; "": not known. Ends with the apply.
    Task<std::string> lock_of_apply();
    Task<Json> outputs();
    // Takes away a lock of the state that a dead apply of ours left.
    Task<void> unlock(const std::string& lock_id);
    // Whether a plan now would change nothing; what it would is in the log.
    Task<bool> has_nothing_left();
    // Throws unless the step ended well.
    void must_succeed(const Ended& ended, std::string_view step);

    RunLog log;
    InstalledTool tool;
    std::string lock_file;  // its bytes after init

  private:
    enum class Reach { trusted, planned, applied };
    Command command(Arguments arguments) const;
    HeldCommand prepare_step(Arguments arguments, Reach reach) const;
    Task<void> prepare_plan();
    Task<void> run_into(Ended& ended, HeldCommand step, OnOutput on_output);
    void prepare_show();
    Task<Ended> run_step(HeldCommand step, OnOutput on_output = {});
    std::filesystem::path plan_path() const { return workspace_.out() / "plan"; }
    SandboxView view() const;
    // Makes it the run's, where runs have another user than we.
    void give(const std::filesystem::path& path) const;
    std::filesystem::path inside(const std::filesystem::path& path) const;
    std::chrono::milliseconds time_left() const;
    OnOutput to_log();

    RunGateway& gateway_;
    const RunSpec& spec_;
    const WorkerOptions& options_;
    StopSwitch stop_;
    std::chrono::steady_clock::time_point end_;
    const std::optional<unsigned> user_;
    Workspace workspace_;
    std::unique_ptr<RunNetwork> network_;
    std::optional<std::filesystem::path> tool_copy_;
    std::filesystem::path directory_;
    RunEnvironment environment_;
    std::vector<InstalledProvider> providers_;
    std::string cli_configuration_;
    std::string held_;  // of the plan's output
    // Started while the step before them runs: the tool waits where it reads its configuration.
    std::optional<Workspace> show_workspace_;
    std::optional<HeldCommand> plan_, show_, apply_;
    bool state_is_elsewhere_ = false;  // behind a backend that is asked for its lock
    bool changing_ =
        false;              // the apply has begun to change something, so it holds the state's lock
    bool applied_ = false;  // and is over
    Signal apply_over_;
};

}  // namespace slipway
