#include "handlers/webhooks/branch.hpp"

namespace slipway {

Task<std::shared_ptr<Repository>> fetch(ReactContext& context, Forge& forge,
                                        RepositoryName repository, std::vector<CommitSha> commits,
                                        std::vector<std::string> branches) {
    auto remote = co_await forge.git_remote(repository);
    co_await context.mirrors.fetch(repository.text(), std::move(remote), std::move(commits),
                                   std::move(branches));
    co_return context.mirrors.open(repository.text());
}

Task<std::optional<BranchTip>> fetch_tip(ReactContext& context, Forge& forge,
                                         RepositoryName repository, std::string branch,
                                         std::string default_branch) {
    std::vector<CommitSha> none;
    std::vector<std::string> branches{branch};
    if (default_branch != branch) branches.push_back(default_branch);
    BranchTip out;
    out.repository =
        co_await fetch(context, forge, repository, std::move(none), std::move(branches));
    auto read = [&]() -> bool {
        auto& git = *out.repository;
        const auto tip = git.branch_tip(branch);
        if (!tip) return false;
        out.commit = *tip;
        out.tree = git.tree_of(*tip);
        if (auto at = git.branch_tip(default_branch))
            out.own.trusted = own_file(git, git.tree_of(*at));
        out.own.after = out.own.trusted;
        return true;
    };
    const bool there = co_await context.pool.run(read);
    if (!there) co_return std::nullopt;
    co_return out;
}

Task<std::optional<DescribedTip>> read_tip(ReactContext& context, Forge& forge,
                                           RepositoryName repository, std::string branch) {
    auto default_branch = co_await forge.default_branch(repository);
    auto tip = co_await fetch_tip(context, forge, repository, branch, default_branch);
    if (!tip) co_return std::nullopt;
    auto organisation = context.organisation();
    auto self = may_describe_itself(context, forge, repository, *organisation);
    DescribedTip out;
    out.branch = std::move(*tip);
    out.described =
        describe(organisation, repository, branch, default_branch, self, out.branch.own);
    co_return out;
}

}  // namespace slipway
