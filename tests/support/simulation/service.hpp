// The service's process and the workers: they take jobs, do them as the real consumer and the real
// worker do, die anywhere, and come back.
#pragma once
#include "tests/support/simulation/world.hpp"

namespace slipway::simulation {

using namespace std::chrono_literals;

// The table Job -> handler.
inline Task<void> handle(World& world, ClaimedJob job) {
    switch (job.job.kind) {
        case JobKind::event:
            return react(world.react_context, std::move(job));
        case JobKind::look:
            return look_again(world.react_context, std::move(job));
        case JobKind::catch_up:
            return catch_up(world.react_context, std::move(job));
        case JobKind::command:
            return answer_request(world.control_context, std::move(job));
        case JobKind::prepare:
            return prepare(world.control_context, std::move(job));
        case JobKind::judge:
            return judge(world.control_context, std::move(job));
        case JobKind::consider:
            return consider(world.control_context, std::move(job));
        case JobKind::release:
            return release(world.control_context, std::move(job));
        case JobKind::lock:
            return look_at_lock(world.control_context, std::move(job));
        case JobKind::report:
            return write_report(world.report_context, std::move(job));
        case JobKind::reply:
            return write_reply(world.report_context, std::move(job));
        case JobKind::pass:
        case JobKind::perform:
            break;
    }
    throw Failure("not the service's", Retry::never);
}

// As queue/consumer.cpp has it.
inline Task<void> conclude(World& world, ClaimedJob job, std::exception_ptr error) {
    enum class What { finish, retry, dead_letter, put_back } what = What::finish;
    auto after = backoff(job.attempt, 0.5);
    std::string why;
    try {
        if (error) std::rethrow_exception(error);
    } catch (const Pause& pause) {
        what = What::put_back;
        after = pause.after();
    } catch (const Failure& failure) {
        what = failure.retry() == Retry::never ? What::dead_letter : What::retry;
        if (failure.retry() == Retry::after) after = failure.after();
        why = failure.what();
    } catch (const std::exception& other) {
        what = What::retry;
        why = other.what();
    }
    if (what == What::finish)
        co_await world.queue.finish(job.lease);
    else if (what == What::dead_letter)
        co_await world.queue.dead_letter(job.lease, why);
    else if (what == What::put_back)
        co_await world.queue.put_back(job.lease, after, why);
    else
        co_await world.queue.retry(job.lease, after, why);
}

inline Task<void> serve(World& world, ClaimedJob job) {
    std::exception_ptr error;
    for (int again = 0; again <= 20; ++again) {
        error = nullptr;
        bool overtaken = false;
        try {
            auto handled = handle(world, job);
            co_await std::move(handled);
        } catch (const Killed&) {
            throw;
        } catch (const Overtaken&) {
            error = std::current_exception();
            overtaken = true;
        } catch (...) {
            error = std::current_exception();
        }
        if (!overtaken) break;
    }
    try {
        co_await conclude(world, std::move(job), error);
    } catch (const Failure&) {  // it runs again when its lease is over
    }
}

inline Task<void> settle(World& world, std::vector<Lapsed> all) {
    for (auto& lapsed : all) {
        const auto id = lapsed.job.id;
        const auto fate = lapsed.fate;
        try {
            co_await settle_lapsed(world.control_context, std::move(lapsed));
            if (fate != Lapsed::Fate::again) co_await world.queue.acknowledge_expired(id);
        } catch (const Failure&) {  // it is named again
        }
    }
}

// A worker with one piece of work, from the moment it has it.
class WorkOfPhase {
  public:
    WorkOfPhase(World& world, std::shared_ptr<HeldJob> held, Work work)
        : world_(world), held_(std::move(held)), work_(std::move(work)) {}

    Task<void> go() {
        const auto& spec = work_.spec;
        PhaseResult result;
        result.started_at_ms = world_.clock.now_ms();
        const bool began_before =
            spec.phase != Phase::plan && world_.infrastructure.journal.contains(spec.plan_digest);
        try {
            if (spec.phase == Phase::find_out || began_before)
                co_await find_out(result);
            else if (spec.phase == Phase::plan)
                co_await plan(result);
            else
                co_await apply(result);
        } catch (const Failure& failure) {
            if (!result.begun) co_return;  // done again when its lease is over
            result.outcome = Outcome::unknown;
            result.error = failure.what();
        }
        result.ended_at_ms = world_.clock.now_ms();
        if (result.outcome != Outcome::not_begun) co_await report(std::move(result));
    }

  private:
    using Outcome = PhaseResult::Outcome;

    Task<void> plan(PhaseResult& result) {
        co_await world_.schedule.step("plans");
        result.outcome = held_->stop ? Outcome::stopped : Outcome::failed;
        if (held_->stop || world_.schedule.fault_in(15)) co_return;
        const auto stored = co_await load<Run>(*world_.memory, run_key(work_.spec.run));
        const auto& run = stored.value;
        auto& tool = world_.infrastructure;
        result.plan_digest =
            tool.plan(run.stack.value, world_.wanted(work_.spec.directory, run.tree));
        result.change_digest = tool.change_digest(result.plan_digest);
        Plan document;
        document.resources = document.resources_after = 1;
        if (tool.changes(result.plan_digest)) {
            Change change;
            change.action = Action::update;
            change.address = "terraform_data." + run.stack.value;
            document.changes.push_back(change);
            document.counts.update = 1;
        }
        co_await world_.schedule.step("has planned");
        result.plan_document = world_.plans.put(std::move(document));
        result.plan_file =
            co_await world_.gateway->put_blob(work_.lease, BlobKind::sealed, chunks_of("plan"));
        result.outcome = Outcome::planned;
    }

