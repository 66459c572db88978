#include "queue/redis/stored_record.hpp"

#include "queue/redis/connection.hpp"
#include "service/base/metrics.hpp"
#include "tests/queue/both_queues.hpp"

namespace slipway {
using namespace std::chrono_literals;

namespace {

bool refused(const Secret& key, const std::string& name, const std::string& stored) {
    return !verified_record(key, name, stored);
}

}  // namespace

TEST_CASE("S1: a record that was edited, moved or renumbered is refused") {
    const Secret key("record key");
    const std::string body = R"({"approved_by":["ann"]})";
    const auto stored = stored_record(key, "run/1", 7, body);
    CHECK(opened_record(key, "run/1", stored) == Record{7, body});

    CHECK(refused(key, "run/2", stored));
    CHECK(refused(key, "run/", stored));
    CHECK(refused(Secret("another key"), "run/1", stored));
    CHECK(refused(key, "run/1", "8" + stored.substr(1)));
    CHECK(refused(key, "run/1", "17" + stored.substr(1)));
    CHECK(refused(key, "run/1", "07" + stored.substr(1)));
    CHECK(refused(key, "run/1", ""));
    CHECK(refused(key, "run/1", body));
    CHECK(refused(key, "run/1", "7 \n" + body));
    for (std::size_t i = 0; i < stored.size(); ++i) {
        CAPTURE(i);
        auto flipped = stored;
        flipped[i] = static_cast<char>(flipped[i] ^ 1);
        CHECK(refused(key, "run/1", flipped));
        CHECK(refused(key, "run/1", stored.substr(0, i)));
    }
    CHECK(refused(key, "run/1", stored + " "));

    // Neither part can lend its bytes to the next.
    CHECK(stored_record(key, "run/1", 17, "") != stored_record(key, "run/11", 7, ""));
    CHECK(refused(key, "run/11", stored_record(key, "run/1", 17, "")));
}

TEST_CASE("S1: a record edited inside Redis is refused, counted and told; others are not touched") {
    REQUIRE_MESSAGE(redis_server_installed(), "these cases need redis-server");
    RedisServer server;
    asio::io_context io;
    auto queue = make_redis_queue(io.get_executor(), server.address(), Secret("record key"));
    Commit commit;
    commit.records = {{"run/1", 0, R"({"state":"unconfirmed"})"}, {"run/2", 0, "{}"}};
    REQUIRE(run_task(io, queue->commit(commit)) == Committed::done);

    RedisConnection connection(io.get_executor(), server.address(), {});
    auto ask = [&](RedisConnection::Words words) {
        return run_task(io, connection.command(std::move(words)));
    };
    auto stored = ask({"GET", "{slipway}:record:run/1"}).text;
    SUBCASE("edited") { stored.replace(stored.find("unconfirmed"), 11, "confirmed"); }
    SUBCASE("moved") { stored = ask({"GET", "{slipway}:record:run/2"}).text; }
    SUBCASE("renumbered") { stored[0] = '9'; }
    ask({"SET", "{slipway}:record:run/1", stored});

    auto refuse = [&](auto task) {
        try {
            run_task(io, std::move(task));
        } catch (const Failure& failure) {
            CHECK(failure.retry() == Retry::never);
            return std::string(failure.what());
        }
        return std::string("not refused");
    };
    CHECK(refuse(queue->read("run/1")).find("run/1 was changed in Redis") != std::string::npos);
    std::vector<std::string> both = {"run/2", "run/1"};
    CHECK(refuse(queue->read_many(both)).find("run/1 was changed in Redis") != std::string::npos);
    CHECK(run_task(io, queue->read("run/2")) == Record{1, "{}"});
    CHECK(metrics_text().find("slipway_records_refused_total") != std::string::npos);
}

}  // namespace slipway
