// The one way in which runs of a branch come into being: after a push, and when somebody asks for
// them again.
#pragma once
#include <string>
#include <vector>

#include "handlers/webhooks/change.hpp"
#include "queue/store.hpp"

namespace slipway {

// What the runs of one push, or of one retry, have in common.
struct TrackedCause {
    RepositoryName repository;
    CommitSha head, base;      // the commit on the branch, and the one before
    TreeId tree, before_tree;  // theirs; a destroy is planned from the one before
    int attempt = 1;
    Actor by;
    std::string must_confirm;  // why none of them applies by itself; "": they may
};

// Upstreams before those that need their result; the catalogue has refused circles.
void order_by_dependencies(std::vector<ConcernedStack>& stacks);

// A run that belongs to no pull request yet.
Run tracked_run(const ReactContext& context, const ConcernedStack& concerned,
                const TrackedCause& cause);

// From now on it is the run of its stack on the pull request: the approvals of the plan that was
// proposed there may carry over. Returns the run that it takes the place of, "" where there is
// none.
RunId belongs_to(Run& run, PullRecord& pull);

// Binds the runs, upstreams first, to those among them that they depend on; each enters its stack's
// lane, now or when its upstreams are through.
void leave_tracked(Commit& commit, std::vector<Run> runs);

}  // namespace slipway
