// What becomes of work whose worker went away, and of an apply whose end nobody saw.
#include <algorithm>

#include "handlers/runs/control/transition.hpp"
#include "service/base/log.hpp"
#include "service/base/utf8.hpp"

namespace slipway {

namespace {

// The last line of the run's log with something in it, masked as the log is.
Task<std::string> last_line(Queue& queue, RunId run) {
    constexpr std::size_t step = 1u << 20;
    constexpr std::size_t longest = 300;
    std::string end;
    for (std::size_t offset = 0;; offset += step) {
        auto part = co_await queue.read_log(run.value, offset, step);
        const bool last = part.size() < step;
        if (!part.empty()) end = std::move(part);
        if (last) break;
    }
    const auto blank = [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; };
    while (!end.empty() && blank(end.back())) end.pop_back();
    const auto line = end.substr(end.rfind('\n') + 1);
    co_return std::string(utf8_prefix(line, longest));
}

}  // namespace

Task<void> lose(ControlContext& context, Commit& commit, StoredRun& stored, std::string why) {
    auto& run = stored.value;
    run.last_seen = co_await last_line(context.queue, run.id);
    run.reason = "nobody saw how the apply ended";
    run.error = why;
    if (!advance(run, RunEvent::lost, context.clock.now_ms(), "slipway", std::move(why))) co_return;
    commit.jobs.push_back(perform_job(context, run, Phase::find_out));
}

Task<void> settle_lapsed(ControlContext& context, Lapsed lapsed) {
    log_warning("a lease ran out", {{"job", lapsed.job.id.value}, {"fate", word(lapsed.fate)}});
    if (lapsed.fate == Lapsed::Fate::again) co_return;
    const auto kind = lapsed.job.kind;
    if (kind == JobKind::event || kind == JobKind::look || kind == JobKind::consider ||
        kind == JobKind::report || kind == JobKind::release || kind == JobKind::command ||
        kind == JobKind::reply || kind == JobKind::pass) {
        // What it looks at is read afresh, so an outage that outlived its attempts costs time and
        // nothing else.
        constexpr std::int64_t pause_ms = 5 * 60 * 1000;
        Commit commit;
        commit.jobs.push_back(lapsed.job);
        commit.jobs.back().not_before_ms = context.clock.now_ms() + pause_ms;
        co_await context.queue.commit(std::move(commit));
        co_return;
    }
    RunId id;
    if (lapsed.job.kind == JobKind::perform)
        id = job_payload<RunSpec>(lapsed.job).run;
    else if (lapsed.job.kind == JobKind::prepare)
        id = job_payload<RunId>(lapsed.job);
    else if (lapsed.job.kind == JobKind::judge)
        id = job_payload<RunPhase>(lapsed.job).run;
    else
        co_return;
    auto run = co_await load<Run>(context.queue, run_key(id));
    if (!run.version || is_terminal(run.value.state)) co_return;
    const auto before = run.value.state;
    Commit commit;
    if (lapsed.fate == Lapsed::Fate::unknown) {
        co_await lose(context, commit, run, "");
    } else {
        run.value.reason = "it was given up after several attempts";
        advance(run.value, RunEvent::failed, context.clock.now_ms(), "slipway", run.value.reason);
    }
    if (run.value.state == before) co_return;
    store_run(commit, run);
    co_await context.queue.commit(std::move(commit));
}

}  // namespace slipway
