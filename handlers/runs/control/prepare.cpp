// From a queued run to work for a worker: what the stack needs of the tree, packed, and its inputs
// digest, so that an approval can be bound to what was read (rule R4).
#include <unistd.h>

#include <algorithm>

#include "handlers/runs/control/known_providers.hpp"
#include "handlers/runs/control/transition.hpp"
#include "handlers/runs/control/upstream_outputs.hpp"
#include "handlers/runs/gateway/source.hpp"
#include "service/base/digest.hpp"
#include "service/model/glob.hpp"

namespace slipway {

namespace {

// The directory, or the file, that all matches of the pattern lie in: "roles" of "roles/**".
std::string fixed_part(std::string_view pattern) {
    const auto literal = glob_literal_size(pattern);
    if (literal == pattern.size()) return std::string(pattern);
    const auto slash = pattern.substr(0, literal).rfind('/');
    return slash == pattern.npos ? "." : std::string(pattern.substr(0, slash));
}

std::vector<std::string> needed_paths(const Run& run, const DirectoryFacts& facts) {
    if (facts.uses.unknown) return {"."};
    std::vector<std::string> out{run.settings.directory};
    out.insert(out.end(), facts.uses.paths.begin(), facts.uses.paths.end());
    if (traits_of(run.settings.tool).reads_hcl) return out;
    // Nobody can say what it reads but its settings.
    for (const auto& pattern : run.settings.also_triggered_by) out.push_back(fixed_part(pattern));
    if (std::find(out.begin(), out.end(), ".") != out.end()) return {"."};
    return out;
}

// Git's ids of all that is read, the stack's settings, and its variables under a keyed hash.
std::vector<RunInput> inputs_of(const ControlContext& context, const Run& run,
                                const Repository& repository,
                                const std::vector<std::string>& paths) {
    const auto& settings = run.settings;
    std::vector<RunInput> out{
        {InputKind::setting, "tool", tool_text(settings.tool, settings.configured_tool)},
        {InputKind::setting, "version", "version " + settings.version},
        {InputKind::setting, "workspace", settings.workspace},
        {InputKind::setting, "directory", settings.directory},
        {InputKind::setting, "destroy", run.destroy ? "yes" : "no"}};
    const std::pair<const char*, const std::vector<std::string>*> arguments[] = {
        {"init arguments", &settings.init_arguments}, {"plan arguments", &settings.plan_arguments}};
    for (const auto& [name, list] : arguments)
        if (!list->empty()) out.push_back({InputKind::setting, name, encode(*list).dump()});
    for (const auto& path : paths)
        out.push_back(
            {InputKind::files, path, repository.object_at(run.tree, path).value_or("absent")});
    for (const auto& [name, variable] : settings.variables)
        out.push_back({InputKind::variable, name,
                       hmac_sha256_hex(context.digest_key, encode(variable).dump())});
    return out;
}

// A directory of its own for the moment of packing.
class Scratch {
  public:
    explicit Scratch(const std::filesystem::path& below) : path_(below / random_id()) {
        std::filesystem::create_directories(path_);
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace

Task<void> prepare(ControlContext& context, ClaimedJob job) {
    auto id = job_payload<RunId>(job.job);
    auto run = co_await load<Run>(context.queue, run_key(id));
    if (!run.version || run.value.state != RunState::queued) co_return;  // superseded meanwhile
    const auto now = context.clock.now_ms();
    advance(run.value, RunEvent::picked_up, now, "slipway");

    auto repository = context.mirrors.open(run.value.repository.text());
    std::vector<std::string> directories{run.value.settings.directory};
    auto facts = co_await context.uses.read(repository, run.value.tree, directories);
    auto paths = needed_paths(run.value, facts.at(0));
    const auto basis_key = providers_key(run.value.settings.id);
    auto basis = co_await load<ProviderBasis>(context.queue, basis_key);
    if (!basis.version) basis.value.commit = run.value.base;
    PreparedSource prepared;
    prepared.allowed_providers =
        co_await allowed_providers(context, repository, run.value, basis.value);
    auto pack = [&] {
        Scratch scratch(context.scratch);
        repository->materialise(run.value.tree, paths, scratch.path());
        prepared.archive = context.blobs.put_sealed(pack_source(scratch.path()));
        prepared.inputs = inputs_of(context, run.value, *repository, paths);
        auto outputs = inputs_of(prepared.outputs, context.digest_key);
        std::move(outputs.begin(), outputs.end(), std::back_inserter(prepared.inputs));
    };
    Commit commit;
    // A look for drift says nothing of what the branch may use.
    if (!basis.version && run.value.kind != RunKind::drift)
        commit.records.push_back(save(basis_key, basis));
    std::string trouble;
    try {
        prepared.outputs = co_await given_outputs(context, run.value);
        co_await context.pool.run(pack);
    } catch (const Failure& failure) {
        if (failure.retry() != Retry::never) throw;
        trouble = failure.what();
    }
    if (trouble.empty()) {
        run.value.prepared = std::move(prepared);
        advance(run.value, RunEvent::handed_over, context.clock.now_ms(), "slipway");
        commit.jobs.push_back(perform_job(context, run.value, Phase::plan));
    } else {
        run.value.reason = {Cause::not_prepared, "", trouble};
        run.value.error = trouble;
        advance(run.value, RunEvent::failed, context.clock.now_ms(), "slipway", trouble);
    }
    store_run(commit, run);
    commit.holding = job.lease;
    commit.finish = true;
    const auto committed = co_await context.queue.commit(std::move(commit));
    if (committed == Committed::conflict)
        throw Overtaken("the run or its stack moved on meanwhile");
}

}  // namespace slipway
