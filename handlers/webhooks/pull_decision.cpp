#include "handlers/webhooks/pull_decision.hpp"

#include <algorithm>
#include <set>

namespace slipway {

namespace {

void leave_report(Commit& commit, const PullRequestName& name) {
    commit.jobs.push_back(make_job(jobs::report(name), name));
}

void save_record(Commit& commit, const Stored<PullRecord>& record) {
    commit.records.push_back(save(pull_key(record.value.pull.name), record));
}

// What is remembered, with what the forge says now.
Stored<PullRecord> refreshed(const PullLook& look) {
    auto out = look.known;
    out.value.pull = look.fresh;
    out.value.read_at_ms = look.now_ms;
    out.value.reviews_read = false;
    return out;
}

void keep_allowed_providers(Commit& commit, const PullLook& look) {
    for (auto [key, basis] : look.providers) {
        if (!basis.version) continue;  // none of its runs was prepared
        auto& allowed = basis.value.allowed;
        const auto known = allowed.size();
        for (const auto& source : look.known.value.allowed_providers)
            if (std::find(allowed.begin(), allowed.end(), source) == allowed.end())
                allowed.push_back(source);
        if (allowed.size() != known) commit.records.push_back(save(key, basis));
    }
}

const PullStack* find_stack(const PullRecord& record, const StackId& id) {
    for (const auto& stack : record.stacks)
        if (stack.settings.id == id) return &stack;
    return nullptr;
}

// What this head's look before knew of it.
const PullStack* known_stack(const PullLook& look, const StackId& id) {
    return look.nothing_kept ? nullptr : find_stack(look.known.value, id);
}

bool is_targeted(const PullLook& look, const StackId& id) {
    return look.targets.empty() ||
           std::find(look.targets.begin(), look.targets.end(), id) != look.targets.end();
}

// It is planned when somebody asks, and nobody has: for its settings say so, or since somebody has
// dropped its plan.
bool waits_to_be_asked(const PullLook& look, const ConcernedStack& one) {
    const auto& id = one.stack.id;
    if (look.again == LookAgain::always && is_targeted(look, id)) return false;
    const auto* known = known_stack(look, id);
    if (known && known->not_planned.cause == Cause::ended_by) return true;
    const bool was_asked = known && !(known->proposed.empty() && known->tracked.empty());
    return one.stack.plan_when == PlanWhen::asked && !was_asked;
}

// Empty: it is planned.
Reason why_not_planned(const PullLook& look, const ConcernedStack& one) {
    const auto* known = known_stack(look, one.stack.id);
    if (known && known->not_planned.cause == Cause::ended_by && waits_to_be_asked(look, one))
        return known->not_planned;
    if (look.fresh.fork && look.known.value.allowed_commit != look.fresh.head)
        return {Cause::from_fork};
    if (!look.merge.conflicts.empty()) return {Cause::conflicts, look.fresh.base_branch};
    if (one.decision.failed) return {Cause::push_policy_error};
    return {};
}

// Of one that is gone nothing is planned, and what there is to say of it stands in `gone`.
bool is_planned(const PullLook& look, const ConcernedStack& one) {
    return why_not_planned(look, one).empty() && (!one.gone || one.destroys()) &&
           !waits_to_be_asked(look, one);
}

// A stack of an earlier look at the same commits keeps its run, so that nothing is planned twice.
// One whose apply was asked for before the merge is planned again by a person alone.
const PullStack* kept_stack(const PullLook& look, const ConcernedStack& one) {
    const auto& before = look.known.value;
    const auto& id = one.stack.id;
    const auto* known = find_stack(before, id);
    const bool applies = known && !known->tracked.empty();
    if (applies && look.again == LookAgain::stale && !look.nothing_kept) return known;
    const bool anew =
        look.nothing_kept || (look.again != LookAgain::if_new && is_targeted(look, id));
    if (anew || before.base != look.base || !is_planned(look, one)) return nullptr;
    return known && !known->proposed.empty() ? known : nullptr;
}

// For each concerned stack its stack of an earlier look, where that keeps its run. What reads
// outputs of one that is planned again is planned again, too.
struct Kept {
    std::vector<const PullStack*> stacks;  // null: it keeps none
    std::set<StackId> for_upstream;        // that would have kept theirs
};

Kept kept_stacks(const PullLook& look) {
    Kept out;
    std::set<StackId> anew;
    for (const auto& one : look.concerned) {
        out.stacks.push_back(kept_stack(look, one));
        if (!out.stacks.back() && is_planned(look, one)) anew.insert(one.stack.id);
    }
    for (bool more = true; more;) {
        more = false;
        for (std::size_t i = 0; i < look.concerned.size(); ++i) {
            const auto& one = look.concerned[i];
            const auto* kept = out.stacks[i];
            if (!kept || !kept->tracked.empty() || !is_planned(look, one)) continue;
            const auto& reads = one.stack.references;
            if (std::none_of(reads.begin(), reads.end(),
                             [&](const auto& read) { return anew.contains(read.stack); }))
                continue;
            out.stacks[i] = nullptr;
            anew.insert(one.stack.id);
            out.for_upstream.insert(one.stack.id);
            more = true;
        }
    }
    return out;
}

// The run whose approvals a plan that nobody asked for may keep: the one before it, or, where that
// came to no plan, the one before that.
RunId approved_before(const PullLook& look, const StackId& id, bool for_upstream) {
    if ((look.again != LookAgain::stale && !for_upstream) || look.nothing_kept) return {};
    const auto* stack = find_stack(look.known.value, id);
    if (!stack) return {};
    for (const auto& run : look.earlier)
        if (run.value.id == stack->proposed)
            return run.value.plan ? run.value.id : run.value.approved_run;
    return {};
}

Run proposed_run(const PullLook& look, const PullRecord& record, const ConcernedStack& concerned,
                 bool for_upstream) {
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
    run.tree = concerned.destroys() ? look.base_tree : *look.merge.tree;
    run.destroy = concerned.destroys();
    run.renamed_from = concerned.renamed_from;
    run.attempt = record.attempt;
    run.triggered_by = pull.author;
    run.approved_run = approved_before(look, run.stack, for_upstream);
    run.settings = concerned.stack;
    if (look.mode == Mode::observe) run.settings.mode = Mode::observe;
    run.push = concerned.decision;
    begin_history(run, look.now_ms, "slipway");
    return run;
}

PullStack stack_of(const PullLook& look, const ConcernedStack& one) {
    PullStack out;
    out.settings = one.stack;
    out.push = one.decision;
    out.is_new = one.stack.only_in_head;
    out.gone = one.gone;
    out.renamed_from = one.renamed_from;
    out.not_planned = why_not_planned(look, one);
    return out;
}

bool has_run(const PullRecord& record, const RunId& id) {
    return std::any_of(record.stacks.begin(), record.stacks.end(), [&](const PullStack& stack) {
        return stack.proposed == id || stack.tracked == id;
    });
}

// What reads outputs of a plan that is under way waits for it.
void wait_for_kept(Commit& commit, std::vector<StoredRun> upstreams, std::vector<Run>& runs) {
    for (auto& upstream : upstreams) {
        if (is_terminal(upstream.value.state)) continue;
        const auto known = upstream.value.dependents.size();
        for (auto& run : runs) {
            const auto& reads = run.settings.references;
            if (std::none_of(reads.begin(), reads.end(),
                             [&](const auto& one) { return one.stack == upstream.value.stack; }))
                continue;
            run.waits_for.push_back(upstream.value.id);
            upstream.value.dependents.push_back(run.id);
        }
        if (upstream.value.dependents.size() != known)
            commit.records.push_back(save(run_key(upstream.value.id), upstream));
    }
}

void propose(Commit& commit, const PullLook& look, PullRecord& record,
             const std::set<StackId>& for_upstream, const std::vector<ConcernedStack>& planned) {
    std::vector<Run> runs;
    for (const auto& one : planned) {
        runs.push_back(proposed_run(look, record, one, for_upstream.contains(one.stack.id)));
        for (auto& stack : record.stacks)
            if (stack.settings.id == one.stack.id) stack.proposed = runs.back().id;
    }
    wait_for_kept(commit, look.upstreams, runs);
    create_runs(commit, std::move(runs));
}

}  // namespace

bool begins_anew(const PullRecord& known, const PullRequest& fresh) {
    return known.pull.head != fresh.head || known.pull.base_branch != fresh.base_branch ||
           known.pull.state != PullState::open;
}

std::vector<RunId> earlier_runs(const PullLook& look) {
    const auto kept = kept_stacks(look).stacks;
    std::vector<RunId> out;
    for (const auto& stack : look.known.value.stacks) {
        if (std::find(kept.begin(), kept.end(), &stack) != kept.end()) continue;
        for (const auto* id : {&stack.proposed, &stack.tracked})
            if (!id->empty()) out.push_back(*id);
    }
    return out;
}

std::vector<RunId> kept_upstreams(const PullLook& look) {
    const auto kept = kept_stacks(look).stacks;
    std::set<StackId> read;
    for (std::size_t i = 0; i < kept.size(); ++i)
        if (!kept[i])
            for (const auto& one : look.concerned[i].stack.references) read.insert(one.stack);
    std::vector<RunId> out;
    for (const auto* stack : kept)
        if (stack && read.contains(stack->settings.id) && !stack->proposed.empty())
            out.push_back(stack->proposed);
    return out;
}

Commit put_away(PullLook look) {
    const auto& name = look.fresh.name;
    const bool merged = look.fresh.state == PullState::merged;
    Commit commit;
    supersede_runs(commit, std::move(look.earlier),
                   {merged ? Cause::pull_merged : Cause::pull_closed}, look.now_ms);
    if (merged) keep_allowed_providers(commit, look);
    if (!look.known.value.stacks.empty()) leave_report(commit, name);
    save_record(commit, refreshed(look));
    return commit;
}

Commit announce(const PullLook& look) {
    auto record = refreshed(look);
    record.value.discovering_stacks = true;
    if (record.version) ++record.value.attempt;  // a head may come back: its runs are new ones
    Commit commit;
    leave_report(commit, look.fresh.name);
    save_record(commit, record);
    commit.index.push_back({repositories_index(), look.fresh.name.repository.text(), look.now_ms});
    commit.index.push_back({pulls_index(), look.fresh.name.text(), look.now_ms});
    return commit;
}

Commit plan_pull(PullLook look) {
    Commit commit;
    auto stored = refreshed(look);
    auto& record = stored.value;
    record.discovering_stacks = false;
    record.base = look.base;
    record.conflicts = look.merge.conflicts;
    record.configuration = look.findings;
    record.stacks.clear();
    if (look.again != LookAgain::if_new) ++record.attempt;
    const auto keeps = kept_stacks(look);
    bool keeps_a_plan = false;
    std::vector<ConcernedStack> planned;
    for (std::size_t i = 0; i < look.concerned.size(); ++i) {
        const auto& one = look.concerned[i];
        auto stack = stack_of(look, one);
        if (const auto* kept = keeps.stacks[i]) {
            stack.proposed = kept->proposed;
            stack.tracked = kept->tracked;
            stack.outdated = kept->outdated;  // until the look that plans it again
            keeps_a_plan = true;
        } else if (is_planned(look, one)) {
            planned.push_back(one);
        }
        record.stacks.push_back(std::move(stack));
    }
    propose(commit, look, record, keeps.for_upstream, planned);
    std::erase_if(look.earlier,
                  [&](const StoredRun& run) { return has_run(record, run.value.id); });
    supersede_runs(commit, std::move(look.earlier),
                   {Cause::superseded, std::string(shortened(look.fresh.head.value))}, look.now_ms);
    const auto& name = look.fresh.name;
    leave_report(commit, name);
    if (keeps_a_plan)  // the others are considered when they are judged
        commit.jobs.push_back(make_job(jobs::consider(name), name));
    save_record(commit, stored);
    return commit;
}

}  // namespace slipway
