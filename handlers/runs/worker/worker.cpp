// The slots: take work, perform it, report it; keep the lease while it lasts. When it is lost, what
// can begin anew is stopped. An apply that began is not: breaking it off would leave more harm than
// a lease is worth, and the journal keeps everybody else from its plan.
#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "handlers/runs/worker/journal.hpp"
#include "handlers/runs/worker/perform.hpp"
#include "handlers/runs/worker/workspace.hpp"
#include "service/base/log.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr auto wait_for_work = 2s;  // short, so that a drained worker ends soon
constexpr int report_attempts = 6;

struct Held {
    RunId run;
    Phase phase;
    StopSwitch stop;
    bool lost = false;
    bool given_back = false;   // stopped, to be done by somebody else from the beginning
    bool begun = false;        // an apply that may have begun
    bool interrupted = false;  // it is to end early, as somebody wants
    bool over = false;         // performed and reported: its lease is nobody's concern
};

}  // namespace

struct Worker::Slots {
    Slots(RunGateway& gateway, WorkerOptions options, const Clock& clock)
        : gateway_(gateway), options_(std::move(options)), clock_(clock) {
        remove_tree(options_.scratch);
        fs::create_directories(options_.scratch);
        fs::permissions(options_.scratch, fs::perms::owner_all);
        if (!options_.tools.empty()) remove_tree(options_.tools);
        Journal(options_.journal).forget_older_than(journal_days);
        open_slots_ = options_.slots;
        if (options_.slots <= 0) busy_.reset();
        for (int slot = 0; slot < options_.slots; ++slot)
            spawn(io_.get_executor(), work_on(slot), [this](std::exception_ptr) { slot_ended(); });
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Slots() {
        stop();
        thread_.join();
    }

    void drain() {
        draining_ = true;
        asio::post(io_, [this] {
            for (auto& held : held_)
                if (!held->begun) give_up(*held);
        });
    }

    void stop() {
        drain();
        asio::post(io_, [this] {
            for (auto& held : held_) held->stop.stop();
        });
    }

    std::vector<RunId> applying() const {
        std::lock_guard lock(mutex_);
        return applying_;
    }

    Task<void> join() {
        auto executor = co_await this_executor();
        auto ended = std::make_shared<asio::steady_timer>(executor, SteadyClock::time_point::max());
        {
            std::lock_guard lock(mutex_);
            if (open_slots_ == 0) co_return;
            waiting_.push_back(
                [executor, ended] { asio::post(executor, [ended] { ended->cancel(); }); });
        }
        boost::system::error_code ignored;
        co_await ended->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    void slot_ended() {
        std::lock_guard lock(mutex_);
        if (--open_slots_ != 0) return;
        busy_.reset();
        for (auto& wake : waiting_) wake();
        waiting_.clear();
    }

    Task<void> work_on(int slot) {
        auto pause = 250ms;
        while (!draining_) {
            std::optional<Work> work;
            std::string trouble;
            try {
                work = co_await gateway_.next(options_.name, options_.pool, wait_for_work);
            } catch (const Failure& failure) {
                trouble = failure.what();
            }
            if (!trouble.empty()) {
                log_warning("a worker cannot take work",
                            {{"worker", options_.name}, {"error", trouble}});
                co_await sleep_for(pause);
                pause = std::min<std::chrono::milliseconds>(pause * 2, 10s);
                continue;
            }
            pause = 250ms;
            if (work && draining_)
                co_await give_back(work->lease);
            else if (work)
                co_await one(std::move(*work), slot);
        }
    }

    static void give_up(Held& held) {
        held.given_back = true;
        held.stop.stop();
    }

    // From here on it is waited for.
    void begin(Held& held) {
        held.begun = true;
        std::lock_guard lock(mutex_);
        applying_.push_back(held.run);
    }
    void end(const Held& held) {
        std::lock_guard lock(mutex_);
        if (held.begun) applying_.erase(std::find(applying_.begin(), applying_.end(), held.run));
    }

    Task<void> one(Work work, int slot) {
        auto held = std::make_shared<Held>();
        held->run = work.spec.run;
        held->phase = work.spec.phase;
        auto place = held_.insert(held_.end(), held);
        auto executor = co_await this_executor();
        Signal done(executor);
        TaskGroup renewing(executor);
        renewing.start(keep(work.lease, held, done));

        std::optional<PhaseResult> result;
        std::string trouble;
        std::function<void()> on_begin = [this, held] { begin(*held); };
        auto options = options_;
        options.slot = slot;
        try {
            result =
                co_await perform(gateway_, work, options, clock_, held->stop, std::move(on_begin));
        } catch (const std::exception& error) {
            trouble = error.what();
        }
        const bool was_stopped = result && result->outcome == PhaseResult::Outcome::stopped;
        if (was_stopped && result->begun && draining_ && !held->interrupted)
            result->error += ", because the service was stopped";
        if (result && result->outcome == PhaseResult::Outcome::not_begun)
            log_info("an apply was not begun",
                     {{"run", work.spec.run.value}, {"reason", result->error}});
        else if (held->given_back && (!result || result->outcome == PhaseResult::Outcome::stopped))
            co_await give_back(work.lease);
        else if (result)
            co_await report(work, held, std::move(*result));
        else
            log_error(
                "a run was not reported",
                {{"run", work.spec.run.value}, {"worker", options_.name}, {"error", trouble}});
        held->over = true;
        done.notify();
        co_await renewing.join();
        end(*held);
        held_.erase(place);
    }

    Task<void> give_back(Lease lease) {
        std::string trouble;
        try {
            co_await gateway_.give_back(lease);
        } catch (const Failure& failure) {
            trouble = failure.what();
        }
        if (!trouble.empty())
            log_warning("work could not be given back; it is done again when its lease is over",
                        {{"job", lease.job.value}, {"error", trouble}});
    }

    // The end is told while the lease is still kept.
    Task<void> report(Work work, std::shared_ptr<Held> held, PhaseResult result) {
        const bool apply = result.begun;
        for (int attempt = 0; attempt < report_attempts && (apply || !held->lost); ++attempt) {
            if (attempt != 0) co_await sleep_for(250ms * (1 << attempt));
            std::string trouble;
            try {
                const bool taken = co_await gateway_.report(work.lease, result);
                if (taken) co_return;
                log_warning("the result of a run was not taken: its lease had gone",
                            {{"run", work.spec.run.value}});
                if (apply) co_await gateway_.ask_for_its_end(work.lease);
                co_return;
            } catch (const Failure& failure) {
                trouble = failure.what();
            }
            log_warning("a run cannot be reported",
                        {{"run", work.spec.run.value}, {"error", trouble}});
        }
    }

    // After a pause of the whole process the clock has run on: what counts is what the queue says
    // now.
    Task<void> keep(Lease lease, std::shared_ptr<Held> held, Signal& done) {
        auto kept = SteadyClock::now();
        while (!co_await done.wait(options_.lease / 3)) {
            auto renewed = Renewed::held;
            bool answered = true;
            try {
                renewed = co_await gateway_.renew(lease);
            } catch (const Failure&) {
                answered = false;
            }
            if (held->over) co_return;  // while it asked, which no notice would have told
            if (answered) kept = SteadyClock::now();
            if (renewed == Renewed::cancel_wanted) {
                held->interrupted = held->begun;
                held->stop.stop();  // of an apply that began: one signal, and its time to end
            }
            const bool lost =
                renewed == Renewed::lost || SteadyClock::now() - kept > options_.lease * 5 / 6;
            if (!lost || held->lost) continue;
            held->lost = true;
            log_warning(held->begun ? "a worker lost its lease; the apply that it began goes on"
                                    : "a worker lost its lease and stops",
                        {{"job", lease.job.value}});
            if (!held->begun) held->stop.stop();
        }
    }

    RunGateway& gateway_;
    const WorkerOptions options_;
    const Clock& clock_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> busy_{io_.get_executor()};
    std::atomic<bool> draining_{false};
    std::list<std::shared_ptr<Held>> held_;
    mutable std::mutex mutex_;
    std::vector<RunId> applying_;  // of all slots, those that began
    int open_slots_ = 0;
    std::vector<std::function<void()>> waiting_;
    std::thread thread_;
};

Worker::Worker(RunGateway& gateway, WorkerOptions options, const Clock& clock)
    : slots_(std::make_unique<Slots>(gateway, std::move(options), clock)) {}
Worker::~Worker() = default;

void Worker::drain() { slots_->drain(); }
void Worker::stop() { slots_->stop(); }
std::vector<RunId> Worker::applying() const { return slots_->applying(); }
Task<void> Worker::join() { return slots_->join(); }

}  // namespace slipway
