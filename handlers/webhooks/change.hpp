// From two trees to decisions: what changed, which stacks that concerns, what the push policies say
// of each. Shared by pull requests and pushes.
#pragma once
#include <string>
#include <vector>

#include "handlers/webhooks/described.hpp"
#include "service/model/concerned.hpp"
#include "service/model/pull_record.hpp"

namespace slipway {

struct ConcernedStack {
    Stack stack;  // its directory is the one to plan in
    std::vector<std::string> because;
    // Its directory or its description is gone from what would be planned: nothing is, unless its
    // settings say `delete: destroy`; then a destroy is, from the tree before.
    std::optional<GoneDirectory> gone;
    std::string renamed_from;  // stack.directory is what git takes for this one, which its settings
                               // still name
    PushDecision decision;
    // Nothing of its own changed: it reads outputs of one that is concerned.
    bool only_for_upstream = false;
    bool destroys() const { return gone && gone->on_delete == OnDelete::destroy; }
};

struct ChangeQuestion {
    std::shared_ptr<Repository> repository;
    TreeId from, to;  // what changed lies between them
    TreeId planned;   // what would be planned: the merge result, or the pushed commit's tree
    TreeId before;    // where a removed directory can still be found
    bool with_dependents = false;  // also stacks that read outputs of those that will run
    PushQuestion push;             // stack, changed and because are filled in for each stack
};

// Stacks that are concerned, in the order described, with their decisions (those to ignore are left
// out unless a policy failed). How much one that is gone still manages is filled in.
Task<std::vector<ConcernedStack>> decide_change(ReactContext& context,
                                                const DescribedStacks& described,
                                                ChangeQuestion question);

// Whether a push makes a run of it that its dependents wait for.
bool runs_after_push(const ConcernedStack& concerned);

// The id of a run: derived, so that reacting twice makes one run.
RunId run_id(RunKind kind, const RepositoryName& repository, std::optional<int> pull,
             const CommitSha& head, const CommitSha& base, const StackId& stack, int attempt);

}  // namespace slipway
