// A person's request while it is worked on: read first, then decided without any more reading.
// Private to this folder.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "handlers/runs/control/transition.hpp"
#include "service/model/provider.hpp"

namespace slipway {

struct RunTarget {
    PullStack* stack = nullptr;  // null for a call that names a run without a pull request
    std::string plan;            // digest prefix
    bool named = false;  // the request says this very stack or run, and no pattern or nothing
    StoredRun run;

    // Read for the verb that asks for it.
    Reason not_counted;                    // approve: why the approval does not count
    std::optional<Considered> considered;  // apply: the approvals of a run that waits
    std::vector<PullRequestName> behind;   // likewise: whose runs wait behind it
    std::optional<Run> follow_up;          // resolve: a plan of what is left
    Stored<ProviderBasis> providers;       // allow, for a stack
    Stored<StackLock> lock;                // lock, unlock, apply
    bool may_unlock = false;               // unlock: who holds it, or an administrator
    bool is_applying = false;              // lock: an apply of the stack has begun
    std::vector<Run> ahead;                // drift, destroy: what is in the stack's lane
    std::vector<StackId> needed_by;        // destroy: what still manages something and depends on
                                           // it, in the order in which it can be destroyed

    const Stack& settings() const { return stack ? stack->settings : run.value.settings; }
    const RepositoryName& repository(const PullRecord& pull) const {
        return stack ? pull.pull.name.repository : run.value.repository;
    }
};

// Runs of a branch that are asked for again: those meant, then the dependents that were skipped.
struct RetriedRun {
    Run run;
    std::vector<Run> in_lane;  // other runs in the stack's lane
    std::vector<Run> recent;   // newest runs of the stack
    struct Upstream {
        Run run;
        std::vector<Run> recent;
    };
    std::vector<Upstream> upstreams;  // that it waited for
};

// What the request is about, and what it leaves behind.
struct CommandContext {
    Request request;
    Stored<PullRecord> pull;
    Stored<PostedRecord> posted;
    std::vector<RunTarget> targets;
    std::vector<RetriedRun> retried;  // where runs of the branch are to be planned again
    Commit commit;
    Answer answer;
    std::vector<StackId> explained;
    std::optional<ToldNo> lacks;  // the role that who asks does not have
    bool pull_changed = false;
    std::vector<StackLock> locks;      // that were set or lifted
    std::vector<StoredRun> under_way;  // apply: runs of the pull request's stacks that go on
    std::vector<Run> before_merge;     // apply: those to make

    bool refused() const { return answer.kind != Answer::Kind::done; }
};

// The answer is a no, and nothing else will be left behind.
void refuse(CommandContext& command, Answer::Kind kind, std::string text);
// Sentences of several stacks, one after the other.
void say(CommandContext& command, const std::string& sentence);

// --- read

// Whether who asks has that role in the space, and on the forge what it takes.
Task<bool> may(ControlContext& context, const Request& request, const RepositoryName& repository,
               const SpaceId& space, Role needed);
// The pull request and the runs that are meant; refused where there are none.
Task<void> find_targets(ControlContext& context, CommandContext& command);
// Of a call that names neither: stacks of the tree, and those that ever had a run.
Task<void> find_known_stacks(ControlContext& context, CommandContext& command);
// What the verb needs to know of the targets.
Task<void> read_for_verb(ControlContext& context, CommandContext& command);
// Of runs that are planned again from the branch's tip.
Task<void> read_retried(ControlContext& context, CommandContext& command,
                        std::vector<const RunTarget*> targets);

// --- decide

// What the request's verb does to one target; who asks may.
void carry_out(const ControlContext& context, CommandContext& command, RunTarget& target);
// The runs that were asked for before the merge, in the order of their dependencies: each waits for
// those among them, and under way, that its stack depends on.
void create_before_merge(CommandContext& command);
void record_vote(CommandContext& command, RunTarget& target, bool approves);

// What to type to unlock the stacks: where the request was written, or on the command line.
std::string unlock_command(const ControlContext& context, const Request& request,
                           const std::vector<StackId>& stacks);
// Of all targets, or of none.
void lock_stacks(const ControlContext& context, CommandContext& command);
void unlock_stacks(const ControlContext& context, CommandContext& command);

// One run, of the one stack that the request names: of drift, or a destroy.
void ask_for_run(const ControlContext& context, CommandContext& command);

// Those of the targets that are planned again, by `plan`, `retry`, or `apply` on what failed.
std::vector<const RunTarget*> planned_again(const CommandContext& command);
// These ask for several targets at once.
void plan_again(CommandContext& command, const std::vector<const RunTarget*>& targets);
// A run of the branch that is over and did not what it was for.
bool can_be_retried(const Run& run);
// On an open pull request plans again; else runs of the branch, from its tip, with the dependents
// that were skipped.
void retry(CommandContext& command, std::vector<const RunTarget*> targets);
// Whether `retry` is about runs of the branch, and of which targets.
std::vector<const RunTarget*> retried_on_branch(const CommandContext& command,
                                                std::vector<const RunTarget*> targets);
// Sources of providers that may be used from now on, by the runs of this one pull request or, where
// a call names a run, by those of its stack; or the one commit of a fork that may be planned.
void allow(const ControlContext& context, CommandContext& command);

}  // namespace slipway
