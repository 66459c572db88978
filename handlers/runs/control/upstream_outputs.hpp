// Outputs that go from one stack to another: what a run is given of its upstreams, whether it is
// needed at all, and what is kept of a stack when its run ends. Private to this folder.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "handlers/runs/control/control.hpp"
#include "handlers/runs/lifecycle.hpp"
#include "service/model/stack_outputs.hpp"

namespace slipway {

// What is known of an upstream when a run is about to be planned.
struct UpstreamState {
    std::optional<StackOutputs> kept;     // nullopt: nothing of it has finished here yet
    std::int64_t ended_at_ms = 0;         // of its run that this one waited for
    std::shared_ptr<const Plan> planned;  // on the same pull request; null where there is none
    bool on_pull = false;                 // the same pull request concerns it
};

// The value of one reference. Throws Failure(never), one sentence, where it cannot be had.
GivenOutput given_output(const Run& run, const OutputReference& reference,
                         const UpstreamState& upstream);

// All that the run is given, as things are now.
Task<std::vector<GivenOutput>> given_outputs(ControlContext& context, const Run& run);

// The environment variable's text.
std::string value_of(const GivenOutput& given);
// As inputs of the run (rule R4): a value that is not known equals nothing.
std::vector<RunInput> inputs_of(const std::vector<GivenOutput>& outputs, const Secret& key);

// What a run that is only there for its upstreams reads of them, where nothing of it has changed
// since a run of its stack finished with it: "net.id, net.zone". "": it is needed.
std::string unchanged_outputs(const Run& run, const std::vector<Run>& upstreams,
                              const std::map<StackId, StackOutputs>& kept);
Task<std::string> read_unchanged_outputs(ControlContext& context, Run run,
                                         std::vector<Run> upstreams);

// What the stack's state holds now that `run` has finished. `applied`: what the tool said after the
// apply; nullopt: nobody saw it, or nothing was applied.
struct AppliedOutputs {
    std::string values;
    std::vector<std::string> sensitive;
};
StackOutputs outputs_after(const Run& run, const Plan* plan,
                           const std::optional<AppliedOutputs>& applied, std::int64_t now_ms);

}  // namespace slipway
