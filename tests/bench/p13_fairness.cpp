// P13: a flood of 20:1 from a loud repository, and what a quiet one waits: the real queue and
// consumer over a redis-server, jobs that take a few milliseconds of a forge's time. Measured for
// two repositories of one owner, for two installations, and for a worker with two slots; the worst
// of the three counts.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "queue/consumer.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;
using namespace std::chrono_literals;

namespace {

struct Scene {
    const char* name;
    const char* loud;
    const char* quiet;
    int places;
    std::chrono::milliseconds work;
};
constexpr int quiet_jobs = 60, flood = 20;

// Seconds from leaving a quiet job to the end of it, one after the other: the 95th of a hundred.
double wait_of_the_quiet(const Scene& scene, bool flooded) {
    RedisServer server;
    asio::io_context io;
    auto queue = make_redis_queue(io.get_executor(), server.address(), Secret("a key for records"));
    Signal ended(io.get_executor());
    int done = 0;
    ConsumerOptions options;
    options.places.all = scene.places;
    asio::cancellation_signal stop;
    bool over = false;
    auto perform = [&](ClaimedJob job) -> Task<void> {
        co_await sleep_for(scene.work);
        if (job.job.repository == scene.quiet) ++done, ended.notify();
    };
    asio::co_spawn(
        io, consume(*queue, options, perform),
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr) { over = true; }));
    int next = 0;
    auto leave = [&](const char* repository, int count) -> Task<void> {
        Commit commit;
        for (int i = 0; i < count; ++i) {
            Job job;
            job.id = JobId("report/" + std::to_string(++next));
            job.kind = JobKind::report;
            job.repository = repository;
            commit.jobs.push_back(std::move(job));
        }
        co_await queue->commit(std::move(commit));
    };
    std::vector<double> waited;
    auto ask = [&]() -> Task<void> {
        // The backlog stands from the first moment on, and grows by twenty with each quiet job.
        if (flooded) co_await leave(scene.loud, 20 * flood);
        for (int i = 1; i <= quiet_jobs; ++i) {
            if (flooded) co_await leave(scene.loud, flood);
            const auto begin = std::chrono::steady_clock::now();
            co_await leave(scene.quiet, 1);
            while (done < i) co_await ended.wait(1min);
            waited.push_back(
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
        }
    };
    run_task(io, ask(), 60s);
    stop.emit(asio::cancellation_type::all);
    auto until_over = [&]() -> Task<void> {
        while (!over) co_await sleep_for(1ms);
    };
    run_task(io, until_over());
    std::sort(waited.begin(), waited.end());
    return waited[waited.size() * 95 / 100];
}

}  // namespace

int main() {
    const Scene scenes[] = {
        {"two repositories", "github.com/acme/loud", "github.com/acme/quiet", 16, 20ms},
        {"two installations", "github.com/loud/infra", "github.com/quiet/infra", 16, 20ms},
        {"two slots of a worker", "github.com/acme/loud", "github.com/acme/quiet", 2, 20ms},
    };
    double worst = 0;
    for (const auto& scene : scenes) {
        std::vector<double> alone, flooded;
        for (int round = 0; round < 3; ++round) {
            alone.push_back(wait_of_the_quiet(scene, false));
            flooded.push_back(wait_of_the_quiet(scene, true));
        }
        const double ratio = bench::median(flooded) / bench::median(alone);
        std::printf("%s: p95 %.1f ms alone, %.1f ms beside the flood, %.2f\n", scene.name,
                    1e3 * bench::median(alone), 1e3 * bench::median(flooded), ratio);
        worst = std::max(worst, ratio);
    }
    return bench::verdict("P13", worst, 2);
}
