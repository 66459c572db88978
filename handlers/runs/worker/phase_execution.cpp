#include "handlers/runs/worker/phase_execution.hpp"

#include <algorithm>
#include <cctype>

#include "handlers/runs/gateway/source.hpp"
#include "handlers/runs/worker/read_beneath.hpp"
#include "handlers/runs/worker/run_inputs.hpp"
#include "handlers/runs/worker/tools/drivers.hpp"
#include "service/base/digest.hpp"
#include "service/process/run_user.hpp"

namespace slipway {

namespace fs = std::filesystem;
using Outcome = PhaseResult::Outcome;

namespace {

constexpr std::size_t largest_plan_file = 512u << 20;
constexpr std::size_t largest_held = 4u << 20;

[[noreturn]] void over(std::string error) { throw PhaseOver{Outcome::failed, std::move(error)}; }

bool is_workspace_name(std::string_view name) {
    return !name.empty() && name.size() <= 90 && name.front() != '-' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                      c == '.';
           });
}

bool stays_inside(const fs::path& path) {
    return !path.empty() && path.is_relative() &&
           std::none_of(path.begin(), path.end(),
                        [](const fs::path& part) { return part == ".."; });
}

}  // namespace

PhaseExecution::PhaseExecution(RunGateway& gateway, const Work& work, const WorkerOptions& options,
                               StopSwitch stop, asio::any_io_executor executor)
    : gateway_(gateway),
      spec_(work.spec),
      lease_(work.lease),
      options_(options),
      steps_(gateway, work, options, std::move(stop), executor),
      driver_(driver_of(work.spec.tool).make(steps_)),
      apply_over_(executor) {}
PhaseExecution::~PhaseExecution() = default;

void PhaseExecution::check_spec(std::int64_t now_ms) const {
    if (!options_.spec_key.empty() &&
        !equal_in_constant_time(spec_.signature, spec_signature(spec_, options_.spec_key)))
        over("the run's specification is not signed by the service");
    if (spec_.expires_at_ms != 0 && now_ms > spec_.expires_at_ms)
        over("the run's specification expired before a worker took it; retry the run");
    if (!stays_inside(spec_.directory)) over("\"" + spec_.directory + "\" leads out of the source");
    if (!is_workspace_name(spec_.workspace))
        over("\"" + spec_.workspace + "\" is not a valid workspace name");
}

Task<void> PhaseExecution::start_network() { return steps_.start_network(); }

// What is asked of a tool that cannot do it would be answered with something else.
Task<void> PhaseExecution::choose_tool() {
    tool_ = co_await driver_->choose();
    const auto can = driver_->capabilities();
    if (spec_.workspace != "default" && !can.workspaces)
        over(tool_.name + " has no workspaces; take `workspace` out of the stack's settings");
    if (spec_.destroy && !can.destroy) over(tool_.name + " cannot plan to destroy");
    if (spec_.drift && !can.compares) over(tool_.name + " cannot look for drift");
    steps_.use_programs(tool_.programs);
}

void PhaseExecution::make_environment() {
    auto environment = run_environment(spec_, options_.environment_names, own_variable);
    log().mask_with(Masker(environment.secrets));
    for (const auto& name : environment.unmasked)
        log().say("note: the value of " + name +
                  " is too short or too common to be masked; do not keep a secret like this");
    auto of_the_tool = driver_->variables();
    environment.variables.merge(of_the_tool);
    steps_.set_environment(std::move(environment));
}

Task<void> PhaseExecution::fetch_source() {
    SourceUnpacker unpacker(steps_.workspace().source());
    ChunkSink take = [&unpacker](std::string_view piece) { unpacker.take(piece); };
    const bool found = co_await gateway_.get_blob(lease_, spec_.source, std::move(take));
    if (!found) over("the source of the run is not there any more; retry the run");
    unpacker.finish();
    std::error_code error;
    if (!fs::is_directory(fs::canonical(steps_.directory(), error), error))
        over("the directory " + spec_.directory + " is not in the source");
    steps_.give(steps_.workspace().root());
}

Task<void> PhaseExecution::prepare() { return driver_->prepare(); }

Task<void> PhaseExecution::check_providers(std::vector<std::string>& unknown) {
    const auto& allowed = spec_.allowed_providers;
    const auto installed = co_await driver_->providers();
    for (const auto& address : installed)
        if (!spec_.any_provider && spec_.phase != Phase::apply &&
            std::find(allowed.begin(), allowed.end(), address) == allowed.end())
            unknown.push_back(address);
    if (!unknown.empty())
        over("the provider " + unknown.front() +
             " is not one that the tracked branch uses, so it was not started");
    co_await driver_->accept_providers();
}

