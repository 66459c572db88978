#include "queue/consumer.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "queue/cancelled.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/base/metrics.hpp"
#include "service/base/pause.hpp"

namespace slipway {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

milliseconds backoff(int attempt, double random) {
    const auto longest =
        std::min(1'000.0 * static_cast<double>(1 << std::clamp(attempt - 1, 0, 20)), 300'000.0);
    return milliseconds(static_cast<std::int64_t>(std::max(longest * random, 50.0)));
}

namespace {

constexpr auto claim_wait = 20s;
constexpr auto pause_after_trouble = 500ms;
constexpr auto give_back_limit = 3s;
constexpr int overtaken_limit = 20;  // of one attempt, within some seconds

// What becomes of a job after its function has ended.
struct Verdict {
    enum class What { finish, retry, dead_letter, stopped, pause } what = What::finish;
    std::optional<milliseconds> after;  // retry: as the failure says; else by backoff
    std::string why;
};

Verdict verdict_of(std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const Pause& pause) {
        return {Verdict::What::pause, pause.after(), pause.what()};
    } catch (const Failure& failure) {
        if (failure.retry() == Retry::never)
            return {Verdict::What::dead_letter, {}, failure.what()};
        if (failure.retry() == Retry::after)
            return {Verdict::What::retry, failure.after(), failure.what()};
        return {Verdict::What::retry, {}, failure.what()};
    } catch (const boost::system::system_error& stopped) {
        if (stopped.code() == asio::error::operation_aborted)
            return {Verdict::What::stopped, 0ms, "its consumer was stopped"};
        return {Verdict::What::retry, {}, stopped.what()};
    } catch (const std::exception& other) {
        return {Verdict::What::retry, {}, other.what()};
    } catch (...) {
        return {Verdict::What::retry, {}, "an unknown error"};
    }
}

double random_fraction() {
    const auto bytes = random_bytes(4);
    std::uint32_t number = 0;
    for (const char byte : bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
    return number / 4294967296.0;
}

class Consumer {
  public:
    Consumer(Queue& queue, ConsumerOptions options, std::function<Task<void>(ClaimedJob)> perform,
             asio::any_io_executor executor)
        : queue_(queue),
          options_(std::move(options)),
          perform_(std::move(perform)),
          places_(options_.places),
          performing_(executor),
          freed_(executor) {}

    Task<void> run() {
        std::exception_ptr ended;
        try {
            co_await take_jobs();
        } catch (...) {
            ended = std::current_exception();
        }
        co_await asio::this_coro::throw_if_cancelled(false);
        performing_.cancel();
        co_await performing_.join();
        std::rethrow_exception(ended);
    }

  private:
    Task<void> take_jobs() {
        for (;;) {
            while (!places_.has_room()) co_await freed_.wait(1min);
            bool failed = false;
            std::string why;
            try {
                Queue::Exceptions full = [this] { return places_.full(); };
                auto claimed = co_await queue_.claim(options_.queue, options_.holder,
                                                     options_.lease, claim_wait, full);
                if (claimed) {
                    places_.begin(claimed->job.repository);
                    performing_.start(work_on(std::move(*claimed)));
                }
            } catch (const Failure& failure) {
                failed = true;
                why = failure.what();
            }
            if (!failed) continue;
            log_warning("no job could be claimed", {{"queue", options_.queue}, {"reason", why}});
            co_await sleep_for(pause_after_trouble);
        }
    }

    // A job from claim to end; its lease is renewed beside it.
    Task<void> work_on(ClaimedJob job) {
        auto executor = co_await asio::this_coro::executor;
        TaskGroup renewing(executor);
        bool has_place = true;
        renewing.start(watch_over(job.lease, job.job.repository, has_place));
        std::exception_ptr error;
        for (int again = 0; again <= overtaken_limit; ++again) {
            if (again > 0) co_await sleep_for(again * 10ms);
            error = nullptr;
            bool overtaken = false;
            try {
                co_await perform_(job);
            } catch (const Overtaken&) {
                error = std::current_exception();
                overtaken = true;
            } catch (...) {
                error = std::current_exception();
            }
            if (!overtaken) break;
        }
        // What is left is told to the queue even where we are cancelled.
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        renewing.cancel();
        std::string trouble;
        try {
            auto concluded = conclude(job, error);
            co_await within(give_back_limit, std::move(concluded));
        } catch (const std::exception& failure) {
            trouble = failure.what();
        }
        if (!trouble.empty())
            log_warning(
                "the end of a job could not be stored; it runs again when its lease is over",
                {{"job", job.job.id.value}, {"reason", trouble}});
        co_await renewing.join();
        if (places_.end(job.job.repository, has_place)) tell_of_room();
    }

    void tell_of_room() {
        freed_.notify();
        queue_.look_again();
    }

    // Gives the job's place away in time, and renews its lease until it is lost.
    Task<void> watch_over(Lease lease, std::string repository, bool& has_place) {
        auto to_renewal = options_.renew_every, to_giving_away = options_.place_time;
        for (auto renewed = Renewed::held; has_place || renewed != Renewed::lost;) {
            if (has_place && to_giving_away <= to_renewal) {
                co_await sleep_for(to_giving_away);
                to_renewal -= to_giving_away;
                has_place = false;
                if (places_.give_away(repository)) tell_of_room();
                continue;
            }
            co_await sleep_for(to_renewal);
            to_giving_away -= to_renewal;
            to_renewal = options_.renew_every;
            if (renewed != Renewed::lost) renewed = co_await renew(lease);
        }
    }

    Task<Renewed> renew(Lease lease) {
        try {
            co_return co_await queue_.renew(lease, options_.lease);
        } catch (const Failure&) {
        }
        co_return Renewed::held;  // the lease outlives two renewals that fail
    }

    Task<void> conclude(const ClaimedJob& job, std::exception_ptr error) {
        auto verdict = error ? verdict_of(error) : Verdict{};
        static Counter ended[] = {count("finish"), count("retry"), count("dead_letter"),
                                  count("stopped"), count("pause")};
        ended[static_cast<std::size_t>(verdict.what)].add();
        switch (verdict.what) {
            case Verdict::What::finish:
                co_await queue_.finish(job.lease);  // false: it was finished by a commit
                co_return;
            case Verdict::What::dead_letter:
                log_error("a job is given up",
                          {{"job", job.job.id.value}, {"reason", verdict.why}});
                co_await queue_.dead_letter(job.lease, verdict.why);
                co_return;
            case Verdict::What::stopped:
                co_await queue_.retry(job.lease, 0ms, verdict.why);
                co_return;
            case Verdict::What::pause:
                co_await queue_.put_back(job.lease, *verdict.after, verdict.why);
                co_return;
            case Verdict::What::retry:
                break;
        }
        const auto delay = verdict.after.value_or(backoff(job.attempt, random_fraction()));
        log_warning("a job is tried again", {{"job", job.job.id.value},
                                             {"attempt", job.attempt},
                                             {"after_ms", std::int64_t{delay.count()}},
                                             {"reason", verdict.why}});
        co_await queue_.retry(job.lease, delay, verdict.why);
    }

    static Counter count(const char* how) {
        return counter("slipway_jobs_ended_total", "Jobs that a consumer has ended",
                       {{"how", how}});
    }

    Queue& queue_;
    ConsumerOptions options_;
    std::function<Task<void>(ClaimedJob)> perform_;
    Places places_;
    TaskGroup performing_;
    Signal freed_;
};

}  // namespace

Task<void> consume(Queue& queue, ConsumerOptions options,
                   std::function<Task<void>(ClaimedJob)> perform) {
    Consumer consumer(queue, std::move(options), std::move(perform),
                      co_await asio::this_coro::executor);
    auto run = consumer.run();
    co_await std::move(run);
}

Task<void> reap(Queue& queue, std::function<Task<void>(Lapsed)> on_lapsed, milliseconds lease) {
    using SteadyClock = std::chrono::steady_clock;
    const auto grace = lease / 2;  // a renewal of everybody
    const auto longest = lease / 6;
    bool away = false;
    SteadyClock::duration asked{};  // how long the last question took
    for (;;) {
        std::string trouble;
        try {
            auto before = SteadyClock::now();
            co_await sleep_for(1s);
            auto as_of = co_await queue.now_ms();
            // Stopped, or so busy that renewals came to nothing: what looks expired may well be
            // alive. The time is asked for before this is looked at, so that wherever the process
            // stands still, either it is noticed here or `as_of` is from before.
            while (away || asked > longest || SteadyClock::now() - before > 1s + longest) {
                if (!away)
                    log_warning(
                        "this process or Redis stood still; leases are renewed before any is taken "
                        "back");
                co_await queue.check_storable();
                away = false;
                asked = {};
                before = SteadyClock::now() + grace - 1s;
                co_await sleep_for(grace);
                as_of = co_await queue.now_ms();
            }
            const auto asking = SteadyClock::now();
            auto lapsed = co_await queue.expire(as_of);
            asked = SteadyClock::now() - asking;
            for (auto& one : lapsed) {
                const auto id = one.job.id;
                const auto fate = one.fate;
                log_warning(
                    "a job lapsed",
                    {{"job", id.value}, {"fate", std::string(word(fate))}, {"reason", one.why}});
                co_await on_lapsed(std::move(one));
                if (fate != Lapsed::Fate::again) co_await queue.acknowledge_expired(id);
            }
        } catch (const Failure& failure) {
            trouble = failure.what();
        }
        if (trouble.empty()) continue;
        if (!away) log_warning("lapsed jobs could not be seen to", {{"reason", trouble}});
        away = true;
    }
}

}  // namespace slipway
