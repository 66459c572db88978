// Merging alone never permits an apply (rule W5): a tracked run remembers the merged pull request that brought
// its commit, and whose proposed run may lend it approvals. A push that came without one, or that is not a
// fast-forward, says so in `must_confirm` and waits for a person.
#include "handlers/webhooks/pushes.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "handlers/webhooks/change.hpp"
#include "queue/store.hpp"
#include "service/base/log.hpp"
#include "service/model/pull_record.hpp"

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
    std::optional<std::string> own_file;
    Repository::CommitInfo info;
    std::vector<CommitSha> commits;  // tip first, along first parents, not before itself
    std::vector<CommitSha> merged;   // the tip's other parents
};

inline constexpr std::size_t commits_looked_at = 50;

Task<std::optional<Pushed>> read_push(ReactContext& context, Forge& forge, RepositoryName repository,
                                      std::string branch, std::string default_branch, CommitSha known,
                                      CommitSha hint) {
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
            out.own_file = git.file(git.tree_of(*own), repository_file);
        return true;
    };
    bool there = co_await context.pool.run(read);
    if (!there) co_return std::nullopt;
    co_return out;
}

// The merged pull requests that brought these commits, newest first, without doubles.
Task<std::vector<PullRequest>> merged_pulls(Forge& forge, RepositoryName repository, std::string branch,
                                            std::vector<CommitSha> commits) {
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

// Whether an open pull request seems to have brought the push: the forge says "merged" a moment after it tells
// of the push. Whoever pushes writes the message, so this is good for waiting and nothing else (rules W1, W5).
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

// Upstreams before those that need their result; the catalogue has refused cycles.
void order_by_dependencies(std::vector<ConcernedStack>& stacks) {
    std::set<StackId> placed, here;
    for (const auto& one : stacks) here.insert(one.stack.id);
    std::vector<ConcernedStack> out;
    while (out.size() < stacks.size()) {
        const auto before = out.size();
        for (const auto& one : stacks) {
            if (placed.count(one.stack.id)) continue;
            const auto& needs = one.stack.depends_on;
            bool free = std::all_of(needs.begin(), needs.end(), [&](const StackId& id) {
                return !here.count(id) || placed.count(id);
            });
            if (!free) continue;
            out.push_back(one);
            placed.insert(one.stack.id);
        }
        if (out.size() == before) break;
    }
    if (out.size() == stacks.size()) stacks = std::move(out);
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
    auto push = co_await read_push(context, forge, repository, branch, default_branch, known.value.tip,
                                   hint_before);
    if (!push || push->tip == known.value.tip) co_return;
    auto described = describe(organisation, repository, branch, default_branch, self, push->own_file,
                              std::nullopt);

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
                throw Failure("a push policy of " + one.stack.id.value + " could not be evaluated for " + branch);
        std::erase_if(concerned, [](const ConcernedStack& one) {
            return one.decision.action != PushAction::track ||
                   one.stack.apply_when == ApplyWhen::never;
        });
        order_by_dependencies(concerned);
    }
    std::vector<PullRequest> pulls;
    if (!concerned.empty())
        pulls = co_await merged_pulls(forge, repository, branch, push->commits);
    if (!concerned.empty() && pulls.empty() && push->fast_forward && may_lag)
        if (auto number = co_await pull_about_to_be_merged(forge, repository, branch, *push))
            throw ForgeLags("pull request " + std::to_string(*number) + " of " + repository.text() +
                            " is not merged");

    Commit commit;
    known.value.tip = push->tip;
    ++known.value.moves;
    commit.records.push_back(save(key, known));
    std::map<StackId, Run> runs;
    std::map<int, Stored<PullRecord>> records;
    std::vector<std::string> replaced;  // runs from before the merge
    for (const auto& pull : pulls) {
        auto record = co_await load<PullRecord>(context.queue, pull_key(pull.name));
        record.value.pull = pull;
        records.emplace(pull.name.number, std::move(record));
    }
    for (const auto& one : concerned) {
        Run run;
        run.kind = RunKind::tracked;
        run.stack = one.stack.id;
        run.id = run_id(run.kind, repository, std::nullopt, push->tip, push->before, run.stack,
                        known.value.moves);
        run.attempt = known.value.moves;
        run.repository = repository;
        run.head = push->tip;
        run.base = push->before;
        run.tree = one.destroy ? push->before_tree : push->tip_tree;
        run.destroy = one.destroy;
        run.triggered_by = pusher;
        run.settings = one.stack;
        if (context.mode == Mode::observe) run.settings.mode = Mode::observe;
        run.push = one.decision;
        run.created_at_ms = context.clock.now_ms();
        StateChange first;
        first.at_ms = run.created_at_ms;
        first.by = pusher.text();
        run.history.push_back(std::move(first));
        // The pull request that planned this stack, or else the newest that was merged.
        PullStack* brought = nullptr;
        for (auto& [number, record] : records) {
            for (auto& stack : record.value.stacks) {
                if (stack.settings.id != run.stack) continue;
                run.pull = number;
                brought = &stack;
            }
        }
        if (brought) {
            run.lender = brought->proposed;
            if (!brought->tracked.empty()) replaced.push_back(run_key(brought->tracked));
            brought->before_merge = brought->tracked;
            brought->tracked = run.id;
        }
        if (!run.pull && !pulls.empty()) {
            run.pull = pulls.front().name.number;
            PullStack stack;
            stack.settings = run.settings;
            stack.push = run.push;
            stack.tracked = run.id;
            records.at(*run.pull).value.stacks.push_back(std::move(stack));
        }
        if (!push->fast_forward)
            run.must_confirm = "the push to " + branch + " was not a fast-forward";
        else if (pulls.empty())
            run.must_confirm = "the push to " + branch + " came without a merged pull request";
        for (const auto& upstream : run.settings.depends_on) {
            auto at = runs.find(upstream);
            if (at == runs.end()) continue;
            run.waits_for.push_back(at->second.id);
            at->second.dependents.push_back(run.id);
        }
        runs.emplace(run.stack, std::move(run));
    }
    for (auto& [id, run] : runs) {
        Stored<Run> stored{run, 0};
        commit.records.push_back(save(run_key(run.id), stored));
        commit.index.push_back({"runs", run.id.value, run.created_at_ms});
        commit.index.push_back({"runs/" + id.value, run.id.value, run.created_at_ms});
        if (run.waits_for.empty())
            commit.enter.push_back({"stack/" + id.value, run.id.value,
                                    make_job(JobKind::prepare, run.id.value, run.id)});
    }
    auto earlier = co_await context.queue.read_many(replaced);
    for (std::size_t i = 0; i < replaced.size(); ++i) {
        if (!earlier[i].version) continue;
        Stored<Run> run{decoded_record<Run>(replaced[i], earlier[i]), earlier[i].version};
        const std::string why = "the pull request was merged";
        if (!run.value.before_merge) continue;
        if (!advance(run.value, RunEvent::canceled, context.clock.now_ms(), "slipway", why)) continue;
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
