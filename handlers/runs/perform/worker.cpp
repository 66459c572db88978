// The slots: take work, perform it, report it; keep the lease while it lasts, and stop when it is
// lost, since from then on somebody else may act. Never reports what it no longer holds.
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

#include "handlers/runs/perform/perform.hpp"
#include "handlers/runs/perform/workspace.hpp"
#include "service/base/log.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr auto wait_for_work = 2s;  // short, so that a drained worker ends soon
constexpr auto renew_every = 10s;
constexpr auto lease_margin =
    25s;  // of thirty: without a renewal for so long, it is as good as lost
constexpr int report_attempts = 6;

struct Held {
    Phase phase;
    StopSwitch stop;
    bool lost = false;
};

class ThreadWorker : public Worker {
  public:
    ThreadWorker(RunGateway& gateway, WorkerOptions options, const Clock& clock)
        : gateway_(gateway), options_(std::move(options)), clock_(clock) {
        remove_tree(options_.scratch);
        fs::create_directories(options_.scratch);
        fs::permissions(options_.scratch, fs::perms::owner_all);
        if (!options_.tools.empty()) remove_tree(options_.tools);
        open_slots_ = options_.slots;
        if (options_.slots <= 0) busy_.reset();
        for (int slot = 0; slot < options_.slots; ++slot)
            spawn(io_.get_executor(), work_on(slot), [this](std::exception_ptr) { slot_ended(); });
        thread_ = std::thread([this] { io_.run(); });
    }
    ~ThreadWorker() override {
        stop();
        thread_.join();
    }

    void drain() override { draining_ = true; }

    void stop() override {
        draining_ = true;
        asio::post(io_, [this] {
            for (auto& held : held_) held->stop.stop();
        });
    }

    Task<void> join() override {
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

  private:
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
            if (work) co_await one(std::move(*work), slot);
        }
    }

    Task<void> one(Work work, int slot) {
        auto held = std::make_shared<Held>();
        held->phase = work.spec.phase;
        auto place = held_.insert(held_.end(), held);
        auto executor = co_await this_executor();
        Signal done(executor);
        TaskGroup renewing(executor);
        renewing.start(keep(work.lease, held, done));

        std::optional<PhaseResult> result;
        std::string trouble;
        auto options = options_;
        options.slot = slot;
        try {
            result = co_await perform(gateway_, work, options, clock_, held->stop);
        } catch (const std::exception& error) {
            trouble = error.what();
        }
        held->lost = held->lost || !result;
        if (result) co_await report(work, held, std::move(*result));
        done.notify();
        co_await renewing.join();
        held_.erase(place);
        if (!trouble.empty())
            log_error(
                "a run was not reported",
                {{"run", work.spec.run.value}, {"worker", options_.name}, {"error", trouble}});
    }

    // The end is told while the lease is still kept.
    Task<void> report(Work work, std::shared_ptr<Held> held, PhaseResult result) {
        for (int attempt = 0; attempt < report_attempts && !held->lost; ++attempt) {
            if (attempt != 0) co_await sleep_for(250ms * (1 << attempt));
            std::string trouble;
            try {
                const bool taken = co_await gateway_.report(work.spec.run, work.lease, result);
                if (!taken)
                    log_warning("the result of a run was not taken: its lease had gone",
                                {{"run", work.spec.run.value}});
                co_return;
            } catch (const Failure& failure) {
                trouble = failure.what();
            }
            log_warning("a run cannot be reported",
                        {{"run", work.spec.run.value}, {"error", trouble}});
        }
    }

    Task<void> keep(Lease lease, std::shared_ptr<Held> held, Signal& done) {
        auto kept = SteadyClock::now();
        while (!co_await done.wait(renew_every)) {
            auto renewed = Renewed::held;
            bool answered = true;
            try {
                renewed = co_await gateway_.renew(lease);
            } catch (const Failure&) {
                answered = false;
            }
            if (answered) kept = SteadyClock::now();
            if (renewed == Renewed::lost || SteadyClock::now() - kept > lease_margin) {
                held->lost = true;
                held->stop.stop();
                log_warning("a worker lost its lease and stops", {{"job", lease.job.value}});
                co_return;
            }
            if (renewed == Renewed::cancel_wanted && held->phase == Phase::plan) held->stop.stop();
        }
    }

    RunGateway& gateway_;
    const WorkerOptions options_;
    const Clock& clock_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> busy_{io_.get_executor()};
    std::atomic<bool> draining_{false};
    std::list<std::shared_ptr<Held>> held_;
    std::mutex mutex_;
    int open_slots_ = 0;
    std::vector<std::function<void()>> waiting_;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<Worker> start_worker(RunGateway& gateway, WorkerOptions options,
                                     const Clock& clock) {
    return std::make_unique<ThreadWorker>(gateway, std::move(options), clock);
}

}  // namespace slipway
