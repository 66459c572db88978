#include "handlers/webhooks/retry.hpp"

#include <algorithm>
#include <map>

#include "handlers/webhooks/tracked.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

// The branch as it is now.
struct Tip {
    std::shared_ptr<Repository> repository;
    CommitSha commit;
    TreeId tree;
    DescribedStacks described;
};

// A run that is asked for again, and what is planned in its place.
struct Again {
    Run old;
    ConcernedStack concerned;
};

// Derived: asked for twice, it is made once.
RunId retry_id(const RunId& old) { return RunId(sha256_hex("retry/" + old.value).substr(0, 20)); }

Task<std::optional<Tip>> read_tip(ReactContext& context, Forge& forge, RepositoryName repository,
                                  std::string branch) {
    auto default_branch = co_await forge.default_branch(repository);
    auto remote = co_await forge.git_remote(repository);
    std::vector<CommitSha> none;
    std::vector<std::string> branches{branch};
    if (default_branch != branch) branches.push_back(default_branch);
    co_await context.mirrors.fetch(repository.text(), std::move(remote), std::move(none),
                                   std::move(branches));
    Tip out;
    out.repository = context.mirrors.open(repository.text());
    OwnFiles own;
    auto read = [&]() -> bool {
        auto& git = *out.repository;
        const auto tip = git.branch_tip(branch);
        if (!tip) return false;
        out.commit = *tip;
        out.tree = git.tree_of(*tip);
        if (auto at = git.branch_tip(default_branch))
            own.trusted = git.file(git.tree_of(*at), repository_file);
        own.after = own.trusted;
        return true;
    };
    const bool there = co_await context.pool.run(read);
    if (!there) co_return std::nullopt;
    auto organisation = context.organisation();
    auto self = may_describe_itself(context, forge, repository, *organisation);
    out.described = describe(organisation, repository, branch, default_branch, self, own);
    co_return out;
}

// Why it cannot be planned any more; "": `out` is what to plan. Blocking.
std::string plan_at(const Tip& tip, const Run& old, ConcernedStack& out) {
    const auto& stacks = tip.described.stacks;
    const auto name = "`" + old.stack.value + "`";
    const auto there = [&](const std::string& directory) {
        return tip.repository->object_at(tip.tree, directory).has_value();
    };
    const auto settings = std::find_if(stacks.begin(), stacks.end(),
                                       [&](const Stack& stack) { return stack.id == old.stack; });
    const bool described = settings != stacks.end();
    out.decision = old.push;
    out.stack = described ? *settings : old.settings;
    if (described && there(settings->directory)) return "";
    if (old.destroy) {
        if (described && settings->on_delete != OnDelete::destroy)
            return "the settings of " + name + " do not say `delete: destroy` any more";
        out.stack = old.settings;
        out.gone.emplace();
        out.gone->directory = old.settings.directory;
        out.gone->described = described;
        out.gone->resources = old.resources;
        out.gone->on_delete = OnDelete::destroy;
        return "";
    }
    if (!described) return name + " is not described any more";
    if (old.renamed_from == settings->directory && there(old.settings.directory)) {
        out.stack.directory = old.settings.directory;
        out.renamed_from = old.renamed_from;
        return "";
    }
    return "the directory of " + name + " does not exist on the branch any more";
}

Run run_again(const ReactContext& context, const Tip& tip, const Again& again, const Actor& by) {
    TrackedCause cause;
    cause.repository = again.old.repository;
    cause.head = tip.commit;
    cause.base = again.old.base;
    cause.tree = tip.tree;
    cause.before_tree = again.old.tree;  // of a destroy, which was planned from there before
    cause.attempt = again.old.attempt;
    cause.by = by;
    cause.must_confirm = again.old.destroy ? "" : again.old.must_confirm;
    auto run = tracked_run(context, again.concerned, cause);
    run.id = retry_id(again.old.id);
    run.retry_of = again.old.id;
    run.pull = again.old.pull;
    run.approved_run = again.old.approved_run;
    return run;
}

