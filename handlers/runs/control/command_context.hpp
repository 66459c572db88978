// A person's request while it is worked on. Private to this folder.
#pragma once
#include "handlers/runs/control/transition.hpp"

namespace slipway {

struct RunTarget {
    PullStack* stack = nullptr;  // null for a call that names a run without a pull request
    std::string plan;            // digest prefix
    bool named = false;  // the request says this very stack or run, and no pattern or nothing
    StoredRun run;
};

// What the request is about, and what it leaves behind.
struct CommandContext {
    Request request;
    Stored<PullRecord> pull;
    Stored<PostedRecord> posted;
    std::vector<RunTarget> targets;
    Commit commit;
    Answer answer;
    std::vector<StackId> explained;
    bool pull_changed = false;
};

// The answer is a no, and nothing else will be left behind.
void refuse(CommandContext& command, Answer::Kind kind, std::string text);
// Sentences of several stacks, one after the other.
void say(CommandContext& command, const std::string& sentence);

// What the request's verb does to one target; who asks may.
Task<void> carry_out(ControlContext& context, CommandContext& command, RunTarget& target);

// These ask for several targets at once.
void plan_again(CommandContext& command, const std::vector<const RunTarget*>& targets);
// A run of the branch that is over and did not what it was for.
bool can_be_retried(const Run& run);
// On an open pull request plans again; else runs of the branch, from its tip, with the dependents
// that were skipped.
Task<void> retry(ControlContext& context, CommandContext& command,
                 std::vector<const RunTarget*> targets);
// Sources that may be used from now on: by the runs of this one pull request, or, where a call
// names a run, by those of its stack.
Task<void> allow_providers(ControlContext& context, CommandContext& command);

}  // namespace slipway
