#include "handlers/webhooks/pull_decision.hpp"

#include <algorithm>

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

// Empty: it is planned.
Reason why_not_planned(const PullLook& look, const ConcernedStack& one) {
    if (look.fresh.fork) return {Cause::from_fork};
    if (!look.merge.conflicts.empty()) return {Cause::conflicts, look.fresh.base_branch};
    if (one.decision.failed) return {Cause::push_policy_error};
    return {};
}

// Of one that is gone nothing is planned, and what there is to say of it stands in `gone`.
bool is_planned(const PullLook& look, const ConcernedStack& one) {
    return why_not_planned(look, one).empty() && (!one.gone || one.destroys());
}

const PullStack* find_stack(const PullRecord& record, const StackId& id) {
    for (const auto& stack : record.stacks)
        if (stack.settings.id == id) return &stack;
    return nullptr;
}

// A stack of an earlier look at the same commits keeps its run, so that nothing is planned twice.
// One whose apply was asked for before the merge is planned again by a person alone.
const PullStack* kept_stack(const PullLook& look, const ConcernedStack& one) {
    const auto& before = look.known.value;
    const auto& id = one.stack.id;
    const auto* known = find_stack(before, id);
    const bool applies = known && !known->tracked.empty();
    if (applies && look.again == LookAgain::stale && !look.nothing_kept) return known;
    const bool targeted =
        look.targets.empty() ||
        std::find(look.targets.begin(), look.targets.end(), id) != look.targets.end();
    const bool anew = look.nothing_kept || (look.again != LookAgain::if_new && targeted);
    if (anew || before.base != look.base || !is_planned(look, one)) return nullptr;
    return known && !known->proposed.empty() ? known : nullptr;
}

// The run whose approvals a plan that nobody asked for may keep: the one before it, or, where that
// came to no plan, the one before that.
RunId approved_before(const PullLook& look, const StackId& id) {
    if (look.again != LookAgain::stale || look.nothing_kept) return {};
    const auto* stack = find_stack(look.known.value, id);
    if (!stack) return {};
    for (const auto& run : look.earlier)
        if (run.value.id == stack->proposed)
            return run.value.plan ? run.value.id : run.value.approved_run;
    return {};
}

Run proposed_run(const PullLook& look, const PullRecord& record, const ConcernedStack& concerned) {
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
    run.approved_run = approved_before(look, run.stack);
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

}  // namespace

bool begins_anew(const PullRecord& known, const PullRequest& fresh) {
    return known.pull.head != fresh.head || known.pull.base_branch != fresh.base_branch ||
           known.pull.state != PullState::open;
}

std::vector<RunId> earlier_runs(const PullLook& look) {
    std::vector<const PullStack*> kept;
    for (const auto& one : look.concerned) kept.push_back(kept_stack(look, one));
    std::vector<RunId> out;
    for (const auto& stack : look.known.value.stacks) {
        if (std::find(kept.begin(), kept.end(), &stack) != kept.end()) continue;
        for (const auto* id : {&stack.proposed, &stack.tracked})
            if (!id->empty()) out.push_back(*id);
    }
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
    bool keeps_a_plan = false;
    for (const auto& one : look.concerned) {
        auto stack = stack_of(look, one);
        if (const auto* kept = kept_stack(look, one)) {
            stack.proposed = kept->proposed;
            stack.tracked = kept->tracked;
            stack.outdated = kept->outdated;  // until the look that plans it again
            keeps_a_plan = true;
        } else if (is_planned(look, one)) {
            const auto run = proposed_run(look, record, one);
            stack.proposed = run.id;
            create_run(commit, run);
        }
        record.stacks.push_back(std::move(stack));
    }
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
