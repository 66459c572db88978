#include "handlers/webhooks/retry.hpp"

#include <algorithm>
#include <map>

#include "handlers/runs/lifecycle.hpp"
#include "handlers/webhooks/branch.hpp"
#include "handlers/webhooks/tracked.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

// A run that is asked for again, and what is planned in its place.
struct Again {
    Run old;
    ConcernedStack concerned;
};

// Derived: asked for twice, it is made once.
RunId retry_id(const RunId& old) { return RunId(sha256_hex("retry/" + old.value).substr(0, 20)); }

// Why it cannot be planned any more; "": `out` is what to plan. Blocking.
std::string plan_at(const DescribedTip& tip, const Run& old, ConcernedStack& out) {
    const auto& stacks = tip.described.stacks;
    const auto there = [&](const std::string& directory) {
        return tip.branch.repository->object_at(tip.branch.tree, directory).has_value();
    };
    const auto settings = std::find_if(stacks.begin(), stacks.end(),
                                       [&](const Stack& stack) { return stack.id == old.stack; });
    const bool described = settings != stacks.end();
    out.decision = old.push;
    out.stack = described ? *settings : old.settings;
    if (described && there(settings->directory)) return "";
    if (old.destroy) {
        if (described && settings->on_delete != OnDelete::destroy)
            return answers::not_to_be_destroyed(old.stack);
        out.stack = old.settings;
        out.gone.emplace();
        out.gone->directory = old.settings.directory;
        out.gone->described = described;
        out.gone->resources = resources_in_state(old);
        out.gone->on_delete = OnDelete::destroy;
        return "";
    }
    if (!described) return answers::not_described(old.stack);
    if (old.renamed_from == settings->directory && there(old.settings.directory)) {
        out.stack.directory = old.settings.directory;
        out.renamed_from = old.renamed_from;
        return "";
    }
    return answers::directory_gone(old.stack);
}

void answer(Commit& commit, const LookRequest& request, const std::string& trouble) {
    log_warning("a run is not planned again",
                {{"run", request.retried.front().value}, {"reason", trouble}});
    if (request.comment_id.empty()) return;
    CommentReply reply;
    reply.pull = request.pull;
    reply.comment_id = request.comment_id;
    reply.text = answers::not_retried(trouble);
    // Its own job: the command itself was answered under the comment's name.
    commit.jobs.push_back(
        make_job(jobs::late_reply(request.pull.repository.forge, request.comment_id), reply));
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

// All that was read.
struct RetryLook {
    LookRequest request;
    Mode mode = Mode::apply;
    std::int64_t now_ms = 0;
    std::string trouble;  // why nothing is planned again; "": it is
    CommitSha tip;
    TreeId tree;
    std::vector<Again> all;
    std::map<std::string, Stored<PullRecord>> pulls;  // that the old runs belong to, by key
};

Run run_again(const RetryLook& look, const Again& again) {
    TrackedCause cause;
    cause.repository = again.old.repository;
    cause.head = look.tip;
    cause.base = again.old.base;
    cause.tree = look.tree;
    cause.before_tree = again.old.tree;  // of a destroy, which was planned from there before
    cause.attempt = again.old.attempt;
    cause.by = look.request.actor;
    cause.mode = look.mode;
    cause.now_ms = look.now_ms;
    if (!again.old.destroy) cause.must_confirm = again.old.must_confirm;
    auto run = tracked_run(again.concerned, cause);
    run.id = retry_id(again.old.id);
    run.retry_of = again.old.id;
    run.only_for_upstream = again.old.only_for_upstream;
    run.pull = again.old.pull;
    run.approved_run = again.old.approved_run;
    return run;
}

std::vector<Run> runs_again(const RetryLook& look) {
    std::vector<ConcernedStack> order;
    for (const auto& one : look.all) order.push_back(one.concerned);
    order_by_dependencies(order);
    std::vector<Run> out;
    for (const auto& stack : order)
        for (const auto& one : look.all)
            if (one.concerned.stack.id == stack.stack.id) out.push_back(run_again(look, one));
    return out;
}

// Each becomes the run of its stack on the pull request that it came from.
void join_pulls(Commit& commit, RetryLook& look, std::vector<Run>& runs) {
    for (auto& run : runs) {
        if (!run.pull) continue;
        const PullRequestName name{run.repository, *run.pull};
        const auto record = look.pulls.find(pull_key(name));
        if (record == look.pulls.end()) continue;
        const auto approved_run = run.approved_run;
        belongs_to(run, record->second.value);
        run.approved_run = approved_run;
    }
    for (auto& [key, record] : look.pulls) {
        const auto& name = record.value.pull.name;
        commit.records.push_back(save(key, record));
        commit.jobs.push_back(make_job(jobs::report(name), name));
    }
}

Commit decide_retry(RetryLook look) {
    Commit commit;
    if (look.trouble.empty()) {
        auto runs = runs_again(look);
        join_pulls(commit, look, runs);
        create_runs(commit, std::move(runs));
    } else {
        answer(commit, look.request, look.trouble);
    }
    return commit;
}

// What each run is to plan at the branch's tip, or why one of them cannot be planned any more.
Task<void> read_branch(ReactContext& context, RetryLook& look, std::vector<Run> old) {
    auto& forge = *context.forges.at(old.front().repository.forge);
    auto tip =
        co_await read_tip(context, forge, old.front().repository, old.front().settings.branch);
    if (!tip) {
        look.trouble = answers::branch_gone();
        co_return;
    }
    look.tip = tip->branch.commit;
    look.tree = tip->branch.tree;
    if (!tip->described.findings.empty())
        look.trouble = answers::stacks_unreadable(tip->described.findings.front().text());
    auto find = [&] {
        for (auto& run : old) {
            if (!look.trouble.empty()) return;
            Again one{std::move(run), {}};
            look.trouble = plan_at(*tip, one.old, one.concerned);
            look.all.push_back(std::move(one));
        }
    };
    co_await context.pool.run(find);
}

Task<void> read_pulls(ReactContext& context, RetryLook& look) {
    for (const auto& one : look.all) {
        if (!one.old.pull) continue;
        const auto key = pull_key({one.old.repository, *one.old.pull});
        if (look.pulls.contains(key)) continue;
        auto record = co_await load<PullRecord>(context.queue, key);
        if (record.version) look.pulls.emplace(key, std::move(record));
    }
}

}  // namespace

Task<void> retry_runs(ReactContext& context, LookRequest request, Lease holding) {
    auto old = co_await asked_for(context, request.retried);
    if (old.empty()) co_return;
    RetryLook look;
    look.request = std::move(request);
    look.mode = context.mode;
    look.now_ms = context.clock.now_ms();
    co_await read_branch(context, look, std::move(old));
    co_await read_pulls(context, look);

    auto commit = decide_retry(std::move(look));
    commit.holding = holding;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict)
        throw Overtaken("the runs were asked for again by somebody else meanwhile");
}

}  // namespace slipway
