// The life of a run, for all who change it: webhooks and runs/control. Each function adds to a
// commit everything that follows from one change (record, index, lane, jobs), so that no caller
// forgets a part. Which change is allowed when is next()'s to say, in service/model/run.cpp.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "queue/store.hpp"
#include "service/model/pull_record.hpp"

namespace slipway {

using StoredRun = Stored<Run>;

// What touches the state of the run's stack goes through this lane.
inline std::string lane_of(const Run& run) { return stack_lane(run.stack); }

// Those of the ids that are known, in their order.
Task<std::vector<StoredRun>> load_runs(Queue& queue, std::vector<RunId> ids);

// How many resources the stack's state holds, as its last runs show; -1: not known.
Task<int> resources_of(Queue& queue, StackId stack);

// --- create

// Of its jobs: runs of the branch go first, plans that nobody asked for last.
int priority_of(const Run& run);
// The first entry of a new run's history.
void begin_history(Run& run, std::int64_t now_ms, std::string by);
// A proposed run is prepared at once. A tracked one enters its stack's lane, which has it prepared
// when it is first. Where either waits for upstream runs, release_run() lets it go on.
void create_run(Commit& commit, const Run& run);
// A run that a person asked for is known at once, and begins (begin_asked_run) when its branch was
// looked at.
void announce_run(Commit& commit, const Run& run);
void begin_asked_run(Commit& commit, const StoredRun& run);
// Runs of one cause: each is bound to those among them that it depends on, or, where it is only
// planned, whose outputs it reads.
void create_runs(Commit& commit, std::vector<Run> runs);

// --- store

// The new state of a run with all that always follows from it: the record, leaving the lane and
// releasing dependents when it is over, and a report where it belongs to a pull request (later:
// somebody else leaves that).
enum class Reported { now, later };
void store_run(Commit& commit, const StoredRun& run, Reported reported = Reported::now);

// --- cancel, supersede

struct Cancellation {
    std::string by, note;
    Reason reason;
    std::int64_t now_ms = 0;
};
// Canceled, discarded or stopped, as its state has it, and its jobs cancelled. False, with nothing
// done, where there is nothing to cancel.
bool cancel_run(Commit& commit, StoredRun& run, const Cancellation& cancellation,
                Reported reported = Reported::now);
// The apply that runs is to end early: its worker is told when it renews its lease, and the tool
// gets one signal.
void interrupt_run(Commit& commit, StoredRun& run, std::string by, std::string note,
                   std::int64_t now_ms);
// Cancels what pull requests asked for before this look at them: proposed runs, and tracked ones of
// before the merge. Runs of the branch stay. Whoever looks leaves the report.
void supersede_runs(Commit& commit, std::vector<StoredRun> runs, Reason why, std::int64_t now_ms);

// --- release

enum class Release { waits, enters, skipped };
// A queued run whose upstream runs may have ended: it enters its lane once all have finished, and
// is skipped where one ended otherwise, or where all left `unchanged` what it is there for (names;
// "": it is needed). A proposed run goes on however they ended.
Release release_run(Commit& commit, StoredRun& run, const std::vector<Run>& upstreams,
                    std::int64_t now_ms, const std::string& unchanged = "");

// --- resolve

// An apply whose end nobody saw has ended like this, as somebody says; nothing looks for it any
// more, and the follow-up takes its place.
void resolve_run(Commit& commit, StoredRun& run, const Run& follow_up, bool applied,
                 const Cancellation& said);

}  // namespace slipway
