// All that a worker may ask of the service: lease the next piece of work, renew, append to the log,
// get and put blobs, report. In-process for the built-in slots; a worker elsewhere is another
// transport of the same. A worker holds no Redis or forge credentials, sees no policy and decides
// nothing.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/base/chunks.hpp"
#include "service/base/task.hpp"
#include "service/model/lease.hpp"
#include "service/model/phase.hpp"
#include "service/model/plan.hpp"
#include "service/model/run.hpp"
#include "service/model/secret.hpp"
#include "service/model/stack.hpp"
#include "service/model/words.hpp"

namespace slipway {

// Everything a worker needs for one phase of one run. Signed by the service and expiring (rule R6).
struct RunSpec {
    RunId run;
    Phase phase = Phase::plan;
    StackId stack;
    ToolKind tool = default_tool;
    std::string configured_tool;  // which one of those that the worker's configuration defines
    std::string version;          // constraint; chosen among what the worker has
    std::string workspace = "default";
    std::string directory = ".";                                        // below the source's root
    std::vector<std::string> init_arguments = {}, plan_arguments = {};  // more for these commands
    bool destroy = false;
    bool drift = false;  // compares the state with what is there, and plans nothing
    BlobId source;       // a sealed tar of the materialised tree (see source.hpp)
    std::map<std::string, Variable> variables;  // of this phase only (rule R2)
    // plan: the worker's own that the apply will ask for. They are digested and given to nothing
    // that runs.
    std::map<std::string, Variable> apply_variables;
    std::vector<std::string> allowed_providers;  // addresses that may run (rule R3)
    bool any_provider = false;                   // a preview of one's own working copy
    std::vector<RunInput>
        planned_inputs;       // apply: those of its plan; where one differs it does not start
    BlobId plan_file;         // apply: the sealed plan to run, and nothing else (rule R4)
    std::string plan_digest;  // apply: SHA-256 of its bytes, checked by the worker again; find_out:
                              // whose apply is meant
    int limit_minutes = 30;
    std::int64_t expires_at_ms = 0;
    std::string signature;  // HMAC over the rest

    static void fields(auto& self, auto&& f) {
        f("run", self.run);
        f("phase", self.phase);
        f("stack", self.stack);
        f("tool", self.tool);
        f("configured_tool", self.configured_tool);
        f("version", self.version);
        f("workspace", self.workspace);
        f("directory", self.directory);
        f("init_arguments", self.init_arguments);
        f("plan_arguments", self.plan_arguments);
        f("destroy", self.destroy);
        f("drift", self.drift);
        f("source", self.source);
        f("variables", self.variables);
        f("apply_variables", self.apply_variables);
        f("allowed_providers", self.allowed_providers);
        f("any_provider", self.any_provider);
        f("planned_inputs", self.planned_inputs);
        f("plan_file", self.plan_file);
        f("plan_digest", self.plan_digest);
        f("limit_minutes", self.limit_minutes);
        f("expires_at_ms", self.expires_at_ms);
        f("signature", self.signature);
    }
};

// HMAC over the spec without its signature, in hex.
std::string spec_signature(const RunSpec& spec, const Secret& key);

struct Work {
    RunSpec spec;
    Lease lease;
};

// What a worker found. Every document is masked and redacted before it leaves the worker.
struct PhaseResult {
    enum class Outcome {
        planned,
        applied,
        failed,
        stopped,
        timed_out,
        unknown,    // an apply began, and nobody can say how it ended
        not_begun,  // begin_apply() said no: nothing is reported, the service has seen to it
    };
    BOOST_DESCRIBE_NESTED_ENUM(Outcome, planned, applied, failed, stopped, timed_out, unknown,
                               not_begun)
    Outcome outcome = Outcome::failed;
    bool begun = false;       // the apply of this plan began, now or at an earlier time
    std::string error;        // the tool's own error, first lines; or one sentence of ours
    BlobId plan_document;     // a Plan as JSON
    BlobId tool_document;     // the tool's plan JSON, redacted
    BlobId plan_file;         // sealed
    std::string plan_digest;  // SHA-256 of the plan file's bytes
    std::string
        change_digest;  // of the Plan's changes, order-free, with keyed hashes of sensitive values
    std::vector<RunInput>
        inputs;  // what init and the worker brought: modules, lock file, tool, providers, values
    std::vector<std::string>
        unknown_providers;  // sources that may not run; nothing was planned or applied
    std::string tool_version;
    std::string sandbox;                         // level
    BlobId outputs;                              // apply: non-sensitive outputs, a JSON object
    std::vector<std::string> sensitive_outputs;  // names of the others
    std::optional<ApplyProgress> progress;       // of an apply that began and failed
    std::int64_t started_at_ms = 0, ended_at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("outcome", self.outcome);
        f("begun", self.begun);
        f("error", self.error);
        f("plan_document", self.plan_document);
        f("tool_document", self.tool_document);
        f("plan_file", self.plan_file);
        f("plan_digest", self.plan_digest);
        f("change_digest", self.change_digest);
        f("inputs", self.inputs);
        f("unknown_providers", self.unknown_providers);
        f("tool_version", self.tool_version);
        f("sandbox", self.sandbox);
        f("outputs", self.outputs);
        f("sensitive_outputs", self.sensitive_outputs);
        f("progress", self.progress);
        f("started_at_ms", self.started_at_ms);
        f("ended_at_ms", self.ended_at_ms);
    }
};