void answer(Commit& commit, const LookRequest& request, const std::string& trouble) {
    log_warning("a run is not planned again",
                {{"run", request.retried.front().value}, {"reason", trouble}});
    if (request.comment_id.empty()) return;
    CommentReply reply;
    reply.pull = request.pull;
    reply.comment_id = request.comment_id;
    reply.text = "Nothing is planned again: " + trouble + ".";
    // Its own job: the command itself was answered under the comment's name.
    commit.jobs.push_back(
        make_job(JobKind::reply,
                 request.pull.repository.forge + "/" + request.comment_id + "/again", reply));
}

Task<std::vector<Run>> asked_for(ReactContext& context, std::vector<RunId> ids) {
    std::vector<std::string> keys;
    for (const auto& id : ids) {
        keys.push_back(run_key(id));
        keys.push_back(run_key(retry_id(id)));
    }
    auto records = co_await context.queue.read_many(keys);
    std::vector<Run> out;
    for (std::size_t i = 0; i < keys.size(); i += 2)
        if (records[i].version && !records[i + 1].version)
            out.push_back(decoded_record<Run>(keys[i], records[i]));
    co_return out;
}

std::vector<Run> runs_again(const ReactContext& context, const Tip& tip, std::vector<Again> all,
                            const Actor& by) {
    std::vector<ConcernedStack> order;
    for (const auto& one : all) order.push_back(one.concerned);
    order_by_dependencies(order);
    std::vector<Run> out;
    for (const auto& stack : order)
        for (const auto& one : all)
            if (one.concerned.stack.id == stack.stack.id)
                out.push_back(run_again(context, tip, one, by));
    return out;
}

// Each becomes the run of its stack on the pull request that it came from.
Task<void> join_pulls(ReactContext& context, Commit& commit, std::vector<Run>& runs) {
    std::map<std::string, Stored<PullRecord>> records;
    for (auto& run : runs) {
        if (!run.pull) continue;
        const PullRequestName name{run.repository, *run.pull};
        auto known = records.find(pull_key(name));
        if (known == records.end()) {
            auto record = co_await load<PullRecord>(context.queue, pull_key(name));
            if (!record.version) continue;
            known = records.emplace(pull_key(name), std::move(record)).first;
        }
        const auto approved_run = run.approved_run;
        belongs_to(run, known->second.value);
        run.approved_run = approved_run;
    }
    for (auto& [key, record] : records) {
        const auto& name = record.value.pull.name;
        commit.records.push_back(save(key, record));
        commit.jobs.push_back(make_job(JobKind::report, name.text(), name));
    }
}

}  // namespace

Task<void> retry_runs(ReactContext& context, LookRequest request, Lease holding) {
    auto old = co_await asked_for(context, request.retried);
    if (old.empty()) co_return;
    auto& forge = *context.forges.at(old.front().repository.forge);
    auto tip =
        co_await read_tip(context, forge, old.front().repository, old.front().settings.branch);
    std::string trouble = tip ? "" : "the branch does not exist any more";
    if (tip && !tip->described.findings.empty())
        trouble = "the stacks cannot be read: " + tip->described.findings.front();
    std::vector<Again> all;
    auto look = [&] {
        for (auto& run : old) {
            if (!trouble.empty()) return;
            Again one{std::move(run), {}};
            trouble = plan_at(*tip, one.old, one.concerned);
            all.push_back(std::move(one));
        }
    };
    co_await context.pool.run(look);

    Commit commit;
    if (trouble.empty()) {
        auto runs = runs_again(context, *tip, std::move(all), request.actor);
        co_await join_pulls(context, commit, runs);
        leave_tracked(commit, std::move(runs));
    } else {
        answer(commit, request, trouble);
    }
    commit.holding = holding;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict)
        throw Overtaken("the runs were asked for again by somebody else meanwhile");
}

}  // namespace slipway
