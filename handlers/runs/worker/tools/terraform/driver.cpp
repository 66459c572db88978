#include "handlers/runs/worker/tools/terraform/driver.hpp"

#include <algorithm>

#include "handlers/runs/worker/read_beneath.hpp"
#include "handlers/runs/worker/tools/terraform/commands.hpp"
#include "handlers/runs/worker/tools/terraform/inputs.hpp"
#include "handlers/runs/worker/tools/terraform/installed.hpp"
#include "handlers/runs/worker/tools/terraform/plan_json.hpp"
#include "handlers/runs/worker/tools/terraform/providers.hpp"
#include "service/base/both.hpp"

namespace slipway::terraform {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr int with_changes = 2;  // the exit code of a plan
constexpr std::size_t largest_lock_file = 4u << 20;
constexpr std::size_t largest_outputs = 4u << 20;

class Driver : public ToolDriver {
  public:
    using ToolDriver::ToolDriver;

    ToolCapabilities capabilities() const override { return {true, true, true, true, true, true}; }

    Task<ChosenTool> choose() override {
        const auto installed = co_await installed_tools();
        auto chosen = choose_tool(spec().tool, spec().version, installed);
        if (!chosen) throw PhaseOver{PhaseResult::Outcome::failed, chosen.error().message};
        tool_ = std::move(*chosen);
        co_return ChosenTool{name(), tool_.version.text(), {tool_.program}};
    }

    std::map<std::string, std::string> variables() const override {
        return terraform::variables(steps_.inside(steps_.workspace().data()));
    }

    Task<void> prepare() override {
        const auto brought = read_lock_file();
        const auto data = steps_.workspace().data();
        offer_cached(steps_.options.plugin_cache, locked_providers(brought), data);
        steps_.give(data);
        std::vector<ProviderMirror> mirrors;
        for (const auto& mirror : steps_.options.provider_mirrors)
            mirrors.push_back({mirror, mirrored_providers(mirror)});
        cli_configuration_ = cli_configuration(mirrors);
        auto arguments = init(!brought.empty());
        add(arguments, spec().init_arguments);
        auto step = prepared(std::move(arguments), Reach::trusted);
        // Three at once would hold up the first: plan's sandbox is started behind init, show's when
        // init speaks.
        OnOutput receive = [this](int which, std::string_view bytes) {
            if (!steps_.show_is_prepared()) prepare_show();
            steps_.log.take(which, bytes);
        };
        co_await steps_.network_ready();
        Ended ended;
        auto initialising = run_into(ended, std::move(step), std::move(receive));
        auto preparing = prepare_plan_ahead();
        auto together = both(std::move(initialising), std::move(preparing));
        co_await std::move(together);
        must_succeed(ended, "init");
        if (!steps_.show_is_prepared()) prepare_show();
        lock_file_ = read_lock_file();
    }

    Task<std::vector<std::string>> providers() override {
        Pool pool(1);
        auto look = [this] {
            return installed_providers(steps_.workspace().data(), steps_.options.plugin_cache,
                                       steps_.options.provider_mirrors);
        };
        providers_ = co_await pool.run(look);
        std::vector<std::string> out;
        for (const auto& provider : providers_) out.push_back(provider.address);
        co_return out;
    }

    Task<void> accept_providers() override {
        const auto locked = locked_providers(lock_file_);
        if (const auto problem = lock_trouble(providers_, locked); !problem.empty())
            throw PhaseOver{PhaseResult::Outcome::failed, problem};
        Pool pool(1);
        auto keep = [&] { keep_in_cache(steps_.options.plugin_cache, providers_, locked); };
        co_await pool.run(keep);
    }

    Task<std::vector<RunInput>> inputs() override {
        Pool pool(1);
        auto digest_modules = [this] { return module_inputs(steps_.workspace().data()); };
        auto out = co_await pool.run(digest_modules);
        for (auto&& more : {provider_inputs(providers_), tool_inputs(tool_, lock_file_)})
            out.insert(out.end(), more.begin(), more.end());
        co_return out;
    }

    StatePlace state() const override {
        const auto text =
            read_beneath(steps_.workspace().root(), "data/terraform.tfstate", 1u << 20);
        const auto parsed = parse_json(text.value_or("null"));
        const auto backend = parsed ? *parsed : Json();
        StatePlace out;
        out.problem = state_problem(backend, spec().workspace);
        out.path = state_path(backend, spec().workspace);
        // The tool writes a lock beside the file, so the directory is what has to be shared.
        out.directory = spec().workspace == "default" ? out.path.parent_path() : out.path;
        return out;
    }

    Task<void> select_workspace() override {
        if (spec().workspace == "default") co_return;
        auto step = prepared(terraform::select_workspace(spec().workspace), Reach::trusted);
        auto ended = co_await steps_.run(std::move(step));
        must_succeed(ended, "workspace select");
    }

    Task<bool> plan(OnOutput output) override {
        if (!plan_) prepare_plan();
        auto ended = co_await steps_.run(std::move(*plan_), std::move(output));
        plan_.reset();
        const bool changes = ended.how == Ended::How::exited && ended.code == with_changes;
        if (changes) ended.code = 0;
        must_succeed(ended, "plan");
        co_return changes;
    }

    std::optional<std::string> progress(std::string_view line) const override {
        return terraform::progress(line);
    }

    Task<ReadPlan> show(ChunkSource plan_file) override {
        std::map<std::string, std::string> files{{std::string(lock_file_name), lock_file_}};
        const auto text = co_await shown(std::move(plan_file), std::move(files));
        const auto& options = steps_.options;
        const auto& secrets = steps_.environment().secrets;
        auto read = spec().drift ? read_drift(text, secrets, options.digest_key)
                                 : read_plan(text, secrets, options.digest_key);
        if (!read) throw PhaseOver{PhaseResult::Outcome::failed, read.error().message};
        co_return std::move(*read);
    }

