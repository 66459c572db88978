// Pull requests: look again at one, or put one away.
#pragma once
#include "handlers/webhooks/react.hpp"
#include "service/model/pull_record.hpp"

namespace slipway {

enum class LookAgain {
    if_new,
    always,  // new runs although nothing moved (attempt + 1)
    stale,   // likewise, because its stacks moved on: approvals of equal plans stay
};

// Reads the pull request afresh and leaves what follows: runs for the stacks it concerns, or the
// reasons why there are none. `targets` (but with `if_new`): only these stacks get a new run;
// empty: all.
Task<void> look_at_pull(ReactContext& context, PullRequestName name, LookAgain again,
                        std::vector<StackId> targets, Lease holding);

}  // namespace slipway
