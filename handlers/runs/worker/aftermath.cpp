// The apply itself, what is noted of it while it runs, and what is asked of the tool afterwards:
// its outputs, or what became of one whose end nobody saw.
#include "handlers/runs/worker/phase_execution.hpp"
#include "handlers/runs/worker/tools/scrubber.hpp"

namespace slipway {

using namespace std::chrono_literals;

Task<Ended> PhaseExecution::apply() {
    const ApplyRecord::Read read = [this](std::string_view line) { return driver_->done(line); };
    OnOutput receive = [this, &read](int which, std::string_view bytes) {
        if (!changing_) changing_ = driver_->tells_of_change(bytes);
        if (which == 1) record_.take(bytes, read);
        log().take(which, bytes);
    };
    auto ended = co_await driver_->apply(std::move(receive));
    applied_ = true;
    apply_over_.notify();
    co_return ended;
}

void PhaseExecution::must_have_applied(const Ended& ended) {
    switch (driver_->end_of_apply(ended)) {
        case ApplyEnd::finished:
            return;
        case ApplyEnd::failed:
            return driver_->must_succeed(ended, "apply");
        case ApplyEnd::unknown:  // killed or crashed: nobody knows what it did
            throw PhaseOver{PhaseResult::Outcome::unknown, "the apply " + ended.text()};
    }
}

Task<ApplyProgress> PhaseExecution::progress(const ReadPlan& read, std::string lock_id) {
    auto secrets = steps_.environment().secrets;
    secrets.insert(secrets.end(), read.sensitive.begin(), read.sensitive.end());
    const Scrubber scrubber(secrets);
    auto out = record_.progress(read.plan, scrubber.masker());
    using Lock = ApplyProgress::Lock;
    if (!state_is_elsewhere_) {
        out.lock = Lock::free;  // it ends with the process that held it
        co_return out;
    }
    const auto left = co_await driver_->lock_left();
    if (!left) co_return out;
    out.lock = left->empty() ? Lock::free : Lock::held;
    if (left->empty() || *left != lock_id) co_return out;
    const auto ended = co_await driver_->unlock(lock_id);
    if (ended.ok()) out.lock = Lock::released;
    co_return out;
}

Task<std::string> PhaseExecution::lock_of_apply() {
    constexpr auto worth_it =
        2s;  // an apply that is done by then is not worth another start of the tool
    while (!changing_ && !applied_) co_await apply_over_.wait(200ms);
    if (applied_ || !state_is_elsewhere_) co_return "";
    const bool over = co_await apply_over_.wait(worth_it);
    if (over) co_return "";
    auto id = co_await driver_->lock_of_apply();
    co_return applied_ ? "" : id;
}

Task<std::optional<ToolOutputs>> PhaseExecution::outputs() {
    if (!driver_->capabilities().outputs) co_return std::nullopt;
    co_return co_await driver_->outputs();
}

Task<void> PhaseExecution::unlock(std::string lock_id) {
    const auto ended = co_await driver_->unlock(lock_id);
    // Gone already, or somebody else's by now: then it is none of ours to take away.
    log().say(ended.ok()
                  ? "the lock " + lock_id + " that the apply left on the state was released"
                  : "the lock " + lock_id + " of the apply was not released: " + ended.text());
}

Task<bool> PhaseExecution::has_nothing_left() {
    if (!driver_->capabilities().drift) {
        log().say("a plan of " + tool_.name +
                  " does not tell whether all of it is there: how the apply ended is not known");
        co_return false;
    }
    // What it prints may hold values that nobody has marked as sensitive yet: only trouble goes to
    // the log.
    OnOutput receive = [this](int which, std::string_view bytes) {
        if (which == 2) log().take(2, bytes);
    };
    const bool changes = co_await driver_->plan(std::move(receive));
    log().say(changes ? "a plan now still changes something: how the apply ended is not known"
                      : "a plan now changes nothing: the apply had come to its end");
    co_return !changes;
}

}  // namespace slipway
