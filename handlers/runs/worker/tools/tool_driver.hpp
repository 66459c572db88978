// One tool, behind one interface: which programs it is made of, how it is prepared, how it plans to
// a file, shows that file as documents and applies exactly it. A driver works in one phase of one
// run, asks Steps for everything that touches the machine, and decides nothing about approvals,
// journal or reports. To add a tool: one folder beside this file and one line in drivers.cpp.
//
// In the order in which they are called:
//   plan      choose · prepare · providers · accept_providers · inputs · state · select_workspace ·
//             plan · show
//   apply     the same up to select_workspace · show · prepare_apply · apply · outputs
//   find_out  the same up to select_workspace · unlock · plan
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/runs/worker/steps.hpp"
#include "handlers/runs/worker/tools/read_plan.hpp"

namespace slipway {

struct ToolCapabilities {
    // An apply does what its plan file says and nothing else. Without: its plans are predictions.
    bool saved_plan = false;
    bool workspaces = false;  // several states of one directory
    bool outputs = false;
    bool drift = false;  // a plan without changes proves that all is there as the source says
    bool destroy = false;
    bool compares = false;  // plans what differs between the state and what is there
};

struct ChosenTool {
    std::string name;                             // for people: "Terraform"
    std::string version;                          // "": it has none
    std::vector<std::filesystem::path> programs;  // all that steps execute
};

// Where the stack's state lies, as far as the tool knows after prepare().
struct StatePlace {
    std::string problem;  // why it would be lost with the run's directory, as a sentence
    // On this machine: the file or directory, and the directory that runs have to share. Empty: it
    // is kept elsewhere.
    std::filesystem::path path, directory;
};

// What the state holds after an apply.
struct ToolOutputs {
    Json values = Json::object();        // that may be shown
    std::vector<std::string> sensitive;  // names of the others
};

// A line of an apply's output that tells that one resource is done.
struct DoneResource {
    std::string address;
    bool destroyed = false;  // else created or changed
};

// What the end of an apply's command tells.
enum class ApplyEnd { finished, failed, unknown };

// Each throws PhaseOver where the phase cannot go on, and Failure for trouble of our own.
class ToolDriver {
  public:
    explicit ToolDriver(Steps& steps) : steps_(steps) {}
    virtual ~ToolDriver() = default;
    ToolDriver(const ToolDriver&) = delete;
    ToolDriver& operator=(const ToolDriver&) = delete;

    // Known once the tool is chosen.
    virtual ToolCapabilities capabilities() const = 0;
    // What this worker has that the stack asks for.
    virtual Task<ChosenTool> choose() = 0;
    // What its commands need in their environment, paths as seen inside.
    virtual std::map<std::string, std::string> variables() const { return {}; }
    // Brings what planning needs. From here on commands may be started ahead of their turn.
    virtual Task<void> prepare() = 0;
    // Addresses of the plugins that prepare() installed, before any of them runs (rule R3); then,
    // when each of them may run, a last look at them.
    virtual Task<std::vector<std::string>> providers();
    virtual Task<void> accept_providers();
    // Rule R4: what the tool itself brings into the phase.
    virtual Task<std::vector<RunInput>> inputs() = 0;
    virtual StatePlace state() const { return {}; }
    virtual Task<void> select_workspace();

    // Leaves the plan file at Steps::plan_path(). Whether it changes anything, as far as the
    // command's end tells; true where it tells nothing.
    virtual Task<bool> plan(OnOutput output) = 0;
    // The part of a line of a plan's output that only tells how far it is; nullopt: it may hold
    // values.
    virtual std::optional<std::string> progress(std::string_view) const { return std::nullopt; }
    // By a command in a sandbox of its own (rule R3).
    virtual Task<ReadPlan> show(ChunkSource plan_file) = 0;

    // Gets the apply of the file at Steps::plan_path() ready; the number of its process, 0: it is
    // not started yet.
    virtual int prepare_apply() = 0;
    virtual Task<Ended> apply(OnOutput output) = 0;
    virtual ApplyEnd end_of_apply(const Ended& ended) const;
    // Output of an apply that has begun to change something, so that it holds the state's lock.
    virtual bool tells_of_change(std::string_view) const { return false; }
    virtual std::optional<DoneResource> done(std::string_view) const { return std::nullopt; }
    // The id of the lock that the apply holds on a state kept elsewhere; "": not known.
    virtual Task<std::string> lock_of_apply();
    // After it: "" where nobody holds the state's lock, nullopt where that is not known.
    virtual Task<std::optional<std::string>> lock_left();
    // Takes away a lock that a dead apply of ours left.
    virtual Task<Ended> unlock(std::string lock_id);
    virtual Task<ToolOutputs> outputs();

    // The first error of what it printed, for people.
    virtual std::string first_error(std::string_view error_output) const = 0;
    // Throws unless the command ended well: with its first error, or with how the step ended.
    void must_succeed(const Ended& ended, std::string_view step);

  protected:
    // Of show(): what the command printed.
    Task<std::string> shown(ChunkSource plan_file, std::map<std::string, std::string> files);

    Steps& steps_;

  private:
    virtual std::string name() const = 0;
};

}  // namespace slipway
