#include "handlers/runs/worker/steps.hpp"

#include <algorithm>
#include <fstream>
#include <limits>

#include "handlers/runs/worker/excess.hpp"
#include "handlers/runs/worker/tool_copy.hpp"
#include "service/process/run_user.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Outcome = PhaseResult::Outcome;

namespace {

constexpr auto plan_grace = 30s;
constexpr auto apply_grace = 30min;  // an apply that is killed loses what it has not written down
constexpr auto plan_silence = 15min;
constexpr std::size_t largest_shown_plan = 1u << 30;

void write_file(const fs::path& path, const ChunkSource& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    for (auto piece = bytes(); !piece.empty(); piece = bytes())
        file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
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

Steps::Steps(RunGateway& gateway, const Work& work, const WorkerOptions& with, StopSwitch stop,
             asio::any_io_executor executor)
    : spec(work.spec),
      options(with),
      log(gateway, work.lease, executor),
      stop_(std::move(stop)),
      end_(std::chrono::steady_clock::now() + std::chrono::minutes(work.spec.limit_minutes)),
      user_(run_user(with.sandbox, with.slot)),
      workspace_(with.scratch, work.spec.run.value + "-" + std::string(word(work.spec.phase))),
      directory_((workspace_.source() / work.spec.directory).lexically_normal()) {}

Task<void> Steps::start_network() {
    const auto& sandbox = options.sandbox;
    if (sandbox.kind == SandboxConfig::Kind::none ||
        sandbox.network == SandboxConfig::Network::shared)
        co_return;
    auto executor = co_await this_executor();
    network_ = start_run_network(executor, user_);
}

void Steps::use_programs(const std::vector<fs::path>& programs) {
    const bool protects =
        options.sandbox.kind != SandboxConfig::Kind::none && !options.tools.empty();
    for (const auto& program : programs) {
        const auto real = fs::weakly_canonical(program);
        const auto copy = protects ? unreadable_copy(options.tools, real) : std::nullopt;
        if (copy)
            programs_.push_back({*copy, real});
        else
            readable_programs_.push_back(real);
    }
}

void Steps::set_environment(RunEnvironment environment) {
    environment_ = std::move(environment);
    auto base = base_variables(inside(workspace_.root()));
    environment_.variables.merge(base);
}

Task<void> Steps::network_ready() {
    if (network_) co_await network_->ready();
}

// --- commands

fs::path Steps::directory_in_workspace() const {
    return directory_.lexically_relative(workspace_.root());
}

fs::path Steps::inside(const fs::path& path) const {
    return inside_sandbox(path, options.sandbox, view());
}

bool Steps::shows(const fs::path& path, SandboxAccess access) const {
    return sandbox_shows(path, access, options.sandbox, view());
}

SandboxView Steps::view() const {
    SandboxView out;
    out.workspace = workspace_.root();
    out.hidden = options.hidden;
    out.user = user_;
    out.programs = programs_;
    out.readable = readable_programs_;
    std::error_code error;
    if (fs::exists(options.plugin_cache, error)) out.readable.push_back(options.plugin_cache);
    for (const auto& mirror : options.provider_mirrors) out.readable.push_back(mirror);
    return out;
}

void Steps::give(const fs::path& path) const {
    if (user_) give_tree(path, *user_);
}

std::chrono::milliseconds Steps::time_left() const {
    const auto left = end_ - std::chrono::steady_clock::now();
    return std::max(1ms, std::chrono::duration_cast<std::chrono::milliseconds>(left));
}

Command Steps::command(Arguments arguments, std::optional<std::string> held_input) const {
    Command out;
    out.argv = std::move(arguments);
    out.argv.front() = fs::weakly_canonical(out.argv.front()).string();
    out.environment = environment_.variables;
    out.directory = directory_;
    out.limit = time_left();
    out.grace = plan_grace;
    out.output_limit = std::numeric_limits<std::size_t>::max();
    out.held_input = std::move(held_input);
    return out;
}

HeldCommand Steps::prepare(Step step) const {
    auto out = command(std::move(step.command), std::move(step.held_input));
    out.first_signal = step.stop_signal;
    auto config = options.sandbox;
    auto seen = view();
    const bool writes_data = step.reach == Reach::trusted || step.reach == Reach::prepares;
    const bool writes_shared = step.reach == Reach::trusted || step.reach == Reach::applied;
    if (!writes_data) seen.readable.push_back(workspace_.data());
    if (!writes_shared) {  // rule R2: the state may be read, not written
        config.readable.insert(config.readable.end(), config.writable.begin(),
                               config.writable.end());
        config.writable.clear();
    }
    if (step.reach == Reach::planned) out.silence_limit = plan_silence;
    if (step.reach == Reach::applied) out.grace = apply_grace;
    seen.needs_network = true;
    seen.network = network_.get();
    if (config.kind != SandboxConfig::Kind::none)
        out.usage_limits = usage_limits(config, workspace_.root());
    return HeldCommand(sandboxed(std::move(out), config, seen));
}

Task<Ended> Steps::run(HeldCommand step, OnOutput on_output) {
    co_await network_ready();
    log.take_error_text();
    if (!on_output)
        on_output = [this](int which, std::string_view bytes) { log.take(which, bytes); };
    auto ended = co_await step.run(time_left(), std::move(on_output), stop_);
    log.end_streams();
    co_return ended;
}

Task<Ended> Steps::run_quietly(HeldCommand step, std::size_t at_most, std::string& printed) {
    OnOutput receive = [&printed, at_most](int which, std::string_view bytes) {
        if (which == 1 && printed.size() < at_most) printed.append(bytes);
    };
    co_return co_await run(std::move(step), std::move(receive));
}

void Steps::must_end_by_itself(const Ended& ended) const {
    const auto phase = "the " + std::string(word(spec.phase));
    switch (ended.how) {
        case Ended::How::timed_out:
            throw PhaseOver{Outcome::timed_out,
                            phase + " took longer than " +
                                text_of(std::chrono::minutes(spec.limit_minutes)) +
                                " and was stopped"};
        case Ended::How::silent:
            throw PhaseOver{Outcome::timed_out, phase + " printed nothing for " +
                                                    text_of(ended.limit) + " and was stopped"};
        case Ended::How::used_too_much:
            throw PhaseOver{Outcome::failed,
                            phase + " " + excess(ended.used_too_much, options.sandbox)};
        case Ended::How::stopped:
            throw PhaseOver{
                Outcome::stopped,
                phase + (spec.phase == Phase::apply ? " was interrupted" : " was stopped")};
        case Ended::How::exited:
        case Ended::How::signalled:
            break;
    }
}

// --- what decisions rest on is made where the planned code never was

ShowPlace Steps::make_show_place() {
    show_workspace_.emplace(options.scratch, spec.run.value + "-show");
    SandboxView seen = view();
    seen.workspace = show_workspace_->root();
    const auto at = [&](const fs::path& path) {
        return inside_sandbox(path, options.sandbox, seen);
    };
    return {at(show_workspace_->out() / "plan"), at(workspace_.data())};
}

void Steps::prepare_show(ShowStep step) {
    const auto& fresh = *show_workspace_;
    give(fresh.root());
    auto config =
        options.sandbox;  // neither state nor anything else that runs share, nor a network
    config.readable.clear();
    config.writable.clear();
    SandboxView seen = view();
    seen.workspace = fresh.root();
    if (step.sees_data) seen.readable.push_back(workspace_.data());
    auto out = command(std::move(step.command), std::move(step.held_input));
    out.first_signal = SIGINT;
    out.directory = fresh.source();
    out.environment = std::move(step.environment);
    auto base = base_variables(inside_sandbox(fresh.root(), config, seen));
    out.environment.merge(base);
    out.output_limit = largest_shown_plan;
    if (config.kind != SandboxConfig::Kind::none)
        out.usage_limits = usage_limits(config, fresh.root());
    show_.emplace(sandboxed(std::move(out), config, seen));
}

Task<Ended> Steps::show(ChunkSource plan_file, std::map<std::string, std::string> files) {
    for (const auto& [name, text] : files)
        write_file(show_workspace_->source() / name, chunks_of(text));
    write_file(show_workspace_->out() / "plan", plan_file);
    give(show_workspace_->root());
    OnOutput keep;
    auto ended = co_await show_->run(time_left(), std::move(keep), stop_);
    show_.reset();
    co_return ended;
}

}  // namespace slipway
