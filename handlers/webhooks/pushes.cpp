// Merging alone never permits an apply (rule W5): a tracked run remembers the merged pull request
// that brought its commit, and from whose proposed run it may carry over approvals. A push that
// came without one, or that is not a fast-forward, says so in `must_confirm` and waits for a
// person.
#include "handlers/webhooks/pushes.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "handlers/webhooks/tracked.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

// branch/<repository>/<branch>: the commit that was last turned into runs.
struct BranchRecord {
    CommitSha tip;
    int moves = 0;  // a branch may come back to a commit: its runs are new ones
    static void fields(auto& self, auto&& f) {
        f("tip", self.tip);
        f("moves", self.moves);
    }
};

std::string branch_key(const RepositoryName& repository, const std::string& branch) {
    return "branch/" + repository.text() + "/" + branch;
}

struct Pushed {
    std::shared_ptr<Repository> repository;
    CommitSha before, tip;
    TreeId before_tree, tip_tree;
    bool fast_forward = true;
    OwnFiles own;
    Repository::CommitInfo info;
    std::vector<CommitSha> commits;  // tip first, along first parents, not before itself
    std::vector<CommitSha> merged;   // the tip's other parents
};

inline constexpr std::size_t commits_looked_at = 50;

Task<std::optional<Pushed>> read_push(ReactContext& context, Forge& forge,
                                      RepositoryName repository, std::string branch,
                                      std::string default_branch, CommitSha known, CommitSha hint) {
    auto remote = co_await forge.git_remote(repository);
    std::vector<CommitSha> none;
    std::vector<std::string> branches{branch};
    if (default_branch != branch) branches.push_back(default_branch);
    co_await context.mirrors.fetch(repository.text(), std::move(remote), std::move(none),
                                   std::move(branches));
    Pushed out;
    out.repository = context.mirrors.open(repository.text());
    auto read = [&]() -> bool {
        auto& git = *out.repository;
        auto tip = git.branch_tip(branch);
        if (!tip) return false;
        out.tip = *tip;
        out.tip_tree = git.tree_of(*tip);
        out.info = git.info(*tip);
        auto parents = git.parents(*tip);
        if (parents.size() > 1) out.merged.assign(parents.begin() + 1, parents.end());
        if (!known.empty() && git.has_commit(known))
            out.before = known;
        else if (!hint.empty() && git.has_commit(hint))
            out.before = hint;
        else if (!parents.empty())
            out.before = parents.front();
        if (!out.before.empty()) {
            out.before_tree = git.tree_of(out.before);
            out.fast_forward = git.is_ancestor(out.before, *tip);
        }
        for (CommitSha at = *tip; at != out.before && out.commits.size() < commits_looked_at;) {
            out.commits.push_back(at);
            auto older = git.parents(at);
            if (older.empty()) break;
            at = older.front();
        }
        if (auto own = git.branch_tip(default_branch))
            out.own.trusted = git.file(git.tree_of(*own), repository_file);
        out.own.after = out.own.trusted;
        out.own.pushed = true;
        out.own.counts = branch == default_branch && !out.before.empty();
        if (out.own.counts) out.own.before = git.file(out.before_tree, repository_file);
        return true;
    };
    bool there = co_await context.pool.run(read);
    if (!there) co_return std::nullopt;
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
    auto numbers = numbers_in(push.info.message);
    push.merged.push_back(push.tip);
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

// The pull request that planned the stack, or else the newest that was merged.
PullRecord* bringer_of(const StackId& stack, const std::vector<PullRequest>& pulls,
                       std::map<int, Stored<PullRecord>>& records) {
    PullRecord* out = pulls.empty() ? nullptr : &records.at(pulls.front().name.number).value;
    for (auto& [number, record] : records)
        for (const auto& one : record.value.stacks)
            if (one.settings.id == stack) out = &record.value;
    return out;
}

// Nothing is done to a stack that is gone, and it is said where somebody reads it.
void tell_of_gone(const ConcernedStack& one, PullRecord* pull) {
    log_warning(one.gone->on_delete == OnDelete::orphan
                    ? "a stack is gone; its resources stay, unmanaged as it wants"
                    : "a stack is gone; its resources stay, and nothing is planned",
                {{"stack", one.stack.id.value}, {"directory", one.gone->directory}});
    if (!pull) return;
    for (auto& stack : pull->stacks)
        if (stack.settings.id == one.stack.id) {
            stack.gone = one.gone;
            return;
        }
    PullStack stack;
    stack.settings = one.stack;
    stack.push = one.decision;
    stack.gone = one.gone;
    pull->stacks.push_back(std::move(stack));
}

std::string why_confirmed(const Pushed& push, const std::string& branch, bool by_pull) {
    if (!push.fast_forward) return "the push to " + branch + " was not a fast-forward";
    return by_pull ? "" : "the push to " + branch + " came without a merged pull request";
}

}  // namespace

