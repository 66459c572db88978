// A push, read: what moved on the branch, which stacks that concerns, and which merged pull
// requests brought it. What follows is decided in push_decision.cpp.
#include "handlers/webhooks/pushes.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "handlers/webhooks/branch.hpp"
#include "handlers/webhooks/push_decision.hpp"
#include "handlers/webhooks/tracked.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

struct Pushed {
    BranchTip tip;
    CommitSha before;
    TreeId before_tree;
    bool fast_forward = true;
    std::string message;
    std::vector<CommitSha> commits;  // tip first, along first parents, not before itself
    std::vector<CommitSha> merged;   // the tip's other parents
};

inline constexpr std::size_t commits_looked_at = 50;

// The commit before the push: the one that was looked at last, else what the event says, else the
// parent.
CommitSha commit_before(const Repository& git, const CommitSha& known, const CommitSha& hint,
                        const std::vector<CommitSha>& parents) {
    if (!known.empty() && git.has_commit(known)) return known;
    if (!hint.empty() && git.has_commit(hint)) return hint;
    return parents.empty() ? CommitSha() : parents.front();
}

// Blocking.
void read_history(Pushed& out, const CommitSha& known, const CommitSha& hint) {
    const auto& git = *out.tip.repository;
    const auto& tip = out.tip.commit;
    out.message = git.info(tip).message;
    const auto parents = git.parents(tip);
    if (parents.size() > 1) out.merged.assign(parents.begin() + 1, parents.end());
    out.before = commit_before(git, known, hint, parents);
    if (!out.before.empty()) {
        out.before_tree = git.tree_of(out.before);
        out.fast_forward = git.is_ancestor(out.before, tip);
    }
    for (CommitSha at = tip; at != out.before && out.commits.size() < commits_looked_at;) {
        out.commits.push_back(at);
        auto older = git.parents(at);
        if (older.empty()) break;
        at = older.front();
    }
}

// nullopt: the branch is gone, or nothing is new on it.
Task<std::optional<Pushed>> read_push(ReactContext& context, Forge& forge,
                                      RepositoryName repository, std::string branch,
                                      std::string default_branch, CommitSha known, CommitSha hint) {
    auto tip = co_await fetch_tip(context, forge, repository, branch, default_branch);
    if (!tip || tip->commit == known) co_return std::nullopt;
    Pushed out;
    out.tip = std::move(*tip);
    auto read = [&] {
        read_history(out, known, hint);
        auto& own = out.tip.own;
        own.pushed = true;
        own.counts = branch == default_branch && !out.before.empty();
        if (own.counts) own.before = own_file(*out.tip.repository, out.before_tree);
    };
    co_await context.pool.run(read);
    co_return out;
}

// The merged pull requests that brought these commits, newest first, without doubles.
Task<std::vector<PullRequest>> merged_pulls(Forge& forge, RepositoryName repository,
                                            std::string branch, std::vector<CommitSha> commits) {
    std::vector<PullRequest> out;
    std::set<int> seen;
    for (const auto& commit : commits) {
        auto numbers = co_await forge.pulls_of_commit(repository, commit, branch);
        for (int number : numbers) {
            if (!seen.insert(number).second) continue;
            PullRequestName name{repository, number};
            auto pull = co_await forge.pull_request(name);
            if (pull && pull->state == PullState::merged && pull->base_branch == branch)
                out.push_back(std::move(*pull));
        }
    }
    co_return out;
}

// "#7" in a commit's first line, as forges write it when they merge; the first few.
std::vector<int> numbers_in(std::string_view message) {
    std::vector<int> out;
    auto line = message.substr(0, message.find('\n'));
    while (out.size() < 3) {
        const auto mark = line.find('#');
        if (mark == line.npos) break;
        line.remove_prefix(mark + 1);
        int number = 0;
        const auto read = std::from_chars(line.data(), line.data() + line.size(), number);
        if (read.ec == std::errc() && number > 0) out.push_back(number);
    }
    return out;
}

// Whether an open pull request seems to have brought the push: the forge says "merged" a moment
// after it tells of the push. Whoever pushes writes the message, so this is good for waiting and
// nothing else (rules W1, W5).
Task<std::optional<int>> pull_about_to_be_merged(Forge& forge, RepositoryName repository,
                                                 std::string branch, Pushed push) {
    auto numbers = numbers_in(push.message);
    push.merged.push_back(push.tip.commit);
    for (const auto& head : push.merged) {
        auto open = co_await forge.pulls_with_head(repository, head);
        numbers.insert(numbers.end(), open.begin(), open.end());
    }
    for (int number : numbers) {
        PullRequestName name{repository, number};
        auto pull = co_await forge.pull_request(name);
        if (pull && pull->state == PullState::open && pull->base_branch == branch) co_return number;
    }
    co_return std::nullopt;
}

