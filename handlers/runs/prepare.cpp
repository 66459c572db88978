// From a queued run to work for a worker: what the stack needs of the tree, packed, and its inputs digest, so
// that an approval can be bound to what was read (rule R4).
#include <unistd.h>

#include "handlers/runs/transition.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

std::vector<std::string> needed_paths(const Run& run, const DirectoryFacts& facts) {
    if (facts.uses.unknown) return {"."};
    std::vector<std::string> out{run.settings.directory};
    out.insert(out.end(), facts.uses.paths.begin(), facts.uses.paths.end());
    return out;
}

// Git's ids of all that is read, the tool, and the variables under a keyed hash.
std::string digest_of_inputs(const ControlContext& context, const Run& run,
                             const Repository& repository, const std::vector<std::string>& paths) {
    Json document = Json::object();
    for (const auto& path : paths)
        document.set(path, Json(repository.object_at(run.tree, path).value_or("absent")));
    Json variables = Json::object();
    for (const auto& [name, variable] : run.settings.variables) {
        auto keyed = hmac_sha256_hex(context.digest_key, encode(variable).dump());
        variables.set(name, Json(keyed));
    }
    Json all = Json::object({{"paths", document},
                             {"variables", variables},
                             {"tool", Json(word(run.settings.tool))},
                             {"version", Json(run.settings.version)},
                             {"workspace", Json(run.settings.workspace)},
                             {"directory", Json(run.settings.directory)},
                             {"destroy", Json(run.destroy)}});
    return sha256_hex(all.dump());
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
    auto pack = [&] {
        Scratch scratch(context.scratch);
        repository->materialise(run.value.tree, paths, scratch.path());
        run.value.source = context.blobs.put_sealed(pack_source(scratch.path()));
        run.value.inputs_digest = digest_of_inputs(context, run.value, *repository, paths);
    };
    Commit commit;
    std::string trouble;
    try {
        co_await context.pool.run(pack);
    } catch (const Failure& failure) {
        if (failure.retry() != Retry::never) throw;
        trouble = failure.what();
    }
    if (trouble.empty()) {
        advance(run.value, RunEvent::handed_over, context.clock.now_ms(), "slipway");
        commit.jobs.push_back(perform_job(context, run.value, Phase::plan));
    } else {
        run.value.reason = trouble;
        run.value.error = trouble;
        advance(run.value, RunEvent::failed, context.clock.now_ms(), "slipway", trouble);
    }
    store_run(commit, run);
    commit.holding = job.lease;
    commit.finish = true;
    co_await context.queue.commit(std::move(commit));  // a conflict: it was superseded meanwhile
}

}  // namespace slipway
