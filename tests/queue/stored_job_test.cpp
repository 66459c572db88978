#include "queue/redis/stored_job.hpp"

#include "queue/redis/connection.hpp"
#include "service/base/codec.hpp"
#include "service/base/metrics.hpp"
#include "tests/queue/both_queues.hpp"

namespace slipway {
using namespace std::chrono_literals;

namespace {

const Secret key("record key");

}  // namespace

TEST_CASE("S1: a job that was edited or moved is refused") {
    const auto stored = stored_job(key, job("command/github.com/1"));
    CHECK(verified_job(key, "command/github.com/1", stored) == job("command/github.com/1"));
    CHECK(!verified_job(key, "command/github.com/2", stored));
    CHECK(!verified_job(Secret("another key"), "command/github.com/1", stored));
    CHECK(!verified_job(key, "command/github.com/1", stored.substr(65)));
    for (std::size_t i = 0; i < stored.size(); ++i) {
        CAPTURE(i);
        auto flipped = stored;
        flipped[i] = static_cast<char>(flipped[i] ^ 1);
        CHECK(!verified_job(key, "command/github.com/1", flipped));
        CHECK(!verified_job(key, "command/github.com/1", stored.substr(0, i)));
    }
}

TEST_CASE("S1: a forged command left in Redis is buried and never handed out; others are") {
    REQUIRE_MESSAGE(redis_server_installed(), "these cases need redis-server");
    RedisServer server;
    asio::io_context io;
    auto queue = make_redis_queue(io.get_executor(), server.address(), key);
    auto genuine = job("command/github.com/1");
    genuine.payload = R"({"verb":"plan","actor":{"login":"ann"}})";
    Commit commit;
    commit.jobs = {genuine, job("work")};
    commit.jobs[1].queue = "work/default";
    REQUIRE(run_task(io, queue->commit(commit)) == Committed::done);

    RedisConnection connection(io.get_executor(), server.address(), {});
    auto ask = [&](RedisConnection::Words words) {
        return run_task(io, connection.command(std::move(words)));
    };
    const std::string at = "{slipway}:job:command/github.com/1";
    auto forged = genuine;
    forged.payload = R"({"verb":"apply","role":"admin","actor":{"login":"mallory"}})";
    SUBCASE("written anew") { ask({"HSET", at, "data", encode(forged).dump()}); }
    SUBCASE("under the MAC of what stood there") {
        const auto stored = ask({"HGET", at, "data"}).text;
        ask({"HSET", at, "data", stored.substr(0, 65) + encode(forged).dump()});
    }
    SUBCASE("under a key of its own") {
        ask({"HSET", at, "data", stored_job(Secret("guessed"), forged)});
    }
    SUBCASE("genuine, but another one") {
        ask({"HSET", at, "data", ask({"HGET", "{slipway}:job:work", "data"}).text});
    }
    int told = 0;  // of those buried
    SUBCASE("genuine, but of another queue") {
        told = 1;  // it is ours, so whoever waits for it hears that it is dead
        ask({"HSET", at, "data", ask({"HGET", "{slipway}:job:work", "data"}).text});
        ask({"RENAME", at, "{slipway}:job:work"});
        ask({"ZREM", "{slipway}:line:service|", "command/github.com/1"});
        ask({"ZADD", "{slipway}:line:service|", "1", "work"});
        ask({"DEL", "{slipway}:line:work/default|"});
    }
    auto after = job("after");
    after.repository = "hub/acme/a";
    commit.jobs = {after};
    REQUIRE(run_task(io, queue->commit(commit)) == Committed::done);

    auto claimed = run_task(io, queue->claim("service", "tester", 30s, 0ms));
    REQUIRE(claimed);
    CHECK(claimed->job == after);
    CHECK(!run_task(io, queue->claim("service", "tester", 30s, 0ms)));
    const auto status = run_task(io, queue->status());
    CHECK(status.dead == 1);
    CHECK(status.leased == 1);
    // What is not ours nobody is asked to see to, now or later.
    CHECK(run_task(io, queue->expire()).size() == static_cast<std::size_t>(told));
    CHECK(ask({"ZCARD", "{slipway}:lapsed"}).number == told);
    CHECK(metrics_text().find("slipway_jobs_refused_total") != std::string::npos);
}

}  // namespace slipway
