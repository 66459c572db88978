// The intake in front of a forge in memory: what it takes and refuses depends on no particular one.
#include "handlers/webhooks/receive.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/recording_forge.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;

TEST_CASE("W1: any forge's delivery is stored if its adapter finds it genuine, and only then") {
    asio::io_context io;
    const FixedClock clock{1'700'000'000'000};
    const auto queue = make_memory_queue(io.get_executor(), clock);
    Forges forges;
    auto made = std::make_unique<RecordingForge>();
    made->configuration.name = "forge.test";
    forges.emplace("forge.test", std::move(made));
    const auto receive = receive_webhook(*queue, forges);
    const auto ask = [&](const char* id, const char* signature, const char* forge = "forge.test") {
        HttpRequest request;
        request.method = "POST";
        request.parameters["forge"] = forge;
        request.headers = {{"content-type", "application/json"}, {"signature", signature}};
        if (*id) request.headers["delivery"] = id;
        request.body = "{}";
        return run_task(io, receive(std::move(request))).status;
    };
    const auto stored = [&](const char* id) {
        return run_task(io, queue->delivery("forge.test", id)).has_value();
    };
    CHECK(ask("1", "genuine") == 202);
    CHECK(stored("1"));
    CHECK(ask("2", "forged") == 401);
    CHECK_FALSE(stored("2"));
    CHECK(ask("", "genuine") == 400);
    CHECK(ask("3", "genuine", "elsewhere.test") == 404);
    CHECK_FALSE(stored("3"));
}