    int prepare_apply() override {
        apply_.emplace(prepared(terraform::apply(steps_.plan_path()), Reach::applied));
        return apply_->pid();
    }

    Task<Ended> apply(OnOutput output) override {
        auto ended = co_await steps_.run(std::move(*apply_), std::move(output));
        apply_.reset();
        co_return ended;
    }

    ApplyEnd end_of_apply(const Ended& ended) const override {
        if (ended.how == Ended::How::signalled) return ApplyEnd::unknown;
        if (ended.code == 0) return ApplyEnd::finished;
        return ended.code == 1 ? ApplyEnd::failed : ApplyEnd::unknown;
    }

    bool tells_of_change(std::string_view output) const override {
        return terraform::tells_of_change(output);
    }

    std::optional<DoneResource> done(std::string_view line) const override {
        return terraform::done(line);
    }

    Task<std::string> lock_of_apply() override {
        const auto asked = co_await ask_for_lock();
        co_return lock_id(asked);
    }

    Task<std::optional<std::string>> lock_left() override {
        const auto asked = co_await ask_for_lock();
        auto held = lock_id(asked);
        if (held.empty() && !lock_is_free(asked)) co_return std::nullopt;
        co_return held;
    }

    Task<Ended> unlock(std::string lock_id) override {
        auto step = prepared(force_unlock(lock_id), Reach::applied);
        OnOutput receive = [this](int which, std::string_view bytes) {
            steps_.log.take(which, bytes);
        };
        co_await steps_.network_ready();
        // Where the apply was stopped, too: nobody else takes the lock away.
        auto ended = co_await step.run(1min, std::move(receive), StopSwitch());
        steps_.log.end_streams();
        co_return ended;
    }

    Task<ToolOutputs> outputs() override {
        std::string printed;
        auto step = prepared(output(), Reach::planned);
        auto ended = co_await steps_.run_quietly(std::move(step), largest_outputs, printed);
        auto parsed = parse_json(printed);
        if (!ended.ok() || !parsed)
            throw Failure("the tool did not say what the outputs are", Retry::never);
        co_return read_outputs(*parsed);
    }

    std::string first_error(std::string_view error_output) const override {
        return terraform::first_error(error_output);
    }

  private:
    const RunSpec& spec() const { return steps_.spec; }
    std::string name() const override { return std::string(traits_of(spec().tool).title); }

    Arguments command(Arguments arguments) const {
        arguments.insert(arguments.begin(), tool_.program.string());
        return arguments;
    }

    HeldCommand prepared(Arguments arguments, Reach reach) const {
        Step step;
        step.command = command(std::move(arguments));
        step.reach = reach;
        step.held_input = cli_configuration_;
        return steps_.prepare(std::move(step));
    }

    // What it prints as an error: who holds the lock, or that there is no such resource.
    Task<std::string> ask_for_lock() {
        auto step = prepared(want_lock(), Reach::planned);
        OnOutput keep;
        // Never stopped: it might be the one that holds the lock by now.
        auto ended = co_await step.run(1min, std::move(keep), StopSwitch());
        co_return std::move(ended.error_output);
    }

    Task<void> run_into(Ended& ended, HeldCommand step, OnOutput output) {
        ended = co_await steps_.run(std::move(step), std::move(output));
    }

    Task<void> prepare_plan_ahead() {
        if (spec().phase == Phase::plan) prepare_plan();
        co_return;
    }

    static void add(Arguments& arguments, const std::vector<std::string>& more) {
        arguments.insert(arguments.end(), more.begin(), more.end());
    }

    void prepare_plan() {
        const auto aim = spec().drift     ? PlanAim::drift
                         : spec().destroy ? PlanAim::destroy
                                          : PlanAim::change;
        auto arguments = terraform::plan(steps_.plan_path(), aim);
        add(arguments, spec().plan_arguments);
        plan_.emplace(prepared(std::move(arguments), Reach::planned));
    }

    void prepare_show() {
        const auto place = steps_.make_show_place();
        ShowStep step;
        step.command = command(terraform::show(place.plan.string()));
        step.environment = terraform::variables(place.data);
        const auto& given = steps_.environment().variables;
        if (const auto found = given.find("TF_ENCRYPTION"); found != given.end())
            step.environment.insert(*found);
        step.sees_data = true;
        step.held_input = cli_configuration_;
        steps_.prepare_show(std::move(step));
    }

    std::string read_lock_file() const {
        return read_beneath(steps_.workspace().root(),
                            steps_.directory_in_workspace() / lock_file_name, largest_lock_file)
            .value_or("");
    }

    InstalledTool tool_;
    std::string lock_file_;  // its bytes after init
    std::string cli_configuration_;
    std::vector<InstalledProvider> providers_;
    std::optional<HeldCommand> plan_, apply_;
};

}  // namespace

bool reserves(std::string_view variable) {
    static constexpr std::string_view names[] = {
        "TF_DATA_DIR",           "TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG",
        "TF_WORKSPACE",          "TF_INPUT",           "TF_IN_AUTOMATION",
        "TF_REATTACH_PROVIDERS", "CHECKPOINT_DISABLE", "TF_LOG_PATH"};
    return variable.starts_with("TF_CLI_ARGS") || variable.starts_with("TF_PLUGIN_") ||
           variable.starts_with("TF_SKIP_PROVIDER_") ||
           std::find(std::begin(names), std::end(names), variable) != std::end(names);
}

std::unique_ptr<ToolDriver> make_driver(Steps& steps) { return std::make_unique<Driver>(steps); }

}  // namespace slipway::terraform
