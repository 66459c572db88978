// What a tool's driver may ask of the phase that it works in: commands in the sandbox, the run's
// files, its log. Everything about sandbox, masking, limits and signals is here or below; nothing
// about a tool is.
#pragma once
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/runs/worker/environment.hpp"
#include "handlers/runs/worker/perform.hpp"
#include "handlers/runs/worker/run_log.hpp"
#include "handlers/runs/worker/workspace.hpp"
#include "service/process/sandbox.hpp"

namespace slipway {

// The phase is over before its end: what to report.
struct PhaseOver {
    PhaseResult::Outcome outcome = PhaseResult::Outcome::failed;
    std::string error;
};

using Arguments = std::vector<std::string>;

// What a command may write beside its workspace.
enum class Reach {
    trusted,   // the tool's own files, and what runs share
    prepares,  // the tool's own files; what runs share may be read
    planned,   // nothing; both may be read (rule R2)
    applied,   // what runs share; and it gets its time to end
};

struct Step {
    Arguments command;  // the program first, by its full path
    Reach reach = Reach::planned;
    int stop_signal = SIGINT;               // the one that lets it end in good order
    std::optional<std::string> held_input;  // see HeldCommand: it is started ahead of its turn
};

// A command in a sandbox that nothing of the run ever saw, with the plan file alone (rule R3).
struct ShowStep {
    Arguments command;
    std::map<std::string, std::string> environment;  // beside PATH, HOME and the like
    bool sees_data = false;                          // the tool's own files, read-only
    std::optional<std::string> held_input;
};

// The places of such a sandbox, as they are seen inside.
struct ShowPlace {
    std::filesystem::path plan, data;
};

class Steps {
  public:
    Steps(RunGateway& gateway, const Work& work, const WorkerOptions& options, StopSwitch stop,
          asio::any_io_executor executor);

    // Begins to connect the run; every command waits for it.
    Task<void> start_network();
    Task<void> network_ready();
    // The programs that steps execute: runs get copies of them that nobody can read.
    void use_programs(const std::vector<std::filesystem::path>& programs);
    // What commands get beside PATH, HOME and the like.
    void set_environment(RunEnvironment environment);
    const RunEnvironment& environment() const { return environment_; }

    // Ready to run: with `held_input` started already, waiting for its turn.
    HeldCommand prepare(Step step) const;
    // To the log, unless somebody else receives the output.
    Task<Ended> run(HeldCommand step, OnOutput on_output = {});
    // Likewise, but what it prints on standard output comes back, at most so much of it.
    Task<Ended> run_quietly(HeldCommand step, std::size_t at_most, std::string& printed);
    // Throws PhaseOver for a command that took too long or too much, or was stopped.
    void must_end_by_itself(const Ended& ended) const;

    ShowPlace make_show_place();
    void prepare_show(ShowStep step);
    bool show_is_prepared() const { return show_.has_value(); }
    // Of what prepare_show() prepared; `files` are laid into its working directory.
    Task<Ended> show(ChunkSource plan_file, std::map<std::string, std::string> files);

    // Where the stack lives in the source, as a path of ours.
    const std::filesystem::path& directory() const { return directory_; }
    std::filesystem::path directory_in_workspace() const;
    const Workspace& workspace() const { return workspace_; }
    // The plan file, as commands see it.
    std::string plan_path() const { return inside(workspace_.out() / "plan").string(); }
    std::filesystem::path inside(const std::filesystem::path& path) const;
    // Whether commands can read, or write, what the machine has there.
    bool shows(const std::filesystem::path& path, SandboxAccess access) const;
    // Makes it the run's, where runs have another user than we.
    void give(const std::filesystem::path& path) const;
    const std::optional<unsigned>& user() const { return user_; }

    const RunSpec& spec;
    const WorkerOptions& options;
    RunLog log;

  private:
    Command command(Arguments arguments, std::optional<std::string> held_input) const;
    SandboxView view() const;
    std::chrono::milliseconds time_left() const;

    const StopSwitch stop_;
    const std::chrono::steady_clock::time_point end_;
    const std::optional<unsigned> user_;
    Workspace workspace_;
    std::filesystem::path directory_;
    std::unique_ptr<RunNetwork> network_;
    std::vector<std::filesystem::path> readable_programs_;
    std::vector<PlacedProgram> programs_;
    RunEnvironment environment_;
    std::optional<Workspace> show_workspace_;
    std::optional<HeldCommand> show_;
};

}  // namespace slipway
