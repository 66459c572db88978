#include "handlers/runs/worker/phase_execution.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <fstream>
#include <limits>

#include "handlers/runs/worker/excess.hpp"
#include "handlers/runs/worker/read_beneath.hpp"
#include "handlers/runs/worker/tool_copy.hpp"
#include "handlers/runs/worker/tools/terraform.hpp"
#include "service/base/both.hpp"
#include "service/base/digest.hpp"
#include "service/process/run_user.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Outcome = PhaseResult::Outcome;

namespace {

constexpr auto plan_grace = 30s;
constexpr auto apply_grace = 30min;  // an apply that is killed loses what it has not written down
constexpr auto plan_silence = 15min;
constexpr std::size_t largest_plan_file = 512u << 20;
constexpr std::size_t largest_shown_plan = 1u << 30;
constexpr std::size_t largest_held = 4u << 20;

[[noreturn]] void over(std::string error, Outcome outcome = Outcome::failed) {
    throw PhaseOver{outcome, std::move(error)};
}

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

void write_file(const fs::path& path, std::string_view bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file)
        throw Failure("cannot write " + path.filename().string() + " of the run: disk full?");
}

std::string text_of(std::chrono::milliseconds limit) {
    const auto minutes = limit.count() / 60'000;
    return minutes >= 1 ? std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes")
                        : std::to_string((limit.count() + 999) / 1000) + " s";
}

}  // namespace

PhaseExecution::PhaseExecution(RunGateway& gateway, const Work& work, const WorkerOptions& options,
                               StopSwitch stop, asio::any_io_executor executor)
    : log(gateway, work.spec.run, work.lease, executor),
      gateway_(gateway),
      spec_(work.spec),
      options_(options),
      stop_(std::move(stop)),
      end_(std::chrono::steady_clock::now() + std::chrono::minutes(work.spec.limit_minutes)),
      user_(run_user(options.sandbox, options.slot)),
      workspace_(options.scratch, work.spec.run.value + "-" + std::string(word(work.spec.phase))),
      apply_over_(executor) {}

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

Task<void> PhaseExecution::start_network() {
    const auto& sandbox = options_.sandbox;
    if (sandbox.kind == SandboxConfig::Kind::none ||
        sandbox.network == SandboxConfig::Network::shared)
        co_return;
    auto executor = co_await this_executor();
    network_ = start_run_network(executor, user_);
}

Task<void> PhaseExecution::choose_tool() {
    const auto installed = co_await installed_tools();
    auto chosen = slipway::choose_tool(spec_.tool, spec_.version, installed);
    if (!chosen) over(chosen.error().message);
    tool = std::move(*chosen);
    const bool protects =
        options_.sandbox.kind != SandboxConfig::Kind::none && !options_.tools.empty();
    if (protects) tool_copy_ = unreadable_copy(options_.tools, fs::weakly_canonical(tool.program));
}

Task<void> PhaseExecution::fetch_source() {
    const auto source = co_await gateway_.get_blob(spec_.source);
    if (!source) over("the source of the run is not there any more; retry the run");
    unpack_source(*source, workspace_.source());
    directory_ = (workspace_.source() / spec_.directory).lexically_normal();
    std::error_code error;
    if (!fs::is_directory(fs::canonical(directory_, error), error))
        over("the directory " + spec_.directory + " is not in the source");
    if (user_) give_tree(workspace_.root(), *user_);
}

void PhaseExecution::make_environment() {
    environment_ = run_environment(spec_, options_.environment_names, own_variable);
    log.mask_with(Masker(environment_.secrets));
    for (const auto& name : environment_.unmasked)
        log.say("note: the value of " + name +
                " is too short or too common to be masked; do not keep a secret like this");
    auto base = tool_variables(inside(workspace_.root()), inside(workspace_.data()));
    environment_.variables.merge(base);
}

// --- running the tool
// -------------------------------------------------------------------------------------

fs::path PhaseExecution::inside(const fs::path& path) const {
    return inside_sandbox(path, options_.sandbox, view());
}

SandboxView PhaseExecution::view() const {
    SandboxView out;
    out.workspace = workspace_.root();
    out.hidden = options_.hidden;
    out.user = user_;
    if (tool_copy_)
        out.programs.push_back({*tool_copy_, fs::weakly_canonical(tool.program)});
    else if (!tool.program.empty())
        out.readable.push_back(tool.program);
    std::error_code error;
    if (fs::exists(options_.plugin_cache, error)) out.readable.push_back(options_.plugin_cache);
    for (const auto& mirror : options_.provider_mirrors) out.readable.push_back(mirror);
    return out;
}

void PhaseExecution::give(const fs::path& path) const {
    if (user_) give_tree(path, *user_);
}

std::chrono::milliseconds PhaseExecution::time_left() const {
    const auto left = end_ - std::chrono::steady_clock::now();
    return std::max(1ms, std::chrono::duration_cast<std::chrono::milliseconds>(left));
}

