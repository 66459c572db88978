#include "queue/embedded_server.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "queue/redis/connection.hpp"
#include "queue/redis/local_talk.hpp"
#include "tests/queue/under_test.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
using namespace std::chrono_literals;

namespace {

std::string socket_of(const EmbeddedServer& server) {
    return server.address().url.substr(std::string("unix://").size());
}

std::string ask(const EmbeddedServer& server, const std::string& command) {
    auto talk = LocalTalk::connect(socket_of(server));
    return talk ? talk->ask(command, 5s) : "nobody listens";
}

pid_t pid_of(const EmbeddedServer& server) {
    auto talk = LocalTalk::connect(socket_of(server));
    return talk ? talk->listener() : 0;
}

struct Embedded {
    Embedded() { REQUIRE_MESSAGE(redis_server_installed(), "these cases need redis-server"); }
    std::unique_ptr<EmbeddedServer> start() {
        return start_embedded_server(io.get_executor(), data);
    }

    Scratch scratch;
    std::filesystem::path data = scratch.path / "data";
    asio::io_context io;
};

}  // namespace

TEST_CASE("a private server answers on a socket of ours alone, and ends with its object") {
    Embedded t;
    auto server = t.start();
    CHECK(ask(*server, "PING") == "+PONG");
    const auto socket = socket_of(*server);
    struct stat found {};
    REQUIRE(::stat(socket.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
    REQUIRE(::stat(std::filesystem::path(socket).parent_path().c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0700);
    const auto pid = pid_of(*server);
    server.reset();
    CHECK(wait_for_end(pid, 0ms));
}

TEST_CASE("what was stored is there after the next start") {
    Embedded t;
    auto server = t.start();
    auto queue = make_redis_queue(t.io.get_executor(), server->address(), Secret("key"));
    CHECK(run_task(t.io, queue->commit(record("run/1", 0, "{}"))) == Committed::done);
    queue.reset();
    server.reset();
    server = t.start();
    queue = make_redis_queue(t.io.get_executor(), server->address(), Secret("key"));
    CHECK(run_task(t.io, queue->read("run/1")) == Record{1, "{}"});
}

TEST_CASE("it is set up to lose nothing") {
    Embedded t;
    auto server = t.start();
    asio::io_context& io = t.io;
    RedisConnection connection(io.get_executor(), server->address(), {});
    const std::pair<const char*, const char*> settings[] = {{"appendonly", "yes"},
                                                            {"appendfsync", "everysec"},
                                                            {"save", ""},
                                                            {"maxmemory-policy", "noeviction"},
                                                            {"port", "0"}};
    for (const auto& [name, value] : settings) {
        CAPTURE(name);
        RedisConnection::Words words{"CONFIG", "GET", name};
        auto reply = run_task(io, connection.command(words));
        REQUIRE(reply.items.size() == 2);
        CHECK(reply.items[1].text == value);
    }
}

TEST_CASE("a second service on the same data directory is refused") {
    Embedded t;
    auto server = t.start();
    CHECK_THROWS_WITH_AS(t.start(), doctest::Contains("another Slipway uses the data directory"),
                         Failure);
    CHECK(ask(*server, "PING") == "+PONG");
    server.reset();
    CHECK_NOTHROW(t.start());
}

TEST_CASE("a server left over by a killed service is shut down before ours starts") {
    Embedded t;
    std::filesystem::create_directories(t.data / "redis");
    const auto socket = (t.data / "redis" / "socket").string();
    RedisServer leftover({}, socket);
    auto talk = LocalTalk::connect(socket);
    REQUIRE(talk);
    CHECK(talk->listener() == leftover.pid());
    auto server = t.start();
    CHECK(wait_for_end(leftover.pid(), 0ms));
    CHECK(pid_of(*server) != leftover.pid());
    CHECK(ask(*server, "PING") == "+PONG");
}

TEST_CASE("a server that ends by itself is started again, with everything it had written") {
    Embedded t;
    auto server = t.start();
    auto queue = make_redis_queue(t.io.get_executor(), server->address(), Secret("key"));
    CHECK(run_task(t.io, queue->commit(record("run/1", 0, "{}"))) == Committed::done);
    const auto pid = pid_of(*server);
    // While a sync takes long the server keeps what it confirmed to itself for up to two seconds.
    const std::string unwritten =
        "EVAL \"return tonumber(string.match(redis.call('INFO', 'persistence'), "
        "'aof_buffer_length:(%d+)'))\" 0";
    while (ask(*server, unwritten) != ":0") std::this_thread::yield();
    ::kill(pid, SIGKILL);
    auto back = [&]() -> Task<void> {
        while (pid_of(*server) == 0 || pid_of(*server) == pid) co_await sleep_for(10ms);
    };
    run_task(t.io, back());
    auto read = [&]() -> Task<Record> {
        for (;;) {
            bool away = false;
            try {
                co_return co_await queue->read("run/1");
            } catch (const Failure&) {
                away = true;
            }
            if (away) co_await sleep_for(10ms);
        }
    };
    CHECK(run_task(t.io, read()) == Record{1, "{}"});
}

TEST_CASE("a data directory with a long path works all the same") {
    Embedded t;
    t.data = t.scratch.path / std::string(120, 'd') / "data";
    auto server = t.start();
    CHECK(socket_of(*server).size() <= 107);
    CHECK(ask(*server, "PING") == "+PONG");
    CHECK(std::filesystem::exists(t.data / "redis" / "appendonlydir"));
    const auto directory = std::filesystem::path(socket_of(*server)).parent_path();
    server.reset();
    std::filesystem::remove_all(directory);
}

TEST_CASE("a server that cannot start says where to look") {
    Embedded t;
    std::filesystem::create_directories(t.data / "redis");
    std::ofstream(t.data / "redis" / "appendonlydir") << "in the way";
    CHECK_THROWS_WITH_AS(t.start(), doctest::Contains("redis-server does not start"), Failure);
}

TEST_CASE("a server dies with the service that was killed") {
    Embedded t;
    const int marker = ::fork();
    REQUIRE(marker >= 0);
    if (marker == 0) {
        asio::io_context io;
        auto server = start_embedded_server(io.get_executor(), t.data);
        ::kill(::getpid(), SIGKILL);
    }
    ::waitpid(marker, nullptr, 0);
    // Whether its server has ended already or not, the next service gets the directory for itself.
    auto server = t.start();
    CHECK(ask(*server, "PING") == "+PONG");
}

}  // namespace slipway
