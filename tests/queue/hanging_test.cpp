// One slow forge stops nobody: jobs that hang give their places to others, and no repository, owner
// or forge takes all of them.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "queue/consumer.hpp"
#include "tests/queue/both_queues.hpp"

namespace slipway {
using namespace std::chrono_literals;

struct RealMemory {
    SystemClock clock;
    std::unique_ptr<Queue> make(asio::io_context& io) {
        return make_memory_queue(io.get_executor(), clock);
    }
};
struct RealRedis {
    RedisServer server;
    std::unique_ptr<Queue> make(asio::io_context& io) {
        return make_redis_queue(io.get_executor(), server.address(), Secret("record key"));
    }
};

template <class Where>
struct Hanging : Where {
    asio::io_context io;
    std::unique_ptr<Queue> queue = this->make(io);
    ConsumerOptions options;
    asio::cancellation_signal stop;
    bool ended = false;
    Signal forge_answers{io.get_executor()};
    std::map<std::string, int> hanging;  // by repository
    int done = 0;                        // of those that do not hang

    // Jobs of acme hang in their forge; others leave the next one, as a pull request's do:
    // "step/<n>".
    Task<void> perform(ClaimedJob claimed) {
        const auto& repository = claimed.job.repository;
        if (repository.starts_with("hub/acme/slow")) {
            ++hanging[repository];
            co_await forge_answers.wait(10min);
            --hanging[repository];
            co_return;
        }
        ++done;
        const int step = std::stoi(claimed.job.id.value.substr(5));
        Commit commit;
        commit.holding = claimed.lease;
        commit.finish = true;
        if (step < 8) commit.jobs = {job("step/" + std::to_string(step + 1))};
        co_await queue->commit(std::move(commit));
    }
    void start() {
        asio::co_spawn(
            io,
            consume(*queue, options, [this](ClaimedJob job) { return perform(std::move(job)); }),
            asio::bind_cancellation_slot(stop.slot(),
                                         [this](std::exception_ptr) { ended = true; }));
    }
    void leave(const std::string& repository, const std::string& id) {
        Commit commit;
        commit.jobs = {job(id)};
        commit.jobs[0].repository = repository;
        run_task(io, queue->commit(std::move(commit)));
    }
    template <class P>
    void until(P reached) {
        auto wait = [](P predicate) -> Task<void> {
            while (!predicate()) co_await sleep_for(1ms);
        };
        run_task(io, wait(std::move(reached)), 60s);
    }
    ~Hanging() {
        stop.emit(asio::cancellation_type::all);
        until([this] { return ended; });
    }
};

}  // namespace slipway

TYPE_TO_STRING_AS("memory", slipway::RealMemory);
TYPE_TO_STRING_AS("redis", slipway::RealRedis);

namespace slipway {

TEST_CASE_TEMPLATE(
    "24 repositories whose forge hangs do not hold up a healthy one of the same owner", Where,
    RealMemory, RealRedis) {
    REQUIRE_MESSAGE(redis_server_installed(), "these cases need redis-server");
    Hanging<Where> t;
    t.options.place_time = 20ms;
    for (int repository = 0; repository < 24; ++repository)
        for (int i = 0; i < 6; ++i)
            t.leave("hub/acme/slow" + std::to_string(repository),
                    "hang/" + std::to_string(repository) + "/" + std::to_string(i));
    t.start();
    t.leave("hub/acme/healthy", "step/1");
    t.until([&] { return t.done == 8; });
    // And once all that may hang do, a healthy one waits for nothing at all.
    t.until([&] { return t.hanging.size() == 24; });
    t.leave("hub/acme/healthy", "step/1");
    t.until([&] { return t.done == 16; });
    for (const auto& [repository, count] : t.hanging) {
        CAPTURE(repository);
        CHECK(count <= t.options.places.of_repository);
    }
    // When the forge answers again, the rest gets its turn.
    t.until([&] {
        t.forge_answers.notify();
        const auto status = run_task(t.io, t.queue->status());
        return status.leased == 0 && status.waiting.empty();
    });
}

TEST_CASE_TEMPLATE("while one owner's jobs hold all places they may, another's begin at once",
                   Where, RealMemory, RealRedis) {
    REQUIRE_MESSAGE(redis_server_installed(), "these cases need redis-server");
    Hanging<Where> t;
    t.options.place_time = 1h;  // nobody gives a place away
    for (int repository = 0; repository < 24; ++repository)
        t.leave("hub/acme/slow" + std::to_string(repository), "hang/" + std::to_string(repository));
    t.start();
    t.until([&] { return t.hanging.size() == 8; });
    SUBCASE("of the same forge") { t.leave("hub/other/healthy", "step/1"); }
    SUBCASE("of another forge") { t.leave("lab/acme/healthy", "step/1"); }
    t.until([&] { return t.done == 8; });
    CHECK(t.hanging.size() == 8);
    t.forge_answers.notify();
    t.until([&] { return t.hanging.size() == 16; });  // who waited for a place of its owner begins
}

}  // namespace slipway