Command PhaseExecution::command(Arguments arguments) const {
    Command out;
    out.argv.push_back(fs::weakly_canonical(tool.program).string());
    out.argv.insert(out.argv.end(), arguments.begin(), arguments.end());
    out.environment = environment_.variables;
    out.directory = directory_;
    out.limit = time_left();
    out.first_signal = SIGINT;
    out.grace = plan_grace;
    out.output_limit = std::numeric_limits<std::size_t>::max();
    out.held_input = cli_configuration_;
    return out;
}

OnOutput PhaseExecution::to_log() {
    return [this](int which, std::string_view bytes) { log.take(which, bytes); };
}

HeldCommand PhaseExecution::prepare_step(Arguments arguments, Reach reach) const {
    auto step = command(std::move(arguments));
    auto config = options_.sandbox;
    auto seen = view();
    if (reach != Reach::trusted) seen.readable.push_back(workspace_.data());
    if (reach == Reach::planned) {  // rule R2: the state may be read, not written
        config.readable.insert(config.readable.end(), config.writable.begin(),
                               config.writable.end());
        config.writable.clear();
        step.silence_limit = plan_silence;
    }
    if (reach == Reach::applied) step.grace = apply_grace;
    seen.needs_network = true;
    seen.network = network_.get();
    if (config.kind != SandboxConfig::Kind::none)
        step.usage_limits = usage_limits(config, workspace_.root());
    return HeldCommand(sandboxed(std::move(step), config, seen));
}

Task<Ended> PhaseExecution::run_step(HeldCommand step, OnOutput on_output) {
    log.take_error_text();
    if (!on_output) on_output = to_log();
    auto ended = co_await step.run(time_left(), std::move(on_output), stop_);
    log.end_streams();
    co_return ended;
}

Task<void> PhaseExecution::run_into(Ended& ended, HeldCommand step, OnOutput on_output) {
    ended = co_await run_step(std::move(step), std::move(on_output));
}

void PhaseExecution::must_succeed(const Ended& ended, std::string_view step) {
    const std::string name = std::string(title(tool.kind)) + " " + std::string(step);
    switch (ended.how) {
        case Ended::How::timed_out:
            over("the " + std::string(word(spec_.phase)) + " took longer than " +
                     text_of(std::chrono::minutes(spec_.limit_minutes)) + " and was stopped",
                 Outcome::timed_out);
        case Ended::How::silent:
            over("the " + std::string(word(spec_.phase)) + " printed nothing for " +
                     text_of(ended.limit) + " and was stopped",
                 Outcome::timed_out);
        case Ended::How::used_too_much:
            over("the " + std::string(word(spec_.phase)) + " " +
                 excess(ended.used_too_much, options_.sandbox));
        case Ended::How::stopped:
            over(spec_.phase == Phase::apply
                     ? "the apply was interrupted, because the service was stopped"
                     : "the plan was stopped",
                 Outcome::stopped);
        case Ended::How::exited:
        case Ended::How::signalled:
            break;
    }
    if (ended.ok()) return;
    auto error = terraform::first_error(log.take_error_text());
    if (error.empty()) error = name + " " + ended.text();
    over(std::move(error));
}

// --- the steps
// --------------------------------------------------------------------------------------------

Task<void> PhaseExecution::init() {
    const auto lock_path =
        directory_.lexically_relative(workspace_.root()) / terraform::lock_file_name;
    auto read_lock = [&] {
        return read_beneath(workspace_.root(), lock_path, 4u << 20).value_or("");
    };
    const auto brought = read_lock();
    offer_cached(options_.plugin_cache, locked_providers(brought), workspace_.data());
    give(workspace_.data());
    std::vector<terraform::ProviderMirror> mirrors;
    for (const auto& mirror : options_.provider_mirrors)
        mirrors.push_back({mirror, mirrored_providers(mirror)});
    cli_configuration_ = terraform::cli_configuration(mirrors);
    auto step = prepare_step(terraform::init(!brought.empty()), Reach::trusted);
    // Three at once would hold up the first: plan's sandbox is started behind init, show's when
    // init speaks.
    OnOutput receive = [this](int which, std::string_view bytes) {
        if (!show_) prepare_show();
        log.take(which, bytes);
    };
    if (network_) co_await network_->ready();
    Ended ended;
    auto initialising = run_into(ended, std::move(step), std::move(receive));
    auto preparing = prepare_plan();
    auto together = both(std::move(initialising), std::move(preparing));
    co_await std::move(together);
    must_succeed(ended, "init");
    if (!show_) prepare_show();
    lock_file = read_lock();
}

Task<void> PhaseExecution::prepare_plan() {
    if (spec_.phase != Phase::plan) co_return;
    auto arguments = terraform::plan(inside(plan_path()).string(), spec_.destroy);
    plan_.emplace(prepare_step(std::move(arguments), Reach::planned));
}

Task<void> PhaseExecution::select_workspace() {
    if (spec_.workspace == "default") co_return;
    auto step = prepare_step(terraform::select_workspace(spec_.workspace), Reach::trusted);
    auto ended = co_await run_step(std::move(step));
    must_succeed(ended, "workspace select");
}

