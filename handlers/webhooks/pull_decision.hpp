// What follows from one look at a pull request, each as one commit: pure functions of what was
// read.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "handlers/runs/lifecycle.hpp"
#include "handlers/webhooks/change.hpp"
#include "handlers/webhooks/pulls.hpp"
#include "service/model/provider.hpp"

namespace slipway {

// All that was read of a pull request. Of git and the stacks: only where it is open.
struct PullLook {
    Stored<PullRecord> known;  // what is remembered of it
    PullRequest fresh;         // as the forge says
    Mode mode = Mode::apply;
    std::int64_t now_ms = 0;
    LookAgain again = LookAgain::if_new;
    std::vector<StackId> targets;  // only these get a new run; empty: all
    bool nothing_kept = false;     // what is remembered is of another head, or was never finished

    CommitSha base;  // what it is merged with, and the trees
    TreeId base_tree;
    MergeResult merge;
    std::vector<ConfigFinding> findings;
    std::vector<ConcernedStack> concerned;

    std::vector<StoredRun> earlier;                          // what earlier_runs() names
    std::vector<StoredRun> upstreams;                        // what kept_upstreams() names
    std::map<std::string, Stored<ProviderBasis>> providers;  // merged: of its stacks, by key
};

// Whether the head or the base branch is another than the remembered one, or it was not open.
bool begins_anew(const PullRecord& known, const PullRequest& fresh);

// Runs of an earlier look that this one does not keep.
std::vector<RunId> earlier_runs(const PullLook& look);

// Runs that it keeps, of stacks whose outputs those read that are planned now.
std::vector<RunId> kept_upstreams(const PullLook& look);

// It was closed or merged: its runs are cancelled, and what an administrator allowed on it counts
// for its stacks once it is merged.
Commit put_away(PullLook look);
// The summary check stands at once: before git, policies and tools are asked. Until the stacks are
// known those of the record are of an earlier head, also for whoever looks again after this look
// has failed.
Commit announce(const PullLook& look);
// Runs for the stacks it concerns, or the reasons why there are none.
Commit plan_pull(PullLook look);

}  // namespace slipway
