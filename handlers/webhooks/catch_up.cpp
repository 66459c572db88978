#include "handlers/webhooks/catch_up.hpp"

#include <algorithm>
#include <set>

#include "handlers/runs/lifecycle.hpp"
#include "handlers/webhooks/described.hpp"
#include "handlers/webhooks/pulls.hpp"
#include "handlers/webhooks/push_decision.hpp"
#include "handlers/webhooks/pushes.hpp"
#include "queue/store.hpp"
#include "service/base/log.hpp"
#include "service/base/pause.hpp"

namespace slipway {

namespace {

constexpr std::chrono::minutes pause_between{30};
constexpr int priority = -1;  // whoever waits goes first
constexpr int most_repositories = 10'000;
constexpr int newest_runs = 500;

Job job_of(JobName name, CatchUp what) {
    auto job = make_job(std::move(name), what);
    job.repository = what.repository.text();
    job.priority = priority;
    return job;
}

// Of the stacks that the tree names there, and the default branch where the repository may describe
// its own.
Task<std::set<std::string>> branches_of(ReactContext& context, Forge& forge,
                                        RepositoryName repository) {
    std::set<std::string> out;
    const auto organisation = context.organisation();
    bool default_one = may_describe_itself(context, forge, repository, *organisation).may;
    for (const auto& stack : organisation->stacks) {
        if (stack.repository != repository) continue;
        if (stack.branch.empty())
            default_one = true;
        else
            out.insert(stack.branch);
    }
    if (default_one) {
        auto branch = co_await forge.default_branch(repository);
        out.insert(std::move(branch));
    }
    co_return out;
}

// Its reviews are read again where the forge does not tell that one was dismissed.
void leave_review_reading(Commit& commit, const Forge& forge, Stored<PullRecord> record) {
    if (forge.traits().tells_dismissals || record.value.reviews.empty()) return;
    record.value.reviews_read = false;
    const auto name = record.value.pull.name;
    commit.records.push_back(save(pull_key(name), record));
    commit.jobs.push_back(make_job(jobs::consider(name), name));
}

// Remembered as open, with a run among the newest, and not listed: closed or merged meanwhile.
Task<std::vector<PullRequestName>> pulls_gone(ReactContext& context, RepositoryName repository,
                                              std::vector<PullRequest> open) {
    const auto listed = co_await context.queue.list(runs_index(), 0, newest_runs);
    std::vector<RunId> ids;
    for (const auto& [id, score] : listed) ids.emplace_back(id);
    const auto runs = co_await load_runs(context.queue, std::move(ids));
    std::set<PullRequestName> named;
    for (const auto& run : runs)
        if (run.value.pull && run.value.repository == repository)
            named.insert({repository, *run.value.pull});
    for (const auto& pull : open) named.erase(pull.name);
    std::vector<PullRequestName> out;
    for (const auto& name : named) {
        const auto record = co_await load<PullRecord>(context.queue, pull_key(name));
        if (record.version && record.value.pull.state == PullState::open) out.push_back(name);
    }
    co_return out;
}

Task<void> look_at_repository(ReactContext& context, RepositoryName repository, Lease holding) {
    auto& forge = *context.forges.at(repository.forge);
    Commit commit;
    auto known = co_await load<RepositoryRecord>(context.queue, repository_key(repository));
    auto id = co_await forge.repository_id(repository);
    if (id != known.value.id) {
        known.value.id = std::move(id);
        commit.records.push_back(save(repository_key(repository), known));
    }
    auto open = co_await forge.open_pulls(repository);
    for (const auto& pull : open) {
        auto record = co_await load<PullRecord>(context.queue, pull_key(pull.name));
        if (!record.version || has_moved(record.value.pull, pull))
            commit.jobs.push_back(
                job_of(jobs::catch_up(pull.name), {repository, pull.name.number, ""}));
        else
            leave_review_reading(commit, forge, std::move(record));
    }
    const auto gone = co_await pulls_gone(context, repository, std::move(open));
    for (const auto& name : gone)
        commit.jobs.push_back(job_of(jobs::catch_up(name), {repository, name.number, ""}));
    auto branches = co_await branches_of(context, forge, repository);
    for (const auto& branch : branches)
        commit.jobs.push_back(job_of(jobs::catch_up(repository, branch), {repository, 0, branch}));
    commit.holding = holding;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("a pull request was looked at meanwhile");
}

Task<void> look_at_tip(ReactContext& context, RepositoryName repository, std::string branch,
                       ClaimedJob job) {
    auto known = co_await load<BranchRecord>(context.queue, branch_key(repository, branch));
    if (!known.version) co_return co_await note_branch(context, repository, branch, job.lease);
    CommitSha no_hint;
    const Actor nobody{repository.forge, ""};
    const bool may_lag = job.attempt == 1;
    co_await look_at_branch(context, repository, branch, no_hint, nobody, job.lease, may_lag);
}

// Those that the tree names, and those that pull requests were seen in.
Task<std::set<RepositoryName>> known_repositories(ReactContext& context) {
    std::set<RepositoryName> out;
    for (const auto& stack : context.organisation()->stacks) out.insert(stack.repository);
    auto seen = co_await context.queue.list(repositories_index(), 0, most_repositories);
    for (const auto& [name, at_ms] : seen)
        if (auto repository = RepositoryName::parse(name)) out.insert(std::move(*repository));
    std::erase_if(out,
                  [&](const RepositoryName& one) { return !context.forges.contains(one.forge); });
    co_return out;
}

Task<void> leave_jobs(ReactContext& context) {
    auto repositories = co_await known_repositories(context);
    Commit commit;
    for (const auto& repository : repositories)
        commit.jobs.push_back(job_of(jobs::catch_up(repository), {repository, 0, ""}));
    if (!commit.jobs.empty()) co_await context.queue.commit(std::move(commit));
}

}  // namespace

bool has_moved(const PullRequest& known, const PullRequest& listed) {
    return known.state != PullState::open || known.head != listed.head ||
           known.base_branch != listed.base_branch || known.draft != listed.draft;
}

Task<void> catch_up(ReactContext& context, ClaimedJob job) {
    const auto what = job_payload<CatchUp>(job.job);
    if (!context.forges.contains(what.repository.forge)) co_return;
    if (what.pull > 0) {
        const PullRequestName name{what.repository, what.pull};
        std::vector<StackId> all;
        co_return co_await look_at_pull(context, name, LookAgain::if_new, std::move(all),
                                        job.lease);
    }
    if (!what.branch.empty())
        co_return co_await look_at_tip(context, what.repository, what.branch, std::move(job));
    co_await look_at_repository(context, what.repository, job.lease);
}

Task<void> catch_up_for_ever(ReactContext& context) {
    for (;;) {
        std::string trouble;
        try {
            co_await leave_jobs(context);
        } catch (const std::exception& error) {
            trouble = error.what();
        }
        if (!trouble.empty())
            log_warning("what no webhook told could not be looked for", {{"reason", trouble}});
        co_await sleep_for(pause_between);
    }
}

}  // namespace slipway
