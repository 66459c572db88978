// The steps of a phase, in order. The rules it guards: what decisions rest on is made where the
// planned code never was (R3), and an apply starts only with the approved bytes, once, after the
// service said so (R4).
#include "handlers/runs/perform/perform.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <tuple>

#include "handlers/runs/perform/performance.hpp"
#include "handlers/runs/perform/tools/redaction.hpp"
#include "service/base/digest.hpp"

namespace slipway {

using Outcome = PhaseResult::Outcome;
using namespace asio::experimental::awaitable_operators;

namespace {

Task<void> prepare(Performance& performance, const Work& work, const WorkerOptions& options,
                   PhaseResult& result, std::int64_t now_ms) {
    performance.check_spec(now_ms);
    co_await performance.choose_tool();
    result.tool_version = performance.tool.version.text();
    performance.log.say(
        std::string(title(performance.tool.kind)) + " " + result.tool_version + ", " +
        std::string(word(work.spec.phase)) + " of " + work.spec.stack.value +
        (options.sandbox.kind == SandboxConfig::Kind::none ? ", without a sandbox" : ""));
    performance.make_environment();
    co_await performance.fetch_source();
    co_await performance.init();
    co_await performance.check_providers(result.unknown_providers);
    result.inputs = co_await performance.take_inputs();
    performance.check_state();
    co_await performance.select_workspace();
}

// Beside the plan's storing: the document, and what the log may tell now.
Task<BlobId> store_document(Performance& performance, RunGateway& gateway, const ReadPlan& read) {
    auto text = read.document.dump();
    performance.tell_plan(read.sensitive);
    co_return co_await gateway.put_blob(std::move(text), false);
}

Task<void> do_plan(Performance& performance, RunGateway& gateway, RunId run, PhaseResult& result) {
    auto bytes = co_await performance.plan();
    result.plan_digest = sha256_hex(bytes);
    auto showing = performance.show(bytes);
    auto sealing = gateway.put_blob(std::move(bytes), true);
    auto [read, plan_file] = co_await (std::move(showing) && std::move(sealing));
    result.plan_file = std::move(plan_file);
    result.change_digest = read.change_digest;
    auto storing = gateway.put_plan(run, std::move(read.plan));
    auto storing_document = store_document(performance, gateway, read);
    std::tie(result.plan_document, result.tool_document) =
        co_await (std::move(storing) && std::move(storing_document));
    result.outcome = Outcome::planned;
}

// What an apply left behind, for people: never a reason to call it failed.
Task<void> store_outputs(Performance& performance, RunGateway& gateway, const ReadPlan& read,
                         PhaseResult& result) {
    try {
        auto outputs = co_await performance.outputs();
        Scrubber(read.sensitive).scrub(outputs);
        result.outputs = co_await gateway.put_blob(outputs.dump(), false);
    } catch (const Failure& failure) {
        performance.log.say(std::string("note: the outputs could not be stored: ") +
                            failure.what());
    }
}

Task<void> do_apply(Performance& performance, RunGateway& gateway, const Work& work,
                    PhaseResult& result, bool& begun) {
    auto bytes = co_await gateway.get_blob(work.spec.plan_file);
    if (!bytes) throw PhaseOver{Outcome::failed, "the plan file is not there any more; plan again"};
    if (work.spec.plan_digest.empty() || sha256_hex(*bytes) != work.spec.plan_digest)
        throw PhaseOver{Outcome::failed,
                        "the plan file is not the one that was approved; nothing was applied"};
    result.plan_digest = work.spec.plan_digest;
    // Again, for what the log must not show: an apply prints outputs and what programs say.
    const auto read = co_await performance.show(*bytes);
    performance.tell_plan(read.sensitive);
    result.change_digest = read.change_digest;

    if (!co_await gateway.begin_apply(work.spec.run, work.lease, work.spec.plan_digest))
        throw PhaseOver{
            Outcome::failed,
            "this plan was already started once, here or elsewhere; nothing was applied"};
    begun = true;
    const auto ended = co_await performance.apply(std::move(*bytes));
    const bool finished = ended.code == 0 && ended.how != Ended::How::signalled;
    const bool said_why = ended.code == 1 && ended.how != Ended::How::signalled;
    if (!finished && !said_why)  // killed or crashed: nobody knows what it did
        throw Failure("the apply " + ended.text() + " with code " + std::to_string(ended.code));
    if (!finished) performance.must_succeed(ended, "apply");
    result.outcome = Outcome::applied;
    co_await store_outputs(performance, gateway, read, result);
}

}  // namespace

Task<PhaseResult> perform(RunGateway& gateway, Work work, WorkerOptions options, const Clock& clock,
                          StopSwitch stop) {
    PhaseResult result;
    result.started_at_ms = clock.now_ms();
    result.sandbox = word(options.sandbox.kind);
    auto executor = co_await this_executor();
    Performance performance(gateway, work, options, stop, executor);
    bool begun = false;
    std::exception_ptr
        unreported;  // for the queue to decide: plan again, or an apply of unknown end
    try {
        co_await prepare(performance, work, options, result, result.started_at_ms);
        if (work.spec.phase == Phase::plan)
            co_await do_plan(performance, gateway, work.spec.run, result);
        else
            co_await do_apply(performance, gateway, work, result, begun);
    } catch (const PhaseOver& over) {
        result.outcome = over.outcome;
        result.error = over.error;
    } catch (const Failure& failure) {
        result.error = failure.what();
        if (begun || failure.retry() != Retry::never) unreported = std::current_exception();
    }
    if (!result.error.empty()) performance.log.say("error: " + result.error);
    co_await performance.log.finish();
    if (unreported) std::rethrow_exception(unreported);
    result.ended_at_ms = clock.now_ms();
    co_return result;
}

}  // namespace slipway
