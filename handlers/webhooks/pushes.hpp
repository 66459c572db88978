// A push to a branch that stacks track: tracked runs for what it changed, in dependency order.
#pragma once
#include "handlers/webhooks/react.hpp"

namespace slipway {

// Looks at the branch as it is now; the event's commits only help where the branch was never seen
// before. Payload of nothing but hints: `hint_before` may be empty. Throws ForgeLags where a pull
// request seems to have brought the push and is not merged yet, if it `may_lag`: a run without it
// would wait for a person.
Task<void> look_at_branch(ReactContext& context, RepositoryName repository, std::string branch,
                          CommitSha hint_before, Actor pusher, Lease holding, bool may_lag);

// Remembers where a branch stands that was never looked at, and plans nothing: what comes after
// that is new.
Task<void> note_branch(ReactContext& context, RepositoryName repository, std::string branch,
                       Lease holding);

}  // namespace slipway
