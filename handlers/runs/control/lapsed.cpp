// What becomes of work whose worker went away, and of an apply whose end nobody saw.
#include "handlers/runs/control/transition.hpp"
#include "service/base/log.hpp"
#include "service/base/utf8.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

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

void lose(const ControlContext& context, Commit& commit, Run& run, std::string why,
          std::string last_seen) {
    run.last_seen = std::move(last_seen);
    run.reason = {Cause::end_unseen};
    run.error = why;
    if (!advance(run, RunEvent::lost, context.clock.now_ms(), "slipway", std::move(why))) return;
    commit.jobs.push_back(perform_job(context, run, Phase::find_out));
}

namespace {

// What it looks at is read afresh, so an outage that outlived its attempts costs time and nothing
// else.
constexpr bool comes_again(JobKind kind) {
    switch (kind) {
        case JobKind::event:
        case JobKind::look:
        case JobKind::consider:
        case JobKind::report:
        case JobKind::release:
        case JobKind::lock:
        case JobKind::command:
        case JobKind::reply:
        case JobKind::pass:
        case JobKind::catch_up:
            return true;
        case JobKind::prepare:
        case JobKind::perform:
        case JobKind::judge:
            break;
    }
    return false;
}

Task<void> leave_again(ControlContext& context, Job job) {
    constexpr std::int64_t pause_ms = 5 * 60 * 1000;
    job.not_before_ms = context.clock.now_ms() + pause_ms;
    Commit commit;
    commit.jobs.push_back(std::move(job));
    co_await context.queue.commit(std::move(commit));
}

RunId run_of(const Job& job) {
    if (job.kind == JobKind::perform) return job_payload<RunSpec>(job).run;
    if (job.kind == JobKind::judge) return job_payload<RunPhase>(job).run;
    return job_payload<RunId>(job);
}

}  // namespace

Task<void> settle_lapsed(ControlContext& context, Lapsed lapsed) {
    log_warning("a lease ran out", {{"job", lapsed.job.id.value}, {"fate", word(lapsed.fate)}});
    if (lapsed.fate == Lapsed::Fate::again) co_return;
    if (comes_again(lapsed.job.kind)) co_return co_await leave_again(context, lapsed.job);
    const auto id = run_of(lapsed.job);
    auto run = co_await load<Run>(context.queue, run_key(id));
    if (!run.version || is_terminal(run.value.state)) co_return;
    auto last_seen = co_await last_line(context.queue, id);

    const auto before = run.value.state;
    Commit commit;
    if (lapsed.fate == Lapsed::Fate::unknown) {
        lose(context, commit, run.value, "", std::move(last_seen));
    } else {
        run.value.reason = {Cause::given_up};
        advance(run.value, RunEvent::failed, context.clock.now_ms(), "slipway",
                reason_text(run.value));
    }
    if (run.value.state == before) co_return;
    store_run(commit, run);
    co_await context.queue.commit(std::move(commit));
}

}  // namespace slipway
