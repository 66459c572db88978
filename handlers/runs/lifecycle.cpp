#include "handlers/runs/lifecycle.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "service/model/unneeded.hpp"

namespace slipway {

namespace {

// A run of the branch has its turn in its stack's lane; the plan of a pull request needs none.
void begin_run(Commit& commit, const Run& run) {
    auto prepare = make_job(jobs::prepare(run.id), run.id);
    if (takes_turns(run.kind)) {
        commit.enter.push_back({lane_of(run), run.id.value, std::move(prepare)});
        return;
    }
    prepare.priority = priority_of(run);
    commit.jobs.push_back(std::move(prepare));
}

// Plans wait only for what they read: nothing is changed that an order would matter to.
std::set<StackId> upstreams_of(const Run& run) {
    std::set<StackId> out;
    if (takes_turns(run.kind))
        out.insert(run.settings.depends_on.begin(), run.settings.depends_on.end());
    else
        for (const auto& reference : run.settings.references) out.insert(reference.stack);
    return out;
}

// Those of a circle stay as they are; the catalogue has refused them.
std::vector<Run> upstreams_first(std::vector<Run> runs) {
    std::set<StackId> left;
    for (const auto& run : runs) left.insert(run.stack);
    std::vector<Run> out;
    for (bool more = true; more;) {
        more = false;
        std::vector<Run> later;
        for (auto& run : runs) {
            const auto needs = upstreams_of(run);
            const bool free = std::none_of(needs.begin(), needs.end(),
                                           [&](const StackId& id) { return left.contains(id); });
            if (!free) {
                later.push_back(std::move(run));
                continue;
            }
            left.erase(run.stack);
            out.push_back(std::move(run));
            more = true;
        }
        runs = std::move(later);
    }
    std::move(runs.begin(), runs.end(), std::back_inserter(out));
    return out;
}

// As many of a stack's newest as are looked at to find out how much it manages.
constexpr int runs_looked_at = 30;

}  // namespace

Task<std::vector<StoredRun>> load_runs(Queue& queue, std::vector<RunId> ids) {
    std::vector<std::string> keys;
    for (const auto& id : ids) keys.push_back(run_key(id));
    auto records = co_await queue.read_many(keys);
    std::vector<StoredRun> out;
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (records[i].version)
            out.push_back({decoded_record<Run>(keys[i], records[i]), records[i].version});
    co_return out;
}

void begin_history(Run& run, std::int64_t now_ms, std::string by) {
    run.created_at_ms = now_ms;
    StateChange first;
    first.at_ms = now_ms;
    first.by = std::move(by);
    first.event = RunEvent::created;
    run.history = {std::move(first)};
}

// A proposed run's plan may be of a state that only its pull request names: it can tell that there
// is something, never that there is nothing.
Task<int> resources_of(Queue& queue, StackId stack) {
    auto ids = co_await queue.list(runs_index(stack), 0, runs_looked_at);
    std::vector<std::string> keys;
    for (const auto& [id, score] : ids) keys.push_back(run_key(RunId(id)));
    auto records = co_await queue.read_many(keys);
    int proposed = -1;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!records[i].version) continue;
        const auto run = decoded_record<Run>(keys[i], records[i]);
        if (run.kind != RunKind::tracked) {
            if (proposed < 1 && resources_in_state(run) > 0) proposed = resources_in_state(run);
            continue;
        }
        const bool begun = std::any_of(
            run.history.begin(), run.history.end(),
            [](const StateChange& change) { return change.state == RunState::applying; });
        if (begun && run.state != RunState::finished)
            co_return -1;  // some of it may have been made
        if (resources_in_state(run) >= 0) co_return resources_in_state(run);
    }
    co_return proposed;
}

int priority_of(const Run& run) {
    if (run.kind == RunKind::tracked) return 1;
    return run.approved_run.empty() ? 0 : -1;
}

void announce_run(Commit& commit, const Run& run) {
    commit.records.push_back(save(run_key(run.id), StoredRun{run, 0}));
    commit.index.push_back({runs_index(), run.id.value, run.created_at_ms});
    commit.index.push_back({runs_index(run.stack), run.id.value, run.created_at_ms});
    commit.index.push_back({stacks_index(), run.stack.value, run.created_at_ms});
}

void create_run(Commit& commit, const Run& run) {
    announce_run(commit, run);
    if (run.waits_for.empty()) begin_run(commit, run);
}