// Those that the push turns into runs, or whose directory it took away, upstreams first.
Task<std::vector<ConcernedStack>> read_concerned(ReactContext& context, DescribedStacks described,
                                                 Pushed push, std::string branch, Actor pusher) {
    std::vector<ConcernedStack> concerned;
    if (push.before.empty()) co_return concerned;
    ChangeQuestion question;
    question.repository = push.tip.repository;
    question.from = push.before_tree;
    question.to = question.planned = push.tip.tree;
    question.before = push.before_tree;
    question.with_dependents = true;
    question.push.branch = branch;
    question.push.head = push.tip.commit;
    question.push.author = pusher.login;
    question.push.message = push.message;
    question.push.now_ms = context.clock.now_ms();
    concerned = co_await decide_change(context, described, std::move(question));
    // Nothing is skipped for ever: the next look begins where this one began.
    for (const auto& one : concerned)
        if (one.decision.failed)
            throw Failure("a push policy of " + one.stack.id.value +
                          " could not be evaluated for " + branch);
    std::erase_if(concerned, [](const ConcernedStack& one) {
        return one.decision.action != PushAction::track ||
               one.stack.apply_when == ApplyWhen::never || one.stack.plan_when == PlanWhen::asked;
    });
    order_by_dependencies(concerned);
    for (const auto& one : concerned)
        if (one.gone && !one.destroys())
            log_warning(one.gone->on_delete == OnDelete::orphan
                            ? "a stack is gone; its resources stay, unmanaged as it wants"
                            : "a stack is gone; its resources stay, and nothing is planned",
                        {{"stack", one.stack.id.value}, {"directory", one.gone->directory}});
    co_return concerned;
}

// The merged pull requests that brought the push, with what is remembered of them and their runs.
Task<void> read_pulls(ReactContext& context, PushLook& look, std::vector<PullRequest> merged) {
    if (!merged.empty()) look.newest = merged.front().name.number;
    for (const auto& pull : merged) {
        auto record = co_await load<PullRecord>(context.queue, pull_key(pull.name));
        record.value.pull = pull;
        look.pulls.emplace(pull.name.number, std::move(record));
    }
    look.earlier = co_await load_runs(context.queue, earlier_runs(look));
}

PushLook look_of(const ReactContext& context, const Pushed& push) {
    PushLook look;
    look.mode = context.mode;
    look.now_ms = context.clock.now_ms();
    look.before = push.before;
    look.before_tree = push.before_tree;
    look.tip = push.tip.commit;
    look.tip_tree = push.tip.tree;
    look.fast_forward = push.fast_forward;
    return look;
}

// nullopt: the branch concerns nobody, or nothing is new on it.
Task<std::optional<PushLook>> read_branch(ReactContext& context, RepositoryName repository,
                                          std::string branch, CommitSha hint_before, Actor pusher,
                                          bool may_lag) {
    auto& forge = *context.forges.at(repository.forge);
    auto organisation = context.organisation();
    auto self = may_describe_itself(context, forge, repository, *organisation);
    auto default_branch = co_await forge.default_branch(repository);
    if (organisation->stacks_on(repository, branch).empty() && !self.may) co_return std::nullopt;
    auto known = co_await load<BranchRecord>(context.queue, branch_key(repository, branch));
    const bool believes_hint = known.value.only_noted && !hint_before.empty();
    const auto known_tip = believes_hint ? CommitSha() : known.value.tip;
    auto push = co_await read_push(context, forge, repository, branch, default_branch, known_tip,
                                   hint_before);
    if (!push) co_return std::nullopt;
    auto described =
        describe(organisation, repository, branch, default_branch, self, push->tip.own);
    if (!described.findings.empty()) {
        log_warning("a push is not looked at before its stacks can be read",
                    {{"branch", branch}, {"finding", described.findings.front().text()}});
        co_return std::nullopt;
    }
    auto look = look_of(context, *push);
    look.repository = repository;
    look.branch = branch;
    look.pusher = pusher;
    look.known = std::move(known);
    look.concerned = co_await read_concerned(context, std::move(described), *push, branch, pusher);
    if (look.concerned.empty()) co_return look;
    auto merged = co_await merged_pulls(forge, repository, branch, push->commits);
    if (merged.empty() && push->fast_forward && may_lag)
        if (auto number = co_await pull_about_to_be_merged(forge, repository, branch, *push))
            throw ForgeLags("pull request " + std::to_string(*number) + " of " + repository.text() +
                            " is not merged");
    co_await read_pulls(context, look, std::move(merged));
    co_return look;
}

}  // namespace

Task<void> note_branch(ReactContext& context, RepositoryName repository, std::string branch,
                       Lease holding) {
    auto& forge = *context.forges.at(repository.forge);
    auto known = co_await load<BranchRecord>(context.queue, branch_key(repository, branch));
    if (known.version) co_return;
    auto tip = co_await fetch_tip(context, forge, repository, branch, branch);
    if (!tip) co_return;
    known.value.tip = tip->commit;
    known.value.only_noted = true;
    Commit commit;
    commit.records.push_back(save(branch_key(repository, branch), known));
    commit.holding = holding;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict)
        throw Overtaken("the branch was looked at by somebody else meanwhile");
}

Task<void> look_at_branch(ReactContext& context, RepositoryName repository, std::string branch,
                          CommitSha hint_before, Actor pusher, Lease holding, bool may_lag) {
    auto look = co_await read_branch(context, repository, branch, hint_before, pusher, may_lag);
    if (!look) co_return;
    auto commit = decide_push(std::move(*look));
    commit.holding = holding;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict)
        throw Overtaken("the branch was looked at by somebody else meanwhile");
}

}  // namespace slipway
