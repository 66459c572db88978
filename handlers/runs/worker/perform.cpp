// The steps of a phase, in order. The rules it guards: what decisions rest on is made where the
// planned code never was (R3), and an apply starts only with the approved bytes, once, after the
// service said so (R4) and the journal has it on the disk.
#include "handlers/runs/worker/perform.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <tuple>

#include "handlers/runs/worker/journal.hpp"
#include "handlers/runs/worker/phase_execution.hpp"
#include "handlers/runs/worker/tools/scrubber.hpp"
#include "service/base/log.hpp"

namespace slipway {

using Outcome = PhaseResult::Outcome;
using namespace asio::experimental::awaitable_operators;

namespace {

Task<void> prepare(PhaseExecution& execution, const Work& work, const WorkerOptions& options,
                   PhaseResult& result) {
    co_await execution.start_network();
    co_await execution.choose_tool();
    const auto& tool = execution.tool();
    result.tool_version = tool.version;
    execution.log().say(tool.name + (tool.version.empty() ? "" : " " + tool.version) + ", " +
                        std::string(word(work.spec.phase)) + " of " + work.spec.stack.value +
                        (options.sandbox.kind == SandboxConfig::Kind::none ? ", without a sandbox"
                         : options.sandbox.network == SandboxConfig::Network::shared
                             ? ", with the network of the machine: it reaches what listens there"
                             : ""));
    execution.make_environment();
    co_await execution.fetch_source();
    co_await execution.prepare();
    co_await execution.check_providers(result.unknown_providers);
    result.inputs = co_await execution.take_inputs();
    execution.check_state();
    co_await execution.select_workspace();
}

// Beside the plan's storing: the document, and what the log may tell now.
Task<BlobId> store_document(PhaseExecution& execution, RunGateway& gateway, const Lease& lease,
                            const ReadPlan& read) {
    auto text = read.document.dump();
    execution.tell_plan(read.sensitive);
    co_return co_await gateway.put_blob(lease, BlobKind::document, chunks_of(std::move(text)));
}

Task<void> do_plan(PhaseExecution& execution, RunGateway& gateway, const Lease& lease,
                   PhaseResult& result) {
    auto planned = co_await execution.plan();
    result.plan_digest = planned.digest();
    auto showing = execution.show(planned.bytes());
    auto sealing = gateway.put_blob(lease, BlobKind::sealed, planned.bytes());
    auto [read, plan_file] = co_await (std::move(showing) && std::move(sealing));
    result.plan_file = std::move(plan_file);
    result.change_digest = read.change_digest;
    auto storing = gateway.put_plan(lease, std::move(read.plan));
    auto storing_document = store_document(execution, gateway, lease, read);
    std::tie(result.plan_document, result.tool_document) =
        co_await (std::move(storing) && std::move(storing_document));
    result.outcome = Outcome::planned;
}

// One in which a sensitive value stands is sensitive, whatever its own mark says: it would reach
// other stacks mangled.
void hide_what_is_sensitive(ToolOutputs& outputs, const Scrubber& scrubber) {
    std::erase_if(outputs.values.edit_members(), [&](const Json::Member& one) {
        auto shown = one.second;
        scrubber.scrub(shown);
        if (shown == one.second) return false;
        outputs.sensitive.push_back(one.first);
        return true;
    });
}

// What an apply left behind, for people and for other stacks: never a reason to call it failed.
Task<void> store_outputs(PhaseExecution& execution, RunGateway& gateway, const Lease& lease,
                         const ReadPlan& read, PhaseResult& result) {
    try {
        auto outputs = co_await execution.outputs();
        if (!outputs) co_return;
        hide_what_is_sensitive(*outputs, Scrubber(read.sensitive));
        result.sensitive_outputs = std::move(outputs->sensitive);
        auto shown = chunks_of(outputs->values.dump());
        result.outputs = co_await gateway.put_blob(lease, BlobKind::document, std::move(shown));
    } catch (const Failure& failure) {
        execution.log().say(std::string("note: the outputs could not be stored: ") +
                            failure.what());
    }
}

// An apply from the moment when it may begin, written down as it goes.
struct ApplyUnderWay {
    Journal journal;
    JournalEntry entry;
    StopSwitch stop;
    std::function<void()> on_begin;
    bool written = false;  // the journal has it, so the tool may have started
};

// What the journal cannot take now is reported all the same.
void note_end(ApplyUnderWay& apply, PhaseResult result, std::int64_t now_ms) {
    apply.entry.ended_at_ms = result.ended_at_ms = now_ms;
    if (result.outcome != Outcome::unknown) apply.entry.result = std::move(result);
    try {
        apply.journal.update(apply.entry);
    } catch (const Failure& failure) {
        log_error("the end of an apply is not in the journal",
                  {{"run", apply.entry.run.value}, {"error", failure.what()}});
    }
}

Task<void> ask_to_begin(PhaseExecution& execution, RunGateway& gateway, const Work& work,
                        ApplyUnderWay& apply) {
    if (apply.stop.stopped()) throw PhaseOver{Outcome::stopped, "nothing was applied yet"};
    if (apply.on_begin) apply.on_begin();
    constexpr int attempts = 4;
    for (int attempt = 1;; ++attempt) {
        std::string trouble;
        try {
            const auto answer = co_await gateway.begin_apply(work.lease, work.spec.plan_digest);
            if (answer.allowed) co_return;
            throw PhaseOver{Outcome::not_begun, "nothing was applied: " + answer.reason};
        } catch (const Failure& failure) {
            if (failure.retry() == Retry::never || attempt == attempts) throw;
            trouble = failure.what();
        }
        execution.log().say("it could not be found out whether the apply may begin: " + trouble);
        co_await sleep_for(std::chrono::seconds(attempt));
    }
}

void write_down(const Work& work, ApplyUnderWay& apply) {
    try {
        apply.written = apply.journal.begin(apply.entry);
    } catch (const Failure& failure) {
        throw PhaseOver{Outcome::failed, std::string(failure.what()) + "; nothing was applied"};
    }
    if (!apply.written)
        throw PhaseOver{Outcome::unknown,
                        "the plan of " + work.spec.run.value + " was begun by another worker"};
}

// Only a lock that stands in the journal is ever taken away.
Task<void> note_lock(PhaseExecution& execution, ApplyUnderWay& apply) {
    try {
        apply.entry.lock_id = co_await execution.lock_of_apply();
        if (!apply.entry.lock_id.empty()) apply.journal.update(apply.entry);
    } catch (const Failure& failure) {
        log_warning("the lock of an apply is not known",
                    {{"run", apply.entry.run.value}, {"error", failure.what()}});
    }
}

// One that failed tells how far it came; of one that was killed that is for find_out to say.
Task<void> must_have_applied(PhaseExecution& execution, const Ended& ended, const ReadPlan& read,
                             const std::string& lock_id, PhaseResult& result) {
    std::optional<PhaseOver> over;
    try {
        execution.must_have_applied(ended);
    } catch (PhaseOver& failed) {
        over = std::move(failed);
    }
    if (!over) co_return;
    try {
        if (over->outcome != Outcome::unknown)
            result.progress = co_await execution.progress(read, lock_id);
    } catch (const Failure& failure) {
        execution.log().say(std::string("how far the apply came is not known: ") + failure.what());
    }
    throw std::move(*over);
}

Task<void> do_apply(PhaseExecution& execution, RunGateway& gateway, const Work& work,
                    const Clock& clock, ApplyUnderWay& apply, PhaseResult& result) {
    const auto planned = co_await execution.fetch_plan();
    result.plan_digest = work.spec.plan_digest;
    // Again, for what the log must not show: an apply prints outputs and what programs say.
    const auto read = co_await execution.show(planned.bytes());
    execution.tell_plan(read.sensitive);
    result.change_digest = read.change_digest;

    auto& entry = apply.entry;
    entry.pid = execution.prepare_apply(planned.bytes());
    entry.pid_since = process_since(entry.pid);
    co_await ask_to_begin(execution, gateway, work, apply);
    entry.begun_at_ms = clock.now_ms();
    write_down(work, apply);
    result.begun = true;
    auto applying = execution.apply();
    auto noting = note_lock(execution, apply);
    const auto ended = co_await (std::move(applying) && std::move(noting));
    entry.how = ended.text();
    co_await must_have_applied(execution, ended, read, entry.lock_id, result);
    result.outcome = Outcome::applied;
    note_end(apply, result, clock.now_ms());
    co_await store_outputs(execution, gateway, work.lease, read, result);
}

// What became of an apply that began before: as the journal says, else as a plan shows. Only what
// is certain is said; everything else stays unknown, for a person.
Task<void> find_out(PhaseExecution& execution, const Work& work, const WorkerOptions& options,
                    std::optional<JournalEntry> known, PhaseResult& result) {
    result.begun = true;
    result.outcome = Outcome::unknown;
    if (known && known->result) {
        result = *known->result;
        execution.log().say("the journal says how the apply of this plan ended: " +
                            std::string(word(result.outcome)));
        co_return;
    }
    if (known && still_runs(*known))
        throw Failure("the apply of " + work.spec.run.value + " still runs as process " +
                      std::to_string(known->pid));
    result.plan_digest = work.spec.plan_digest;
    co_await prepare(execution, work, options, result);
    if (known && !known->lock_id.empty()) co_await execution.unlock(known->lock_id);
    const bool done = co_await execution.has_nothing_left();
    if (done) result.outcome = Outcome::applied;
}

// The phase's work. Trouble is left in `result`; the exception that comes back is for the queue: to
// be done again.
Task<std::exception_ptr> go(PhaseExecution& execution, RunGateway& gateway, const Work& work,
                            const WorkerOptions& options, const Clock& clock,
                            std::optional<ApplyUnderWay>& apply, PhaseResult& result) {
    bool looks_back = work.spec.phase == Phase::find_out;
    try {
        execution.check_spec(result.started_at_ms);
        auto known = apply ? apply->journal.find(work.spec.plan_digest) : std::nullopt;
        looks_back = looks_back || known;
        if (looks_back) {
            co_await find_out(execution, work, options, std::move(known), result);
        } else {
            co_await prepare(execution, work, options, result);
            if (apply)
                co_await do_apply(execution, gateway, work, clock, *apply, result);
            else
                co_await do_plan(execution, gateway, work.lease, result);
        }
    } catch (const PhaseOver& over) {
        // Trouble in looking back tells nothing about the apply.
        result.outcome =
            looks_back && over.outcome != Outcome::stopped ? Outcome::unknown : over.outcome;
        result.error = over.error;
    } catch (const Failure& failure) {
        result.error = failure.what();
        result.outcome = result.begun ? Outcome::unknown : Outcome::failed;
        const bool again = failure.retry() != Retry::never && (looks_back || !result.begun);
        if (again) co_return std::current_exception();
    }
    co_return nullptr;
}

}  // namespace

Task<PhaseResult> perform(RunGateway& gateway, Work work, WorkerOptions options, const Clock& clock,
                          StopSwitch stop, std::function<void()> on_begin) {
    PhaseResult result;
    result.started_at_ms = clock.now_ms();
    result.sandbox = sandbox_level(options.sandbox);
    auto executor = co_await this_executor();
    PhaseExecution execution(gateway, work, options, stop, executor);
    std::optional<ApplyUnderWay> apply;
    if (work.spec.phase != Phase::plan) {
        JournalEntry entry;
        entry.run = work.spec.run;
        entry.stack = work.spec.stack;
        entry.plan_digest = work.spec.plan_digest;
        entry.fence = work.lease.fence;
        entry.worker = options.name;
        apply.emplace(
            ApplyUnderWay{Journal(options.journal), std::move(entry), stop, std::move(on_begin)});
    }
    const auto again = co_await go(execution, gateway, work, options, clock, apply, result);
    if (apply && apply->written) note_end(*apply, result, clock.now_ms());
    if (!result.error.empty())
        execution.log().say((result.outcome == Outcome::not_begun ? "" : "error: ") + result.error);
    co_await execution.log().finish();
    if (again) std::rethrow_exception(again);
    result.ended_at_ms = clock.now_ms();
    co_return result;
}

}  // namespace slipway
