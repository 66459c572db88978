// What goes wrong between us and Redis, on real servers; each case names its fault of the
// catalogue.
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <sstream>

#include "queue/redis/connection.hpp"
#include "tests/queue/both_queues.hpp"

namespace slipway {
using namespace std::chrono_literals;

namespace {

struct Alone {
    explicit Alone(std::vector<std::string> options = {}) : server(std::move(options)) {
        queue = make_redis_queue(io.get_executor(), server.address(), Secret("record key"));
    }
    template <class T>
    T get(Task<T> task) {
        return run_task(io, std::move(task));
    }
    Delivery delivery(std::string id, std::string body = "{}") {
        return {"forge", std::move(id), "push", std::move(body), 1};
    }
    Task<bool> answers() {
        try {
            co_await queue->check_storable();
            co_return true;
        } catch (const Failure&) {
        }
        co_return false;
    }
    Task<void> until_it_answers() {
        for (;;) {
            const bool answered = co_await answers();
            if (answered) co_return;
            co_await sleep_for(10ms);
        }
    }

    RedisServer server;
    asio::io_context io;
    std::unique_ptr<Queue> queue;
};

// The retry that a failure asks for; nullopt: no failure.
template <class F>
std::optional<Retry> failure_of(F call, std::string* message = nullptr) {
    try {
        call();
    } catch (const Failure& failure) {
        if (message) *message = failure.what();
        return failure.retry();
    }
    return std::nullopt;
}

// Standard error of `call`, where the log goes.
template <class F>
std::string logged_by(F call) {
    Scratch scratch;
    const auto file = scratch.path / "log";
    const int before = ::dup(2);
    const int to = ::open(file.c_str(), O_CREAT | O_WRONLY, 0600);
    ::dup2(to, 2);
    ::close(to);
    call();
    ::dup2(before, 2);
    ::close(before);
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("fault 14: Redis is killed and started again: what was confirmed is there, scripts too") {
    Alone t;
    Commit commit;
    commit.records = {{"run/1", 0, "{}"}};
    commit.enter = {{"lane", "run/1", job("first")}, {"lane", "run/2", job("second")}};
    CHECK(t.get(t.queue->commit(commit)) == Committed::done);
    CHECK(t.get(t.queue->accept(t.delivery("guid"))) == Accepted::stored);
    auto claimed = t.get(t.queue->claim("service", "tester", 30s, 0ms));
    REQUIRE(claimed);

    t.server.kill_hard();
    CHECK(failure_of([&] { t.get(t.queue->read("run/1")); }) == Retry::later);
    CHECK(failure_of([&] { t.get(t.queue->accept(t.delivery("other"))); }) == Retry::later);
    t.server.start();
    const auto since = std::chrono::steady_clock::now();
    t.get(t.until_it_answers());
    CHECK(std::chrono::steady_clock::now() - since < 2s);  // a second's pause, and some

    CHECK(t.get(t.queue->read("run/1")) == Record{1, "{}"});
    CHECK(t.get(t.queue->lane("lane")) == Words{"run/1", "run/2"});
    CHECK(t.get(t.queue->accept(t.delivery("guid"))) == Accepted::duplicate);
    CHECK(t.get(t.queue->renew(claimed->lease, 30s)) == Renewed::held);
    auto next = t.get(t.queue->claim("service", "tester", 30s, 0ms));
    REQUIRE(next);
    CHECK(next->job.id.value == "event/forge/guid");
    CHECK(next->lease.fence > claimed->lease.fence);
}

TEST_CASE("fault 14: a server that forgot its scripts is told them again") {
    Alone t;
    CHECK(t.get(t.queue->commit(record("run/1", 0, "{}"))) == Committed::done);
    CHECK(t.server.ask("SCRIPT FLUSH") == "+OK\r\n");
    CHECK(t.get(t.queue->commit(record("run/1", 1, "{}"))) == Committed::done);
}

TEST_CASE("fault 14: a claim that waits outlives a restart") {
    Alone t;
    std::optional<ClaimedJob> claimed;
    auto claim = [&]() -> Task<void> {
        while (!claimed) {
            bool away = false;
            try {
                claimed = co_await t.queue->claim("service", "tester", 30s, 20s);
            } catch (const Failure&) {
                away = true;
            }
            if (away) co_await sleep_for(20ms);
        }
    };
    auto other = make_redis_queue(t.io.get_executor(), t.server.address(), Secret("record key"));
    auto restart = [&]() -> Task<void> {
        co_await sleep_for(50ms);
        t.server.kill_hard();
        t.server.start();
        Commit commit;
        commit.jobs = {job("a")};
        co_await other->commit(std::move(commit));
    };
    spawn(t.io.get_executor(), restart());
    t.get(claim());
    CHECK(claimed->job.id.value == "a");
}

TEST_CASE("fault 15: every error that passes is one to try again later") {
    struct Row {
        const char* reply;
        Retry retry;
    };
    const Row rows[] = {
        {"OOM command not allowed when used memory > 'maxmemory'.", Retry::later},
        {"ERR Error running script (call to f_0): @user_script:1: -OOM command not allowed",
         Retry::later},
        {"READONLY You can't write against a read only replica.", Retry::later},
        {"LOADING Redis is loading the dataset in memory", Retry::later},
        {"MISCONF Errors writing to the AOF file: No space left on device", Retry::later},
        {"MASTERDOWN Link with MASTER is down", Retry::later},
        {"CLUSTERDOWN Hash slot not served", Retry::later},
        {"BUSY Redis is busy running a script.", Retry::later},
        {"NOAUTH Authentication required.", Retry::later},
        {"WRONGPASS invalid username-password pair", Retry::later},
        {"ERR max number of clients reached", Retry::later},
        {"ERR unknown command", Retry::never},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", Retry::never},
    };
    for (const auto& row : rows) {
        CAPTURE(row.reply);
        RedisReply reply;
        reply.kind = RedisReply::Kind::error;
        reply.text = row.reply;
        CHECK(failure_of([&] { expect_no_error(reply); }) == row.retry);
    }
}

TEST_CASE("fault 18: a server without memory takes nothing new and lets running work end") {
    Alone t;
    Commit commit;
    commit.jobs = {job("a"), job("b"), job("c")};
    CHECK(t.get(t.queue->commit(commit)) == Committed::done);
    auto a = t.get(t.queue->claim("service", "tester", 30s, 0ms));
    auto b = t.get(t.queue->claim("service", "tester", 30s, 0ms));
    REQUIRE(a);
    REQUIRE(b);
    CHECK(t.server.ask("CONFIG SET maxmemory 1") == "+OK\r\n");

    std::string why;
    CHECK(failure_of([&] { t.get(t.queue->accept(t.delivery("guid"))); }, &why) == Retry::later);
    CHECK(why.find("out of memory") != why.npos);
    CHECK(failure_of([&] { t.get(t.queue->check_storable()); }) == Retry::later);
    CHECK(failure_of([&] { t.get(t.queue->commit(record("run/1", 0, "{}"))); }) == Retry::later);
    CHECK(failure_of([&] { t.get(t.queue->begin_apply(a->lease, "done/x")); }) == Retry::later);
    CHECK(failure_of([&] { t.get(t.queue->claim("service", "tester", 30s, 0ms)); }) ==
          Retry::later);

    CHECK(t.get(t.queue->renew(a->lease, 30s)) == Renewed::held);
    auto end = record("run/1", 0, "{}");
    end.holding = a->lease;
    end.finish = true;
    end.jobs = {job("next")};
    CHECK(t.get(t.queue->commit(end)) == Committed::done);
    CHECK(t.get(t.queue->retry(b->lease, 0ms, "")));
    CHECK(t.get(t.queue->read("run/1")) == Record{1, "{}"});

    // Nothing was done by half: with memory again, every job comes once.
    t.server.ask("CONFIG SET maxmemory 0");
    Words ids;
    while (auto claimed = t.get(t.queue->claim("service", "tester", 30s, 0ms)))
        ids.push_back(claimed->job.id.value);
    CHECK(ids == Words{"b", "c", "next"});
    CHECK(t.get(t.queue->accept(t.delivery("guid"))) == Accepted::stored);
}

TEST_CASE("fault 19: a server that may lose what it is given is complained of, loudly") {
    const auto said = logged_by([] {
        Alone t({"--maxmemory-policy", "allkeys-lru", "--appendonly", "no"});
        t.get(t.queue->check_storable());
    });
    CHECK(said.find("set maxmemory-policy noeviction") != said.npos);
    CHECK(said.find("set appendonly yes") != said.npos);
    const auto quiet = logged_by([] {
        Alone t;
        t.get(t.queue->check_storable());
    });
    CHECK(quiet == "");
}

TEST_CASE(
    "fault 20: a server that stands still is given up in time, and answers stay with their "
    "commands") {
    Alone t;
    RedisConnection connection(t.io.get_executor(), t.server.address(), {});
    auto ask = [&](std::string text, std::chrono::milliseconds limit) {
        RedisConnection::Words words{"ECHO", std::move(text)};
        return t.get(connection.command(std::move(words), limit)).text;
    };
    CHECK(ask("one", 5s) == "one");
    t.server.stop();
    const auto since = std::chrono::steady_clock::now();
    CHECK(failure_of([&] { ask("two", 150ms); }) == Retry::later);
    CHECK(std::chrono::steady_clock::now() - since < 5s);
    t.server.go_on();
    CHECK(ask("three", 5s) == "three");
    CHECK(ask("four", 5s) == "four");
}

TEST_CASE("fault 20: many commands share a connection, and a caller that leaves disturbs nobody") {
    Alone t;
    RedisConnection connection(t.io.get_executor(), t.server.address(), {});
    int right = 0, cancelled = 0;
    std::vector<asio::cancellation_signal> signals(100);
    auto ask = [&](int i) -> Task<void> {
        RedisConnection::Words words{"ECHO", std::to_string(i)};
        auto reply = co_await connection.command(std::move(words));
        if (reply.text == std::to_string(i)) ++right;
    };
    auto all = [&]() -> Task<void> {
        co_await ask(0);
        t.server.stop();
        for (int i = 0; i < 100; ++i)
            asio::co_spawn(t.io, ask(i),
                           asio::bind_cancellation_slot(
                               signals[static_cast<std::size_t>(i)].slot(),
                               [&](std::exception_ptr e) { cancelled += e != nullptr; }));
        auto leave = [&] {
            for (std::size_t i = 0; i < 100; i += 3) signals[i].emit(asio::cancellation_type::all);
        };
        asio::post(t.io, leave);
        co_await sleep_for(10ms);
        t.server.go_on();
        while (right + cancelled < 101) co_await sleep_for(1ms);
    };
    t.get(all());
    CHECK(cancelled == 34);
    CHECK(right == 67);
}

TEST_CASE("fault 21: an answer that was lost is asked for again without harm") {
    Alone t;
    CHECK(t.get(t.queue->accept(t.delivery("before"))) == Accepted::stored);  // the script is known
    t.server.stop();
    asio::cancellation_signal cancel;
    bool ended = false;
    asio::co_spawn(t.io, t.queue->accept(t.delivery("guid")),
                   asio::bind_cancellation_slot(
                       cancel.slot(), [&](std::exception_ptr, Accepted) { ended = true; }));
    auto leave = [&]() -> Task<void> {
        co_await sleep_for(20ms);
        cancel.emit(asio::cancellation_type::all);
        while (!ended) co_await sleep_for(1ms);
    };
    t.get(leave());
    t.server.go_on();
    CHECK(t.get(t.queue->accept(t.delivery("guid"))) == Accepted::duplicate);
    CHECK(t.get(t.queue->status()).waiting["service"] == 2);
}

TEST_CASE("a claim that is cancelled on its way puts the job back") {
    Alone t;
    Commit commit;
    commit.jobs = {job("before"), job("a")};
    t.get(t.queue->commit(commit));
    CHECK(t.get(t.queue->claim("service", "tester", 30s, 0ms)));  // the script is known
    t.server.stop();
    asio::cancellation_signal cancel;
    bool ended = false;
    auto on_end = [&](std::exception_ptr, std::optional<ClaimedJob>) { ended = true; };
    asio::co_spawn(t.io, t.queue->claim("service", "gone", 1h, 10s),
                   asio::bind_cancellation_slot(cancel.slot(), on_end));
    auto leave = [&]() -> Task<void> {
        co_await sleep_for(20ms);
        cancel.emit(asio::cancellation_type::all);
        while (!ended) co_await sleep_for(1ms);
    };
    t.get(leave());
    t.server.go_on();
    std::optional<ClaimedJob> claimed;
    auto claim = [&]() -> Task<void> {
        claimed = co_await t.queue->claim("service", "next", 30s, 10s);
    };
    t.get(claim());
    REQUIRE(claimed);
    CHECK(claimed->job.id.value == "a");
    CHECK(claimed->attempt == 1);
}

TEST_CASE("fault 50: of two workers with the same plan one begins its apply, a thousand times") {
    Alone t;
    auto other = make_redis_queue(t.io.get_executor(), t.server.address(), Secret("record key"));
    Commit commit;
    commit.jobs = {job("a"), job("b")};
    t.get(t.queue->commit(commit));
    auto a = t.get(t.queue->claim("service", "one", 1h, 0ms));
    auto b = t.get(other->claim("service", "two", 1h, 0ms));
    REQUIRE(a);
    REQUIRE(b);
    int begun = 0, refused = 0;
    auto begin = [&](Queue* queue, Lease lease, std::string name) -> Task<void> {
        auto first = co_await queue->begin_apply(lease, std::move(name));
        ++(first ? begun : refused);
    };
    auto race = [&]() -> Task<void> {
        for (int round = 0; round < 1000; ++round) {
            const auto name = "done/" + std::to_string(round);
            spawn(t.io.get_executor(), begin(t.queue.get(), a->lease, name));
            spawn(t.io.get_executor(), begin(other.get(), b->lease, name));
            while (begun + refused < 2 * (round + 1)) co_await asio::post(asio::use_awaitable);
            if (begun != round + 1) co_return;
        }
    };
    t.get(race());
    CHECK(begun == 1000);
    CHECK(refused == 1000);
}

TEST_CASE("fault 51: data of a newer version is refused") {
    Alone t;
    t.server.ask("SET {slipway}:schema 3");
    std::string why;
    CHECK(failure_of([&] { t.get(t.queue->read("run/1")); }, &why));
    CHECK(why.find("schema 3") != why.npos);
}

TEST_CASE("an address that cannot be one is refused at once, with a sentence") {
    struct Row {
        const char* url;
        const char* says;
    };
    const Row rows[] = {
        {"localhost:6379", "looks like"},   {"unix://relative", "absolute"},
        {"rediss://host", "not supported"}, {"redis://", "no host"},
        {"redis://host:99999", "port"},     {"redis://host:x", "port"},
        {"redis://host/first", "database"}, {"redis://u:secret@host", "password"},
    };
    asio::io_context io;
    for (const auto& row : rows) {
        CAPTURE(row.url);
        std::string why;
        CHECK(failure_of(
                  [&] {
                      make_redis_queue(io.get_executor(), {row.url, Secret()}, Secret("k"));
                  },
                  &why) == Retry::never);
        CHECK(why.find(row.says) != why.npos);
        CHECK(why.find("secret") == why.npos);
    }
}

TEST_CASE("nobody there is a failure for later, soon and without a storm of attempts") {
    asio::io_context io;
    Scratch scratch;
    auto queue = make_redis_queue(
        io.get_executor(), {"unix://" + (scratch.path / "s").string(), Secret()}, Secret("k"));
    for (int i = 0; i < 50; ++i)
        CHECK(failure_of([&] { run_task(io, queue->read("x")); }) == Retry::later);
}

TEST_CASE("over TCP, with a password and a database") {
    // The port is free a moment before the server takes it.
    asio::io_context io;
    asio::ip::tcp::acceptor free(io, {asio::ip::address_v4::loopback(), 0});
    const auto port = std::to_string(free.local_endpoint().port());
    free.close();
    RedisServer server({"--port", port, "--bind", "127.0.0.1"});
    server.ask("CONFIG SET requirepass hunter2");
    const auto at = "127.0.0.1:" + port;
    std::string why;
    auto without = make_redis_queue(io.get_executor(), {"redis://" + at, Secret()}, Secret("k"));
    CHECK(failure_of([&] { run_task(io, without->read("x")); }, &why) == Retry::later);
    CHECK(why.find("password") != why.npos);
    auto wrong =
        make_redis_queue(io.get_executor(), {"redis://" + at, Secret("hunter3")}, Secret("k"));
    CHECK(failure_of([&] { run_task(io, wrong->read("x")); }, &why) == Retry::later);
    CHECK(why.find("hunter") == why.npos);

    RedisAddress right{"redis://default@" + at + "/3", Secret("hunter2")};
    auto queue = make_redis_queue(io.get_executor(), right, Secret("k"));
    CHECK(run_task(io, queue->commit(record("x", 0, "{}"))) == Committed::done);
    CHECK(run_task(io, queue->read("x")) == Record{1, "{}"});
}

}  // namespace slipway
