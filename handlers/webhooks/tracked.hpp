// Runs of a branch: what a push, or somebody who asks for them again, makes of the stacks that are
// concerned.
#pragma once
#include <string>
#include <vector>

#include "handlers/webhooks/change.hpp"
#include "service/model/pull_record.hpp"

namespace slipway {

// What the runs of one push, or of one retry, have in common.
struct TrackedCause {
    RepositoryName repository;
    CommitSha head, base;      // the commit on the branch, and the one before
    TreeId tree, before_tree;  // theirs; a destroy is planned from the one before
    int attempt = 1;
    Actor by;
    Mode mode = Mode::apply;
    std::int64_t now_ms = 0;
    Reason must_confirm;  // why none of them applies by itself; empty: they may
};

// Upstreams before those that need their result; the catalogue has refused circles.
void order_by_dependencies(std::vector<ConcernedStack>& stacks);

// A run that belongs to no pull request yet.
Run tracked_run(const ConcernedStack& concerned, const TrackedCause& cause);

// From now on it is the run of its stack on the pull request: the approvals of the plan that was
// proposed there may carry over. Returns the run that it takes the place of, "" where there is
// none.
RunId belongs_to(Run& run, PullRecord& pull);

}  // namespace slipway