Task<std::vector<RunInput>> PhaseExecution::take_inputs() {
    auto out = co_await driver_->inputs();
    const ReadVariable read = own_variable;
    const ValueDigests how{options_.environment_names, options_.identity_names, options_.digest_key,
                           read};
    const auto values = value_inputs(spec_, steps_.environment(), how);
    out.insert(out.end(), values.begin(), values.end());
    if (spec_.phase == Phase::apply)
        if (const auto found = differences_of_apply(spec_, out); !found.empty())
            over(text_of(found) + " since the plan; nothing was applied, plan again");
    co_return out;
}

void PhaseExecution::check_state() {
    const auto place = driver_->state();
    const bool applies = spec_.phase == Phase::apply;
    if (applies && !place.problem.empty()) over(place.problem + "; nothing was applied");
    state_is_elsewhere_ = place.path.empty();
    if (state_is_elsewhere_) return;
    std::error_code error;
    const bool exists = fs::exists(place.directory, error);
    if (!applies && !exists) return;  // no state to be missed
    const bool seen = applies ? steps_.shows(place.directory, SandboxAccess::write)
                              : steps_.shows(place.path, SandboxAccess::read);
    if (seen) return;
    const auto directory = place.directory.string();
    over("the stack keeps its state in " + directory +
         (!exists   ? ", which does not exist: create it, and add it to"
          : applies ? ", which runs may not write: add it to"
                    : ", which runs may not read: add it to") +
         " `writable` of `sandbox` in the service's configuration (of a preview: --writable " +
         directory + ")");
}

Task<void> PhaseExecution::select_workspace() { return driver_->select_workspace(); }

Task<PlanFile> PhaseExecution::plan() {
    // Lines that only tell how far it is go out at once; the others may hold values.
    std::string line;
    OnOutput receive = [this, &line](int which, std::string_view bytes) {
        if (which == 2) return log().take(2, bytes);
        for (const char c : bytes) {
            line += c;
            if (c != '\n' && line.size() < 4096) continue;
            if (auto progress = driver_->progress(line); progress && held_.empty())
                log().take(1, *progress + "\n");
            else if (held_.size() < largest_held)
                held_ += line;
            line.clear();
        }
    };
    co_await driver_->plan(std::move(receive));
    held_ += line;
    PlanFile file(options_.scratch);
    const ChunkSink append = [&file](std::string_view piece) { file.append(piece); };
    if (!read_beneath(steps_.workspace().root(), "out/plan", largest_plan_file, append))
        over("the plan file is missing, is not a plain file or is larger than 512 MB");
    co_return file;
}

Task<PlanFile> PhaseExecution::fetch_plan() {
    PlanFile file(options_.scratch);
    ChunkSink append = [&file](std::string_view piece) { file.append(piece); };
    const bool found = co_await gateway_.get_blob(lease_, spec_.plan_file, std::move(append));
    if (!found) over("the plan file is not there any more; plan again");
    if (spec_.plan_digest.empty() || file.digest() != spec_.plan_digest)
        over("the plan file is not the one that was approved; nothing was applied");
    co_return file;
}

Task<ReadPlan> PhaseExecution::show(ChunkSource plan_file) {
    auto out = co_await driver_->show(std::move(plan_file));
    out.plan.counts.predicted_only = !driver_->capabilities().saved_plan;
    co_return out;
}

void PhaseExecution::tell_plan(const std::vector<Secret>& sensitive) {
    auto secrets = steps_.environment().secrets;
    for (const auto& secret : sensitive)
        if (secret.reveal().size() >= 6 && secret.reveal().size() <= longest_secret)
            secrets.push_back(secret);
    log().mask_with(Masker(secrets));
    log().take(1, std::exchange(held_, ""));
    log().end_streams();
}

int PhaseExecution::prepare_apply(const ChunkSource& plan_file) {
    if (!write_beneath(steps_.workspace().root(), "out/plan", plan_file, steps_.user()))
        over(
            "the plan file cannot be put into the run's workspace: the disk is full, or something "
            "of the run stands in its place; nothing was applied");
    return driver_->prepare_apply();
}

}  // namespace slipway
