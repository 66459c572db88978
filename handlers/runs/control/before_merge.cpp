// Applies before the merge go out in the order of their dependencies, whether they were asked for
// in one request or in several.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"

namespace slipway {

namespace {

// `run` waits for that one, which goes on. What the request itself does to it is kept.
void wait_for(CommandContext& command, Run& run, StoredRun upstream) {
    for (const auto& target : command.targets)
        if (target.run.version && target.run.value.id == upstream.value.id) upstream = target.run;
    auto& dependents = upstream.value.dependents;
    for (const auto& known : command.under_way)
        if (known.value.id == upstream.value.id) dependents = known.value.dependents;
    run.waits_for.push_back(upstream.value.id);
    dependents.push_back(run.id);
    for (auto& known : command.under_way)
        if (known.value.id == upstream.value.id) known.value.dependents = dependents;
    const auto key = run_key(upstream.value.id);
    auto& records = command.commit.records;
    std::erase_if(records, [&](const WriteRecord& one) { return one.key == key; });
    records.push_back(save(key, upstream));
}

}  // namespace

void create_before_merge(CommandContext& command) {
    for (auto& run : command.before_merge) {
        const auto& needs = run.settings.depends_on;
        const auto upstreams = command.under_way;
        for (const auto& one : upstreams)
            if (std::find(needs.begin(), needs.end(), one.value.stack) != needs.end())
                wait_for(command, run, one);
    }
    create_runs(command.commit, std::move(command.before_merge));
    command.before_merge.clear();
}

}  // namespace slipway
