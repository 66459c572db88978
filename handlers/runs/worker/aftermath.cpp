// The apply itself, what is noted of it while it runs, and what is asked of the tool afterwards:
// its outputs, or what became of one whose end nobody saw.
#include "handlers/runs/worker/phase_execution.hpp"
#include "handlers/runs/worker/tools/terraform.hpp"

namespace slipway {

using namespace std::chrono_literals;

Task<Ended> PhaseExecution::apply() {
    OnOutput receive = [this](int which, std::string_view bytes) {
        if (!changing_) changing_ = terraform::tells_of_change(bytes);
        log.take(which, bytes);
    };
    auto ended = co_await run_step(std::move(*apply_), std::move(receive));
    apply_.reset();
    applied_ = true;
    apply_over_.notify();
    co_return ended;
}

Task<std::string> PhaseExecution::lock_of_apply() {
    constexpr auto worth_it =
        2s;  // an apply that is done by then is not worth another start of the tool
    while (!changing_ && !applied_) co_await apply_over_.wait(200ms);
    if (applied_ || !state_is_elsewhere_) co_return "";
    const bool over = co_await apply_over_.wait(worth_it);
    if (over) co_return "";
    auto step = prepare_step(terraform::want_lock(), Reach::planned);
    OnOutput keep;
    // Never stopped: it might be the one that holds the lock by now.
    const auto ended = co_await step.run(1min, std::move(keep), StopSwitch());
    co_return applied_ ? "" : terraform::lock_id(ended.error_output);
}

Task<Json> PhaseExecution::outputs() {
    constexpr std::size_t largest_outputs = 4u << 20;
    std::string printed;
    OnOutput receive = [&](int which, std::string_view bytes) {
        if (which == 1 && printed.size() < largest_outputs) printed.append(bytes);
    };
    auto step = prepare_step(terraform::output(), Reach::planned);
    auto ended = co_await run_step(std::move(step), receive);
    auto parsed = parse_json(printed);
    if (!ended.ok() || !parsed) co_return Json::object();
    co_return terraform::open_outputs(*parsed);
}

Task<void> PhaseExecution::unlock(const std::string& lock_id) {
    auto step = prepare_step(terraform::force_unlock(lock_id), Reach::applied);
    const auto ended = co_await run_step(std::move(step));
    // Gone already, or somebody else's by now: then it is none of ours to take away.
    log.say(ended.ok() ? "the lock " + lock_id + " that the apply left on the state was released"
                       : "the lock " + lock_id + " of the apply was not released: " + ended.text());
}

Task<bool> PhaseExecution::has_nothing_left() {
    // What it prints may hold values that nobody has marked as sensitive yet: only trouble goes to
    // the log.
    OnOutput receive = [this](int which, std::string_view bytes) {
        if (which == 2) log.take(2, bytes);
    };
    auto step =
        prepare_step(terraform::plan(inside(plan_path()).string(), spec_.destroy), Reach::planned);
    auto ended = co_await run_step(std::move(step), std::move(receive));
    constexpr int with_changes = 2;
    const bool changes = ended.how == Ended::How::exited && ended.code == with_changes;
    if (changes) ended.code = 0;
    must_succeed(ended, "plan");
    co_return !changes;
}

}  // namespace slipway
