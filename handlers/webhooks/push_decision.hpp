// What follows from a push to a branch, as one commit: a pure function of what was read.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "handlers/runs/lifecycle.hpp"
#include "handlers/webhooks/change.hpp"
#include "service/model/pull_record.hpp"

namespace slipway {

// branch/<repository>/<branch>: the commit that was last turned into runs.
struct BranchRecord {
    CommitSha tip;
    int moves = 0;  // a branch may come back to a commit: its runs are new ones
    // Noted when the service first heard of the branch: nothing was made of it yet, so a webhook
    // that knows the commit before it is believed.
    bool only_noted = false;
    static void fields(auto& self, auto&& f) {
        f("tip", self.tip);
        f("moves", self.moves);
        f("only_noted", self.only_noted);
    }
};

// All that was read of a push.
struct PushLook {
    RepositoryName repository;
    std::string branch;
    Actor pusher;
    Mode mode = Mode::apply;
    std::int64_t now_ms = 0;
    Stored<BranchRecord> known;
    CommitSha before, tip;
    TreeId before_tree, tip_tree;
    bool fast_forward = true;
    std::vector<ConcernedStack> concerned;    // those to act on, upstreams first
    std::map<int, Stored<PullRecord>> pulls;  // merged ones that brought its commits
    std::optional<int> newest;                // of them
    std::vector<StoredRun> earlier;           // what earlier_runs() names
};

// Why none of the push's runs applies by itself; empty: they may.
Reason why_confirmed(const PushLook& look);

// Runs of the concerned stacks on those pull requests: one of before the merge gives way.
std::vector<RunId> earlier_runs(const PushLook& look);

// Runs of the branch for the concerned stacks, bound to the pull request that each came with, and
// the branch's new tip.
Commit decide_push(PushLook look);

}  // namespace slipway