// May the apply begin, now that everything was looked at again?
struct BeginAnswer {
    bool allowed = false;
    std::string reason;  // why not, one sentence without full stop
};

// What a worker stores: documents, which the service reads, or what only workers read again.
enum class BlobKind { document, sealed };

// Every call but the first carries the lease of the work that it is about, whose job names run and
// phase. The service refuses a lease that has gone with a Failure(never), or says no, except for an
// apply that began: that goes on, and what it leaves is kept.
class RunGateway {
  public:
    virtual ~RunGateway() = default;
    // Called on the worker's own executor; answers come back there.
    virtual Task<std::optional<Work>> next(std::string worker, std::string pool,
                                           std::chrono::milliseconds wait) = 0;
    virtual Task<Renewed> renew(Lease lease) = 0;
    virtual Task<bool> append_log(Lease lease, std::string masked_bytes) = 0;
    // Opens a sealed blob that the work's specification names. Piece by piece into the sink, on any
    // thread; what it was given is to be believed once true came back. False: there is none.
    virtual Task<bool> get_blob(Lease lease, BlobId id, ChunkSink sink) = 0;
    // All that the source gives, which is asked on any thread.
    virtual Task<BlobId> put_blob(Lease lease, BlobKind kind, ChunkSource source) = 0;
    // The run's plan, as a document: the service adds where its resources are declared.
    virtual Task<BlobId> put_plan(Lease lease, Plan plan) = 0;
    // Just before the tool's apply starts: approvals, policies, head and cancellation are looked at
    // again. Where it may not begin, the service has moved the run on and the work is over. May be
    // asked again by the same lease when its answer was lost.
    virtual Task<BeginAnswer> begin_apply(Lease lease, std::string plan_digest) = 0;
    // The end of the work; false: the lease had gone, the result was not taken.
    virtual Task<bool> report(Lease lease, PhaseResult result) = 0;
    // Work that was not done, for another worker to do from the beginning.
    virtual Task<void> give_back(Lease lease) = 0;
    // The journal knows by now how the run's apply ended, but its lease had gone: somebody is to
    // look there.
    virtual Task<void> ask_for_its_end(Lease lease) = 0;
};

// "module `vpc` now has other content, variable `TF_VAR_x` has another value".
std::string text_of(const std::vector<InputDifference>& differences);

}  // namespace slipway