Task<std::string> PhaseExecution::plan() {
    // Lines that only tell how far it is go out at once; the others may hold values.
    std::string line;
    OnOutput receive = [this, &line](int which, std::string_view bytes) {
        if (which == 2) return log.take(2, bytes);
        for (const char c : bytes) {
            line += c;
            if (c != '\n' && line.size() < 4096) continue;
            if (auto progress = terraform::progress(line); progress && held_.empty())
                log.take(1, *progress + "\n");
            else if (held_.size() < largest_held)
                held_ += line;
            line.clear();
        }
    };
    auto ended = co_await run_step(std::move(*plan_), receive);
    held_ += line;
    constexpr int with_changes = 2;
    if (ended.how == Ended::How::exited && ended.code == with_changes) ended.code = 0;
    must_succeed(ended, "plan");
    auto bytes = read_beneath(workspace_.root(), "out/plan", largest_plan_file);
    if (!bytes) over("the plan file is missing, is not a plain file or is larger than 512 MB");
    co_return std::move(*bytes);
}

void PhaseExecution::prepare_show() {
    show_workspace_.emplace(options_.scratch, spec_.run.value + "-show");
    const auto& fresh = *show_workspace_;
    give(fresh.root());
    auto config =
        options_.sandbox;  // neither state nor anything else that runs share, nor a network
    config.readable.clear();
    config.writable.clear();
    SandboxView seen = view();
    seen.workspace = fresh.root();
    seen.readable.push_back(workspace_.data());
    auto at = [&](const fs::path& path) { return inside_sandbox(path, config, seen); };
    auto step = command(terraform::show(at(fresh.out() / "plan").string()));
    step.directory = fresh.source();
    step.environment = tool_variables(at(fresh.root()), at(workspace_.data()));
    if (auto found = environment_.variables.find("TF_ENCRYPTION");
        found != environment_.variables.end())
        step.environment.insert(*found);
    step.output_limit = largest_shown_plan;
    if (config.kind != SandboxConfig::Kind::none)
        step.usage_limits = usage_limits(config, fresh.root());
    show_.emplace(sandboxed(std::move(step), config, seen));
}

Task<ReadPlan> PhaseExecution::show(std::string plan_file) {
    write_file(show_workspace_->source() / terraform::lock_file_name, lock_file);
    write_file(show_workspace_->out() / "plan", plan_file);
    give(show_workspace_->root());
    plan_file.clear();
    OnOutput keep;
    auto ended = co_await show_->run(time_left(), std::move(keep), stop_);
    show_.reset();
    if (!ended.ok()) {
        log.take(2, ended.error_output);
        must_succeed(ended, "show");
    }
    if (ended.dropped_bytes != 0) over("the plan is too large to be read");
    auto read = read_plan(ended.output, environment_.secrets, options_.digest_key);
    if (!read) over(read.error().message);
    co_return std::move(*read);
}

void PhaseExecution::tell_plan(const std::vector<Secret>& sensitive) {
    auto secrets = environment_.secrets;
    for (const auto& secret : sensitive)
        if (secret.reveal().size() >= 6 && secret.reveal().size() <= longest_secret)
            secrets.push_back(secret);
    log.mask_with(Masker(secrets));
    log.take(1, std::exchange(held_, ""));
    log.end_streams();
}

void PhaseExecution::check_state() {
    const auto text = read_beneath(workspace_.root(), "data/terraform.tfstate", 1u << 20);
    const auto parsed = parse_json(text.value_or("null"));
    const auto backend = parsed ? *parsed : Json();
    const bool applies = spec_.phase == Phase::apply;
    if (const auto trouble = terraform::state_problem(backend, spec_.workspace);
        applies && !trouble.empty())
        over(trouble + "; nothing was applied");
    const std::filesystem::path path = terraform::state_path(backend, spec_.workspace);
    state_is_elsewhere_ = path.empty();
    if (state_is_elsewhere_) return;
    // The tool writes a lock beside the file, so the directory is what has to be shared.
    const auto directory = spec_.workspace == "default" ? path.parent_path() : path;
    std::error_code error;
    const bool exists = std::filesystem::exists(directory, error);
    if (!applies && !exists) return;  // no state to be missed
    const bool seen = applies
                          ? sandbox_shows(directory, SandboxAccess::write, options_.sandbox, view())
                          : sandbox_shows(path, SandboxAccess::read, options_.sandbox, view());
    if (seen) return;
    over("the stack keeps its state in " + directory.string() +
         (!exists   ? ", which does not exist: create it, and add it to"
          : applies ? ", which runs may not write: add it to"
                    : ", which runs may not read: add it to") +
         " `writable` of `sandbox` in the service's configuration (of a preview: --writable " +
         directory.string() + ")");
}

int PhaseExecution::prepare_apply(std::string plan_file) {
    if (!write_beneath(workspace_.root(), "out/plan", plan_file, user_))
        over(
            "the plan file cannot be put into the run's workspace: the disk is full, or something "
            "of the run stands in "
            "its place; nothing was applied");
    apply_.emplace(prepare_step(terraform::apply(inside(plan_path()).string()), Reach::applied));
    return apply_->pid();
}

}  // namespace slipway
