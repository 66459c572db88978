// A pull request, read afresh and turned into proposed runs. Everything that follows from one look
// is left in one commit; a look that lost the race against another starts over.
#include "handlers/webhooks/pulls.hpp"

#include <algorithm>

#include "handlers/webhooks/change.hpp"
#include "queue/store.hpp"
#include "service/model/provider.hpp"

namespace slipway {

namespace {

using Pull = Stored<PullRecord>;

// The commit that a look ends with, and what it collects on the way.
struct Outcome {
    Commit commit;
    PullRecord record;
};

void leave_report(Outcome& out, const PullRequestName& name) {
    out.commit.jobs.push_back(make_job(JobKind::report, name.text(), name));
}

Task<void> store(ReactContext& context, Pull pull, Outcome out) {
    pull.value = std::move(out.record);
    out.commit.records.push_back(save(pull_key(pull.value.pull.name), pull));
    auto done = co_await context.queue.commit(std::move(out.commit));
    if (done == Committed::conflict)
        throw Overtaken("the pull request was looked at by somebody else meanwhile");
}

// What an administrator allowed on a pull request counts for its stacks once it is merged.
Task<void> keep_allowed_providers(ReactContext& context, const PullRecord& merged, Commit& commit) {
    if (merged.allowed_providers.empty()) co_return;
    for (const auto& stack : merged.stacks) {
        const auto key = providers_key(stack.settings.id);
        auto basis = co_await load<ProviderBasis>(context.queue, key);
        if (!basis.version) continue;  // none of its runs was prepared
        auto& allowed = basis.value.allowed;
        const auto known = allowed.size();
        for (const auto& source : merged.allowed_providers)
            if (std::find(allowed.begin(), allowed.end(), source) == allowed.end())
                allowed.push_back(source);
        if (allowed.size() != known) commit.records.push_back(save(key, basis));
    }
}

// Runs of an earlier look that are not over: superseded by this one.
Task<void> supersede(ReactContext& context, const PullRecord& before, const PullRecord& now,
                     std::string why, Outcome& out) {
    std::vector<std::string> keys;
    for (const auto& stack : before.stacks) {
        for (const auto* id : {&stack.proposed, &stack.tracked}) {
            const bool kept = std::any_of(
                now.stacks.begin(), now.stacks.end(),
                [&](const PullStack& s) { return s.proposed == *id || s.tracked == *id; });
            if (!id->empty() && !kept) keys.push_back(run_key(*id));
        }
    }
    auto records = co_await context.queue.read_many(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!records[i].version) continue;
        Stored<Run> run{decoded_record<Run>(keys[i], records[i]), records[i].version};
        if (run.value.kind == RunKind::tracked && !run.value.before_merge)
            continue;  // of the branch
        if (!advance(run.value, RunEvent::canceled, context.clock.now_ms(), "slipway", why))
            continue;
        run.value.reason = why;
        if (run.value.before_merge)
            out.commit.leave.push_back({"stack/" + run.value.stack.value, run.value.id.value});
        out.commit.cancel.push_back(JobId("prepare/" + run.value.id.value));
        out.commit.cancel.push_back(JobId("perform/" + run.value.id.value + "/plan"));
        out.commit.records.push_back(save(keys[i], run));
    }
}

Run proposed_run(ReactContext& context, const PullRecord& record, const ConcernedStack& concerned,
                 const TreeId& tree) {
    Run run;
    const auto& pull = record.pull;
    run.kind = RunKind::proposed;
    run.id = run_id(run.kind, pull.name.repository, pull.name.number, pull.head, record.base,
                    concerned.stack.id, record.attempt);
    run.stack = concerned.stack.id;
    run.repository = pull.name.repository;
    run.pull = pull.name.number;
    run.head = pull.head;
    run.base = record.base;
    run.tree = tree;
    run.destroy = concerned.destroys();
    run.renamed_from = concerned.renamed_from;
    run.attempt = record.attempt;
    run.triggered_by = pull.author;
    run.settings = concerned.stack;
    if (context.mode == Mode::observe) run.settings.mode = Mode::observe;
    run.push = concerned.decision;
    run.created_at_ms = context.clock.now_ms();
    StateChange first;
    first.at_ms = run.created_at_ms;
    first.by = "slipway";
    run.history.push_back(std::move(first));
    return run;
}

void add_run(Outcome& out, const Run& run) {
    Stored<Run> stored{run, 0};
    out.commit.records.push_back(save(run_key(run.id), stored));
    out.commit.index.push_back({"runs", run.id.value, run.created_at_ms});
    out.commit.index.push_back({"runs/" + run.stack.value, run.id.value, run.created_at_ms});
    out.commit.jobs.push_back(make_job(JobKind::prepare, run.id.value, run.id));
}

std::string action_word(const PullRequest& pull) { return pull.draft ? "draft" : "synchronize"; }

// What the look found in git: the trees to compare and to plan.
struct Trees {
    std::shared_ptr<Repository> repository;
    CommitSha base;  // tip of the base branch
    TreeId fork_point, head, base_tree;
    MergeResult merge;
    OwnFiles own;
    Repository::CommitInfo info;
};

Task<Trees> read_trees(ReactContext& context, Forge& forge, PullRequest pull, CommitSha keep_base,
                       std::string default_branch) {
    Trees out;
    const auto name = pull.name.repository.text();
    auto remote = co_await forge.git_remote(pull.name.repository);
    std::vector<CommitSha> commits{pull.head};
    std::vector<std::string> branches{pull.base_branch};
    if (default_branch != pull.base_branch) branches.push_back(default_branch);
    branches.push_back(forge.ref_of_pull(pull.name.number));
    co_await context.mirrors.fetch(name, std::move(remote), std::move(commits),
                                   std::move(branches));
    out.repository = context.mirrors.open(name);
    auto read = [&out, &pull, &keep_base, &default_branch] {
        auto& repository = *out.repository;
        auto tip = repository.branch_tip(pull.base_branch);
        if (!tip) throw Failure("the branch " + pull.base_branch + " does not exist", Retry::later);
        out.base = keep_base.empty() ? *tip : keep_base;
        out.base_tree = repository.tree_of(out.base);
        out.head = repository.tree_of(pull.head);
        auto fork_point = repository.merge_base(out.base, pull.head);
        out.fork_point = fork_point ? repository.tree_of(*fork_point) : out.base_tree;
        out.merge = repository.merge(out.base, pull.head);
        out.info = repository.info(pull.head);
        if (auto own = repository.branch_tip(default_branch))
            out.own.trusted = repository.file(repository.tree_of(*own), repository_file);
        if (out.merge.tree) out.own.after = repository.file(*out.merge.tree, repository_file);
        out.own.counts = out.merge.tree && default_branch == pull.base_branch;
        if (out.own.counts) out.own.before = repository.file(out.base_tree, repository_file);
    };
    co_await context.pool.run(read);
    co_return out;
}

// A stack of an earlier look at the same commits keeps its run, so that nothing is planned twice.
const PullStack* already_planned(const PullRecord& before, const PullRecord& now, const StackId& id,
                                 bool planned_anew) {
    if (planned_anew || before.base != now.base) return nullptr;
    for (const auto& stack : before.stacks)
        if (stack.settings.id == id && !stack.proposed.empty()) return &stack;
    return nullptr;
}

}  // namespace

