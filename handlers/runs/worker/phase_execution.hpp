// One phase of one run under way: the steps that every tool has, whichever it is. perform.cpp says
// in which order they come; what a step means for a tool is its driver's to say.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "handlers/runs/worker/apply_record.hpp"
#include "handlers/runs/worker/plan_file.hpp"
#include "handlers/runs/worker/steps.hpp"
#include "handlers/runs/worker/tools/tool_driver.hpp"

namespace slipway {

class PhaseExecution {
  public:
    PhaseExecution(RunGateway& gateway, const Work& work, const WorkerOptions& options,
                   StopSwitch stop, asio::any_io_executor executor);
    ~PhaseExecution();

    // Each throws PhaseOver where the phase cannot go on, and Failure for trouble of our own.
    void check_spec(std::int64_t now_ms) const;
    // Begins to connect the run; the first command waits for it.
    Task<void> start_network();
    Task<void> choose_tool();
    void make_environment();
    Task<void> fetch_source();
    Task<void> prepare();
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

    // The plan file. What the tool prints about values is held until show() tells which of them are
    // sensitive.
    Task<PlanFile> plan();
    // The one that is to be applied, checked to be that (rule R4).
    Task<PlanFile> fetch_plan();
    // Rule R3: in a sandbox that nothing of the planned code ever saw.
    Task<ReadPlan> show(ChunkSource plan_file);
    // From here on the log knows what is sensitive; what plan() held goes there.
    void tell_plan(const std::vector<Secret>& sensitive);
    // The tool, loaded and waiting for apply(); the number of its process (0: none before it runs).
    int prepare_apply(const ChunkSource& plan_file);
    Task<Ended> apply();
    // Whether it came to its end; throws where the tool said why it did not, or nobody knows.
    void must_have_applied(const Ended& ended);
    // Of an apply that did not come to its end: what it made of the plan, and what became of the
    // state's lock, which is taken away where it is still `lock_id`.
    Task<ApplyProgress> progress(const ReadPlan& read, std::string lock_id);
    // Beside apply(): the id of the lock that it holds on a state kept elsewhere, once it has
    // changed something for a while; "": not known. Ends with the apply.
    Task<std::string> lock_of_apply();
    // nullopt: the tool has none.
    Task<std::optional<ToolOutputs>> outputs();
    // Takes away a lock of the state that a dead apply of ours left.
    Task<void> unlock(std::string lock_id);
    // Whether a plan now would change nothing; why that is not known stands in the log.
    Task<bool> has_nothing_left();

    RunLog& log() { return steps_.log; }
    const ChosenTool& tool() const { return tool_; }

  private:
    RunGateway& gateway_;
    const RunSpec& spec_;
    const Lease& lease_;
    const WorkerOptions& options_;
    Steps steps_;
    std::unique_ptr<ToolDriver> driver_;
    ChosenTool tool_;
    std::string held_;                 // of the plan's output
    bool state_is_elsewhere_ = false;  // behind a backend that is asked for its lock
    bool changing_ =
        false;              // the apply has begun to change something, so it holds the state's lock
    bool applied_ = false;  // and is over
    ApplyRecord record_;
    Signal apply_over_;
};

}  // namespace slipway