void create_runs(Commit& commit, std::vector<Run> runs) {
    runs = upstreams_first(std::move(runs));
    std::map<StackId, Run*> by_stack;
    for (auto& run : runs) {
        for (const auto& upstream : upstreams_of(run)) {
            auto at = by_stack.find(upstream);
            if (at == by_stack.end()) continue;
            run.waits_for.push_back(at->second->id);
            at->second->dependents.push_back(run.id);
        }
        by_stack.emplace(run.stack, &run);
    }
    for (const auto& run : runs) create_run(commit, run);
}

void begin_asked_run(Commit& commit, const StoredRun& run) {
    commit.records.push_back(save(run_key(run.value.id), run));
    begin_run(commit, run.value);
}

void store_run(Commit& commit, const StoredRun& run, Reported reported) {
    const auto& value = run.value;
    commit.records.push_back(save(run_key(value.id), run));
    if (value.pull && reported == Reported::now) {
        PullRequestName name{value.repository, *value.pull};
        commit.jobs.push_back(make_job(jobs::report(name), name));
    }
    if (!is_terminal(value.state)) return;
    if (takes_turns(value.kind)) commit.leave.push_back({lane_of(value), value.id.value});
    for (const auto& dependent : value.dependents)
        commit.jobs.push_back(make_job(jobs::release(dependent), dependent));
}

bool cancel_run(Commit& commit, StoredRun& run, const Cancellation& cancellation,
                Reported reported) {
    auto& value = run.value;
    if (!advance(value, RunEvent::canceled, cancellation.now_ms, cancellation.by,
                 cancellation.note))
        return false;
    value.reason = cancellation.reason;
    commit.cancel.push_back(jobs::prepare(value.id).id);
    for (const auto phase : {Phase::plan, Phase::apply})
        commit.cancel.push_back(jobs::perform({value.id, phase}).id);
    store_run(commit, run, reported);
    return true;
}

void interrupt_run(Commit& commit, StoredRun& run, std::string by, std::string note,
                   std::int64_t now_ms) {
    auto& wish = run.value.interrupt.value();
    wish.by = std::move(by);
    wish.note = std::move(note);
    wish.wanted_at_ms = now_ms;
    commit.cancel.push_back(jobs::perform({run.value.id, Phase::apply}).id);
    store_run(commit, run);
}

void supersede_runs(Commit& commit, std::vector<StoredRun> runs, Reason why, std::int64_t now_ms) {
    Cancellation cancellation;
    cancellation.by = "slipway";
    cancellation.reason = std::move(why);
    cancellation.now_ms = now_ms;
    for (auto& run : runs)
        if (run.value.kind == RunKind::proposed || run.value.before_merge)
            cancel_run(commit, run, cancellation, Reported::later);
}

Release release_run(Commit& commit, StoredRun& run, const std::vector<Run>& upstreams,
                    std::int64_t now_ms, const std::string& unchanged) {
    const Run* broken = nullptr;
    for (const auto& upstream : upstreams) {
        if (!is_terminal(upstream.state)) return Release::waits;  // its own end comes here again
        if (upstream.state != RunState::finished && !was_unneeded(upstream)) broken = &upstream;
    }
    if (run.value.kind == RunKind::proposed || (!broken && unchanged.empty())) {
        begin_run(commit, run.value);
        // Written although it stays as it is: so that nobody has cancelled it meanwhile.
        commit.records.push_back(save(run_key(run.value.id), run));
        return Release::enters;
    }
    auto& reason = run.value.reason;
    reason = Reason();
    reason.cause = Cause::upstream_ended;
    reason.name = broken ? broken->stack.value : unchanged;
    reason.text = broken ? word(broken->state) : "";
    advance(run.value, broken ? RunEvent::upstream_broken : RunEvent::unneeded, now_ms, "slipway");
    store_run(commit, run);
    return Release::skipped;
}

void resolve_run(Commit& commit, StoredRun& run, const Run& follow_up, bool applied,
                 const Cancellation& said) {
    run.value.reason = said.reason;
    advance(run.value, applied ? RunEvent::resolved_applied : RunEvent::resolved_failed,
            said.now_ms, said.by, said.note);
    commit.cancel.push_back(jobs::perform({run.value.id, Phase::find_out}).id);
    store_run(commit, run);
    create_run(commit, follow_up);
}

}  // namespace slipway