Task<void> look_at_pull(ReactContext& context, PullRequestName name, LookAgain again,
                        std::vector<StackId> targets, Lease holding) {
    auto& forge = *context.forges.at(name.repository.forge);
    auto fresh = co_await forge.pull_request(name);
    if (!fresh) throw ForgeLags("the forge does not know " + name.text());
    auto pull = co_await load<PullRecord>(context.queue, pull_key(name));
    const PullRecord before = pull.value;

    Outcome out;
    out.record = before;
    out.record.pull = *fresh;
    out.record.read_at_ms = context.clock.now_ms();
    out.record.reviews_read = false;
    if (fresh->state != PullState::open) {
        std::string why = fresh->state == PullState::merged ? "the pull request was merged"
                                                            : "the pull request was closed";
        PullRecord nothing;
        co_await supersede(context, before, nothing, std::move(why), out);
        if (fresh->state == PullState::merged)
            co_await keep_allowed_providers(context, before, out.commit);
        if (!before.stacks.empty()) leave_report(out, name);
        co_await store(context, std::move(pull), std::move(out));
        co_return;
    }

    // The summary check stands at once: before git, policies and tools are asked. Until the stacks
    // are known those of the record are of an earlier head, also for whoever looks again after this
    // look has failed.
    const bool moved =
        before.pull.head != fresh->head || before.pull.base_branch != fresh->base_branch;
    const bool begins = moved || before.pull.state != PullState::open;
    const bool nothing_kept = begins || before.discovering_stacks;
    if (begins) {
        Outcome early;
        early.record = out.record;
        early.record.discovering_stacks = true;
        if (pull.version) ++early.record.attempt;  // a head may come back: its runs are new ones
        leave_report(early, name);
        co_await store(context, std::move(pull), std::move(early));
        pull = co_await load<PullRecord>(context.queue, pull_key(name));
        const auto& now = pull.value.pull;
        if (now.head != fresh->head || now.base_branch != fresh->base_branch)
            throw Overtaken("the pull request was looked at by somebody else meanwhile");
        out.record = pull.value;
    }

    auto default_branch = fresh->default_branch;
    if (default_branch.empty()) default_branch = co_await forge.default_branch(name.repository);
    CommitSha keep_base = nothing_kept || again == LookAgain::always ? CommitSha() : before.base;
    auto trees = co_await read_trees(context, forge, *fresh, keep_base, default_branch);
    auto organisation = context.organisation();
    auto self = may_describe_itself(context, forge, name.repository, *organisation);
    auto described = describe(organisation, name.repository, fresh->base_branch, default_branch,
                              self, trees.own);
    if (context.looks_at)
        for (auto* stacks : {&described.stacks, &described.undescribed})
            std::erase_if(*stacks, std::not_fn(context.looks_at));

    auto& record = out.record;
    record.discovering_stacks = false;
    record.reviews_read = false;
    record.base = trees.base;
    record.conflicts = trees.merge.conflicts;
    record.configuration = described.findings;
    record.stacks.clear();
    if (again == LookAgain::always) ++record.attempt;

    ChangeQuestion question;
    question.repository = trees.repository;
    question.from = trees.fork_point;
    question.to = trees.head;
    question.planned = trees.merge.tree.value_or(trees.head);
    question.before = trees.base_tree;
    question.push.pull = *fresh;
    question.push.action = action_word(*fresh);
    question.push.branch = fresh->head_branch;
    question.push.head = fresh->head;
    question.push.author = fresh->author.login;
    question.push.message = trees.info.message;
    question.push.now_ms = context.clock.now_ms();
    auto concerned = co_await decide_change(context, described, std::move(question));

    bool keeps_a_plan = false;
    for (auto& one : concerned) {
        PullStack stack;
        stack.settings = one.stack;
        stack.push = one.decision;
        stack.is_new = one.stack.only_in_head;
        stack.gone = one.gone;
        stack.renamed_from = one.renamed_from;
        const bool targeted = targets.empty() || std::find(targets.begin(), targets.end(),
                                                           one.stack.id) != targets.end();
        const bool anew = nothing_kept || (again == LookAgain::always && targeted);
        if (fresh->fork)
            stack.not_planned = "the pull request comes from a fork, and nothing of a fork is run";
        else if (!record.conflicts.empty())
            stack.not_planned = "the pull request conflicts with " + fresh->base_branch;
        else if (one.decision.failed)
            stack.not_planned = "a push policy could not be evaluated";
        else if (one.gone && !one.destroys()) {
            // Nothing is planned; what there is to say of it stands in `gone`.
        } else if (const auto* kept = already_planned(before, record, one.stack.id, anew)) {
            stack.proposed = kept->proposed;
            stack.tracked = kept->tracked;
            keeps_a_plan = true;
        } else {
            auto run = proposed_run(context, record, one,
                                    one.destroys() ? trees.base_tree : *trees.merge.tree);
            stack.proposed = run.id;
            add_run(out, run);
        }
        record.stacks.push_back(std::move(stack));
    }
    co_await supersede(context, before, record,
                       "superseded by " + std::string(shortened(fresh->head.value)), out);
    leave_report(out, name);
    if (keeps_a_plan)  // the others are considered when they are judged
        out.commit.jobs.push_back(make_job(JobKind::consider, name.text(), name));
    out.commit.holding = holding;
    out.commit.finish = true;
    co_await store(context, std::move(pull), std::move(out));
}

}  // namespace slipway