Task<void> look_at_branch(ReactContext& context, RepositoryName repository, std::string branch,
                          CommitSha hint_before, Actor pusher, Lease holding, bool may_lag) {
    auto& forge = *context.forges.at(repository.forge);
    auto organisation = context.organisation();
    auto self = may_describe_itself(context, forge, repository, *organisation);
    auto default_branch = co_await forge.default_branch(repository);
    const bool may_concern = !organisation->stacks_on(repository, branch).empty() || self.may;
    if (!may_concern) co_return;

    auto key = branch_key(repository, branch);
    auto known = co_await load<BranchRecord>(context.queue, key);
    auto push = co_await read_push(context, forge, repository, branch, default_branch,
                                   known.value.tip, hint_before);
    if (!push || push->tip == known.value.tip) co_return;
    auto described = describe(organisation, repository, branch, default_branch, self, push->own);

    if (!described.findings.empty()) {
        log_warning("a push is not looked at before its stacks can be read",
                    {{"branch", branch}, {"finding", described.findings.front()}});
        co_return;
    }

    std::vector<ConcernedStack> concerned;
    if (!push->before.empty()) {
        ChangeQuestion question;
        question.repository = push->repository;
        question.from = push->before_tree;
        question.to = push->tip_tree;
        question.planned = push->tip_tree;
        question.before = push->before_tree;
        question.push.branch = branch;
        question.push.head = push->tip;
        question.push.author = pusher.login;
        question.push.message = push->info.message;
        question.push.now_ms = context.clock.now_ms();
        concerned = co_await decide_change(context, described, std::move(question));
        // Nothing is skipped for ever: the next look begins where this one began.
        for (const auto& one : concerned)
            if (one.decision.failed)
                throw Failure("a push policy of " + one.stack.id.value +
                              " could not be evaluated for " + branch);
        std::erase_if(concerned, [](const ConcernedStack& one) {
            return one.decision.action != PushAction::track ||
                   one.stack.apply_when == ApplyWhen::never;
        });
        order_by_dependencies(concerned);
    }
    std::vector<PullRequest> pulls;
    if (!concerned.empty()) pulls = co_await merged_pulls(forge, repository, branch, push->commits);
    if (!concerned.empty() && pulls.empty() && push->fast_forward && may_lag)
        if (auto number = co_await pull_about_to_be_merged(forge, repository, branch, *push))
            throw ForgeLags("pull request " + std::to_string(*number) + " of " + repository.text() +
                            " is not merged");

    Commit commit;
    known.value.tip = push->tip;
    ++known.value.moves;
    commit.records.push_back(save(key, known));
    std::vector<Run> runs;
    std::map<int, Stored<PullRecord>> records;
    std::vector<std::string> replaced;  // runs from before the merge
    for (const auto& pull : pulls) {
        auto record = co_await load<PullRecord>(context.queue, pull_key(pull.name));
        record.value.pull = pull;
        records.emplace(pull.name.number, std::move(record));
    }
    TrackedCause cause;
    cause.repository = repository;
    cause.head = push->tip;
    cause.base = push->before;
    cause.tree = push->tip_tree;
    cause.before_tree = push->before_tree;
    cause.attempt = known.value.moves;
    cause.by = pusher;
    cause.must_confirm = why_confirmed(*push, branch, !pulls.empty());
    for (const auto& one : concerned) {
        auto* pull = bringer_of(one.stack.id, pulls, records);
        if (one.gone && !one.destroys()) {
            tell_of_gone(one, pull);
            continue;
        }
        auto run = tracked_run(context, one, cause);
        if (pull)
            if (const auto before = belongs_to(run, *pull); !before.empty()) {
                replaced.push_back(run_key(before));
                for (auto& stack : pull->stacks)
                    if (stack.settings.id == run.stack) stack.before_merge = before;
            }
        runs.push_back(std::move(run));
    }
    leave_tracked(commit, std::move(runs));
    auto earlier = co_await context.queue.read_many(replaced);
    for (std::size_t i = 0; i < replaced.size(); ++i) {
        if (!earlier[i].version) continue;
        Stored<Run> run{decoded_record<Run>(replaced[i], earlier[i]), earlier[i].version};
        const std::string why = "the pull request was merged";
        if (!run.value.before_merge) continue;
        if (!advance(run.value, RunEvent::canceled, context.clock.now_ms(), "slipway", why))
            continue;
        run.value.reason = why;
        commit.leave.push_back({"stack/" + run.value.stack.value, run.value.id.value});
        commit.records.push_back(save(replaced[i], run));
    }
    for (auto& [number, record] : records) {
        const auto name = record.value.pull.name;
        commit.records.push_back(save(pull_key(name), record));
        commit.jobs.push_back(make_job(JobKind::report, name.text(), name));
    }
    commit.holding = holding;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict)
        throw Overtaken("the branch was looked at by somebody else meanwhile");
}

}  // namespace slipway
