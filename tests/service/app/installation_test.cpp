#include "service/app/installation.hpp"

#include <doctest/doctest.h>

#include "tests/support/redis_server.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;

TEST_CASE(
    "two services that share a Redis but not their files: the second refuses to start, with a "
    "sentence") {
    REQUIRE_MESSAGE(redis_server_installed(), "this case needs redis-server");
    RedisServer server;
    asio::io_context io;
    auto queue =
        make_redis_queue(io.get_executor(), server.address(), Secret("the key that both have"));
    const Scratch first, second;
    run_task(io, check_installation(*queue, first.path));
    run_task(io, check_installation(*queue,
                                    first.path));  // its restart, or another process on its files
    std::string said;
    auto retry = Retry::later;
    try {
        run_task(io, check_installation(*queue, second.path));
    } catch (const Failure& failure) {
        said = failure.what();
        retry = failure.retry();
    }
    CHECK(retry == Retry::never);
    CHECK(said.find("this Redis holds the data of another installation of Slipway") == 0);
    CHECK(said.find(installation_id(first.path)) != said.npos);
    CHECK(said.find(installation_id(second.path)) != said.npos);
    CHECK(said.find("or a Redis of its own") != said.npos);

    // A Redis that is empty becomes that of whoever comes first.
    RedisServer empty;
    auto other =
        make_redis_queue(io.get_executor(), empty.address(), Secret("the key that both have"));
    run_task(io, check_installation(*other, second.path));
    CHECK(run_task(io, other->installation("mine")) == installation_id(second.path));
}
