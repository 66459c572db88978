// A pull request, read: from the forge, from git, and what is remembered of it. What follows is
// decided in pull_decision.cpp and left in one commit; a look that lost the race against another
// starts over.
#include "handlers/webhooks/pulls.hpp"

#include <functional>

#include "handlers/webhooks/branch.hpp"
#include "handlers/webhooks/pull_decision.hpp"

namespace slipway {

namespace {

[[noreturn]] void throw_overtaken() {
    throw Overtaken("the pull request was looked at by somebody else meanwhile");
}

Task<void> store(ReactContext& context, Commit commit) {
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw_overtaken();
}

// What the look found in git: the trees to compare and to plan.
struct Trees {
    std::shared_ptr<Repository> repository;
    CommitSha base;  // tip of the base branch
    TreeId fork_point, head, base_tree;
    MergeResult merge;
    OwnFiles own;
    std::string message;
};

// Blocking. `keep_base`: the base of the look before; "": the base branch's tip.
void read_git(Trees& out, const PullRequest& pull, const CommitSha& keep_base,
              const std::string& default_branch) {
    auto& repository = *out.repository;
    auto tip = repository.branch_tip(pull.base_branch);
    if (!tip) throw Failure("the branch " + pull.base_branch + " does not exist", Retry::later);
    out.base = keep_base.empty() ? *tip : keep_base;
    out.base_tree = repository.tree_of(out.base);
    out.head = repository.tree_of(pull.head);
    auto fork_point = repository.merge_base(out.base, pull.head);
    out.fork_point = fork_point ? repository.tree_of(*fork_point) : out.base_tree;
    out.merge = repository.merge(out.base, pull.head);
    out.message = repository.info(pull.head).message;
    if (auto own = repository.branch_tip(default_branch))
        out.own.trusted = own_file(repository, repository.tree_of(*own));
    if (out.merge.tree) out.own.after = own_file(repository, *out.merge.tree);
    out.own.counts = out.merge.tree && default_branch == pull.base_branch;
    if (out.own.counts) out.own.before = own_file(repository, out.base_tree);
}

Task<Trees> read_trees(ReactContext& context, Forge& forge, PullRequest pull, CommitSha keep_base,
                       std::string default_branch) {
    std::vector<CommitSha> commits{pull.head};
    std::vector<std::string> branches{pull.base_branch};
    if (default_branch != pull.base_branch) branches.push_back(default_branch);
    branches.push_back(forge.ref_of_pull(pull.name.number));
    Trees out;
    out.repository = co_await fetch(context, forge, pull.name.repository, std::move(commits),
                                    std::move(branches));
    auto read = [&] { read_git(out, pull, keep_base, default_branch); };
    co_await context.pool.run(read);
    co_return out;
}

ChangeQuestion question_of(const ReactContext& context, const PullRequest& pull,
                           const Trees& trees) {
    ChangeQuestion question;
    question.repository = trees.repository;
    question.from = trees.fork_point;
    question.to = trees.head;
    question.planned = trees.merge.tree.value_or(trees.head);
    question.before = trees.base_tree;
    question.push.pull = pull;
    question.push.action = pull.draft ? "draft" : "synchronize";
    question.push.branch = pull.head_branch;
    question.push.head = pull.head;
    question.push.author = pull.author.login;
    question.push.message = trees.message;
    question.push.now_ms = context.clock.now_ms();
    return question;
}

// Its stacks, and what git makes of them.
Task<void> read_stacks(ReactContext& context, PullLook& look) {
    const auto& fresh = look.fresh;
    const auto& repository = fresh.name.repository;
    auto& forge = *context.forges.at(repository.forge);
    auto default_branch = fresh.default_branch;
    if (default_branch.empty()) default_branch = co_await forge.default_branch(repository);
    const CommitSha keep_base =
        look.nothing_kept || look.again != LookAgain::if_new ? CommitSha() : look.known.value.base;
    auto trees = co_await read_trees(context, forge, fresh, keep_base, default_branch);
    auto organisation = context.organisation();
    auto self = may_describe_itself(context, forge, repository, *organisation);
    auto described =
        describe(organisation, repository, fresh.base_branch, default_branch, self, trees.own);
    if (context.looks_at)
        for (auto* stacks : {&described.stacks, &described.undescribed})
            std::erase_if(*stacks, std::not_fn(context.looks_at));
    auto question = question_of(context, fresh, trees);
    look.concerned = co_await decide_change(context, described, std::move(question));
    look.base = trees.base;
    look.base_tree = trees.base_tree;
    look.merge = std::move(trees.merge);
    look.findings = std::move(described.findings);
}

Task<void> read_providers(ReactContext& context, PullLook& look) {
    if (look.known.value.allowed_providers.empty()) co_return;
    for (const auto& stack : look.known.value.stacks) {
        const auto key = providers_key(stack.settings.id);
        look.providers[key] = co_await load<ProviderBasis>(context.queue, key);
    }
}

// A new head is announced, and what is remembered read again.
Task<void> announce_head(ReactContext& context, PullLook& look) {
    auto commit = announce(look);
    co_await store(context, std::move(commit));
    look.known = co_await load<PullRecord>(context.queue, pull_key(look.fresh.name));
    const auto& now = look.known.value.pull;
    if (now.head != look.fresh.head || now.base_branch != look.fresh.base_branch) throw_overtaken();
}

}  // namespace

Task<void> look_at_pull(ReactContext& context, PullRequestName name, LookAgain again,
                        std::vector<StackId> targets, Lease holding) {
    auto& forge = *context.forges.at(name.repository.forge);
    auto fresh = co_await forge.pull_request(name);
    if (!fresh) throw ForgeLags("the forge does not know " + name.text());
    PullLook look;
    look.known = co_await load<PullRecord>(context.queue, pull_key(name));
    look.fresh = std::move(*fresh);
    look.mode = context.mode;
    look.now_ms = context.clock.now_ms();
    look.again = again;
    look.targets = std::move(targets);
    if (look.fresh.state != PullState::open) {
        look.earlier = co_await load_runs(context.queue, earlier_runs(look));
        if (look.fresh.state == PullState::merged) co_await read_providers(context, look);
        auto commit = put_away(std::move(look));
        co_return co_await store(context, std::move(commit));
    }
    const bool anew = begins_anew(look.known.value, look.fresh);
    look.nothing_kept = anew || look.known.value.discovering_stacks;
    if (anew) co_await announce_head(context, look);
    co_await read_stacks(context, look);
    look.upstreams = co_await load_runs(context.queue, kept_upstreams(look));
    look.earlier = co_await load_runs(context.queue, earlier_runs(look));
    auto commit = plan_pull(std::move(look));
    commit.holding = holding;
    commit.finish = true;
    co_await store(context, std::move(commit));
}

}  // namespace slipway
