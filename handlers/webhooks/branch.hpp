// A branch as the forge has it now, fetched: what every look at git begins with.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handlers/webhooks/described.hpp"

namespace slipway {

// Brings the mirror up to date and opens it: these commits and these branches (or refs).
Task<std::shared_ptr<Repository>> fetch(ReactContext& context, Forge& forge,
                                        RepositoryName repository, std::vector<CommitSha> commits,
                                        std::vector<std::string> branches);

struct BranchTip {
    std::shared_ptr<Repository> repository;
    CommitSha commit;
    TreeId tree;
    OwnFiles own;  // trusted and after: the repository's own file on its default branch
};

// nullopt: there is no such branch.
Task<std::optional<BranchTip>> fetch_tip(ReactContext& context, Forge& forge,
                                         RepositoryName repository, std::string branch,
                                         std::string default_branch);

// The branch, and the stacks that live on it.
struct DescribedTip {
    BranchTip branch;
    DescribedStacks described;
};
Task<std::optional<DescribedTip>> read_tip(ReactContext& context, Forge& forge,
                                           RepositoryName repository, std::string branch);

}  // namespace slipway
