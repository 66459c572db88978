#include "handlers/runs/worker/tools/custom/driver.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "handlers/runs/worker/tools/custom/changes.hpp"
#include "handlers/runs/worker/tools/lines.hpp"
#include "service/base/digest.hpp"
#include "service/base/nearest.hpp"

namespace slipway::custom {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view plan_placeholder = "{plan}";

[[noreturn]] void over(std::string error) {
    throw PhaseOver{PhaseResult::Outcome::failed, std::move(error)};
}

// "{plan}" stands for the plan file's path, as the command sees it.
Arguments with_plan(Arguments command, const std::string& path) {
    for (auto& argument : command)
        for (auto at = argument.find(plan_placeholder); at != argument.npos;
             at = argument.find(plan_placeholder, at + path.size()))
            argument.replace(at, plan_placeholder.size(), path);
    return command;
}

std::string digest_of_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    Sha256Stream digest;
    std::array<char, 64 * 1024> piece;
    while (file.read(piece.data(), piece.size()) || file.gcount() > 0)
        digest.feed({piece.data(), static_cast<std::size_t>(file.gcount())});
    return file.bad() || !file.is_open() ? std::string() : to_hex(digest.finish());
}

std::string names_of(const std::map<std::string, ConfiguredTool>& tools) {
    std::string out;
    for (const auto& [name, tool] : tools) out += (out.empty() ? "" : ", ") + name;
    return out.empty() ? "none" : out;
}

class Driver : public ToolDriver {
  public:
    using ToolDriver::ToolDriver;

    ToolCapabilities capabilities() const override {
        ToolCapabilities out;
        out.destroy = !tool_.destroy.empty();
        return out;
    }

    Task<ChosenTool> choose() override {
        const auto& tools = steps_.options.configured_tools;
        const auto& wanted = steps_.spec.configured_tool;
        const auto found = tools.find(wanted);
        if (found == tools.end()) {
            std::vector<std::string> known;
            for (const auto& [one, tool] : tools) known.push_back(one);
            over("the stack wants " + name() +
                 ", but `worker.custom` of the worker's configuration defines " + names_of(tools) +
                 did_you_mean(wanted, known));
        }
        tool_ = found->second;
        co_return ChosenTool{name(), "", programs()};
    }

    Task<void> prepare() override {
        if (!tool_.prepare.empty()) co_await must_run(tool_.prepare, Reach::prepares, "prepare");
    }

    // The definition and the programs themselves: another tool is another input.
    Task<std::vector<RunInput>> inputs() override {
        Pool pool(1);
        auto digest = [this] {
            std::string all;
            for (const auto* command :
                 {&tool_.prepare, &tool_.plan, &tool_.show, &tool_.apply, &tool_.destroy}) {
                for (const auto& argument : *command)
                    all += std::to_string(argument.size()) + ":" + argument;
                all += "\n";
            }
            for (const auto& program : programs()) {
                const auto one = digest_of_file(program);
                if (one.empty()) return std::string();
                all += one + "\n";
            }
            return sha256_hex(all);
        };
        const auto content = co_await pool.run(digest);
        std::vector<RunInput> out;
        out.push_back({InputKind::tool, "", content.empty() ? "" : name() + " " + content});
        co_return out;
    }

    Task<bool> plan(OnOutput output) override {
        const auto& command = steps_.spec.destroy ? tool_.destroy : tool_.plan;
        co_await must_run(command, Reach::planned, "plan", std::move(output));
        co_return true;
    }

    Task<ReadPlan> show(ChunkSource plan_file) override {
        const auto place = steps_.make_show_place();
        ShowStep step;
        step.command = with_plan(tool_.show, place.plan.string());
        steps_.prepare_show(std::move(step));
        std::map<std::string, std::string> no_files;
        const auto text = co_await shown(std::move(plan_file), std::move(no_files));
        auto read = read_changes(text, steps_.environment().secrets, steps_.options.digest_key);
        if (!read)
            over("what `show` of " + name() + " prints is not a plan: " + read.error().message);
        co_return std::move(*read);
    }

    int prepare_apply() override { return 0; }

    Task<Ended> apply(OnOutput output) override {
        co_return co_await run(tool_.apply, Reach::applied, std::move(output));
    }

    std::string first_error(std::string_view error_output) const override {
        constexpr std::size_t enough = 10;
        return last_lines(error_output, enough);
    }

  private:
    std::string name() const override {
        return tool_text(steps_.spec.tool, steps_.spec.configured_tool);
    }

    // Of all steps, each once.
    std::vector<fs::path> programs() const {
        std::vector<fs::path> out;
        for (const auto* command :
             {&tool_.prepare, &tool_.plan, &tool_.show, &tool_.apply, &tool_.destroy}) {
            if (command->empty()) continue;
            const fs::path program = command->front();
            if (!program.is_absolute())
                over("the program " + program.string() + " of " + name() + " is not a full path");
            if (!find_program(program.string()))
                over("the program " + program.string() + " of " + name() +
                     " is not there on the worker, or cannot be executed");
            if (std::find(out.begin(), out.end(), program) == out.end()) out.push_back(program);
        }
        return out;
    }

    Task<Ended> run(Arguments command, Reach reach, OnOutput output) {
        Step step;
        step.command = with_plan(std::move(command), steps_.plan_path());
        step.reach = reach;
        step.stop_signal = SIGTERM;
        auto prepared = steps_.prepare(std::move(step));
        co_return co_await steps_.run(std::move(prepared), std::move(output));
    }

    Task<void> must_run(Arguments command, Reach reach, std::string_view what,
                        OnOutput output = {}) {
        const auto ended = co_await run(std::move(command), reach, std::move(output));
        must_succeed(ended, what);
    }

    ConfiguredTool tool_;
};

}  // namespace

// Nothing of a tool that nobody here knows.
bool reserves(std::string_view) { return false; }

std::unique_ptr<ToolDriver> make_driver(Steps& steps) { return std::make_unique<Driver>(steps); }

}  // namespace slipway::custom