    Task<void> apply(PhaseResult& result) {
        const auto digest = work_.spec.plan_digest;
        auto& tool = world_.infrastructure;
        result.plan_digest = digest;
        result.outcome = Outcome::stopped;
        if (held_->stop) co_return;
        BeginAnswer answer;
        for (int attempt = 1;; ++attempt) {
            try {
                answer = co_await world_.gateway->begin_apply(work_.lease, digest);
                break;
            } catch (const Failure& failure) {
                if (failure.retry() == Retry::never || attempt == 4) throw;
            }
        }
        result.outcome = Outcome::not_begun;
        if (!answer.allowed) co_return;
        co_await world_.schedule.step("writes into its journal");
        result.outcome = Outcome::unknown;
        tool.begin(digest);
        result.begun = held_->begun = true;
        const AtWork at_work{tool, digest};
        co_await world_.schedule.step("applies");
        const bool done = tool.apply(digest, world_.schedule.fault_in(8));
        result.outcome = done ? Outcome::applied : Outcome::failed;
        co_await world_.schedule.step("has applied");
        result.ended_at_ms = world_.clock.now_ms();
        tool.journal[digest].result = result;
    }
    // Its process is gone when the worker is.
    struct AtWork {
        Infrastructure& tool;
        std::string digest;
        ~AtWork() { tool.end(digest); }
    };

    Task<void> find_out(PhaseResult& result) {
        result.begun = true;
        result.outcome = Outcome::unknown;
        result.plan_digest = work_.spec.plan_digest;
        co_await world_.schedule.step("looks into its journal");
        const auto known = world_.infrastructure.journal.find(work_.spec.plan_digest);
        const bool began = known != world_.infrastructure.journal.end();
        if (began && known->second.result) {
            result = *known->second.result;
            co_return;
        }
        if (began && known->second.at_work) {
            result.begun = false;
            throw Failure("it still applies");
        }
        if (world_.infrastructure.has_nothing_left(work_.spec.plan_digest))
            result.outcome = Outcome::applied;
    }

    Task<void> report(PhaseResult result) {
        for (int attempt = 0; attempt < 5; ++attempt) {
            try {
                const bool taken = co_await world_.gateway->report(work_.lease, result);
                if (!taken && result.begun) co_await world_.gateway->ask_for_its_end(work_.lease);
                co_return;
            } catch (const Failure&) {
            }
        }
    }

    World& world_;
    std::shared_ptr<HeldJob> held_;
    Work work_;
};

inline Task<void> perform(World& world, std::shared_ptr<HeldJob> held, Work work) {
    WorkOfPhase phase(world, std::move(held), std::move(work));
    co_await phase.go();
}

// --- what may happen to them

inline bool take_job(World& world) {
    auto job = run_task(world.ground.io, world.memory->claim(service_queue, "service", 30s, 0ms));
    if (!job) return false;
    auto held = std::make_shared<HeldJob>();
    held->lease = job->lease;
    world.held.push_back(held);
    auto name = job->job.id.value;
    held->activity = &world.schedule.prepare(std::move(name), true);
    world.schedule.start(*held->activity, serve(world, std::move(*job)));
    return true;
}

inline bool take_work(World& world) {
    auto work = run_task(world.ground.io, world.gateway->next("worker", "default", 0ms));
    if (!work) return false;
    auto held = std::make_shared<HeldJob>();
    held->lease = work->lease;
    world.held.push_back(held);
    held->activity = &world.schedule.prepare("worker with " + work->lease.job.value,
                                             world.schedule.below(2) == 0);
    world.schedule.start(*held->activity, perform(world, held, std::move(*work)));
    return true;
}

inline void forget_the_over(World& world) {
    std::erase_if(world.held, [](const auto& held) { return held->activity->over; });
    world.schedule.forget_the_over();
}

// Everybody whose process runs renews in time; then what lapsed is seen to.
inline void pass_time(World& world, std::chrono::milliseconds by) {
    while (by.count() > 0) {
        const auto piece = std::min<std::chrono::milliseconds>(by, 9s);
        by -= piece;
        world.clock.advance(piece);
        for (auto& held : world.held) {
            if (held->stands_still || held->activity->ended) continue;
            const auto renewed = run_task(world.ground.io, world.memory->renew(*held->lease, 30s));
            if (renewed != Renewed::held && !held->begun) held->stop = true;
        }
    }
    auto lapsed = run_task(world.ground.io, world.memory->expire());
    for (const auto& one : lapsed)
        world.schedule.note("lapsed: " + one.job.id.value + " " + std::string(word(one.fate)));
    if (!lapsed.empty())
        world.schedule.start(world.schedule.prepare("reaper", true),
                             settle(world, std::move(lapsed)));
}

inline void kill_service(World& world) {
    world.schedule.note("--- the service is killed");
    for (auto* activity : world.schedule.activities())
        if (activity->in_service) world.schedule.end(*activity);
    forget_the_over(world);
}

}  // namespace slipway::simulation
