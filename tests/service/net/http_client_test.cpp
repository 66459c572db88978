#include "service/net/http_client.hpp"

#include <doctest/doctest.h>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "service/base/result.hpp"
#include "tests/service/net/scripted_server.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;
using namespace std::chrono_literals;

namespace {

HttpReply fetch(HttpCall call) {
    asio::io_context io;
    auto client = make_http_client();
    return run_task(io, client->send(std::move(call)));
}

std::string failure_of(HttpCall call) {
    try {
        fetch(std::move(call));
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "";
}

HttpCall get(const std::string& url) {
    HttpCall call;
    call.url = url;
    return call;
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "a call brings method, headers, authorization and body, and takes status, headers, body") {
    ScriptedServer server([](const std::string&) {
        return scripted_answer("201 Created", "X-Rate: 7\r\nLink: <a>\r\nlink: <b>\r\n", "made");
    });
    HttpCall call;
    call.method = "POST";
    call.url = server.url("/repos?page=2");
    call.headers = {{"X-One", "1"}, {"Content-Type", "application/json"}};
    call.authorization = Secret("Bearer abc");
    call.body = "{\"a\":1}";
    const auto reply = fetch(call);
    CHECK(reply.status == 201);
    CHECK(reply.body == "made");
    CHECK(reply.headers.at("x-rate") == "7");
    CHECK(reply.headers.at("link") == "<a>, <b>");
    const auto sent = server.requests().at(0);
    CAPTURE(sent);
    CHECK(sent.starts_with("POST /repos?page=2 HTTP/1.1\r\n"));
    CHECK(holds(sent, "\r\nX-One: 1\r\n"));
    CHECK(holds(sent, "\r\nAuthorization: Bearer abc\r\n"));
    CHECK(holds(sent, "\r\nContent-Type: application/json\r\n"));
    CHECK(holds(sent, "\r\nUser-Agent: slipway\r\n"));
    CHECK(!holds(sent, "Expect"));
    CHECK(sent.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("a request that may have a body says how long it is, even when it is empty") {
    ScriptedServer server([](const std::string&) { return scripted_answer("200 OK", "", ""); });
    for (const std::string method : {"POST", "PUT", "PATCH"}) {
        HttpCall call = get(server.url("/"));
        call.method = method;
        fetch(call);
        const auto sent = server.requests().back();
        CAPTURE(sent);
        CHECK(sent.starts_with(method + " / "));
        CHECK(holds(sent, "\r\nContent-Length: 0\r\n"));
        CHECK(!holds(sent, "Content-Type"));
    }
    HttpCall call = get(server.url("/"));
    call.method = "DELETE";
    fetch(call);
    CHECK(!holds(server.requests().back(), "Content-Length"));
}

TEST_CASE("a redirect on the same host is followed with its authorization") {
    ScriptedServer server([](const std::string& request) {
        if (holds(request, " /old ")) return scripted_answer("301 Moved", "Location: /new\r\n", "");
        return scripted_answer("200 OK", "", "here");
    });
    auto call = get(server.url("/old"));
    call.authorization = Secret("token t");
    CHECK(fetch(call).body == "here");
    REQUIRE(server.requests().size() == 2);
    CHECK(holds(server.requests()[1], "Authorization: token t"));
}

TEST_CASE("a redirect to another host is the answer; nothing is sent there") {
    ScriptedServer other(
        [](const std::string&) { return scripted_answer("200 OK", "", "stolen"); });
    ScriptedServer server([&](const std::string&) {
        return scripted_answer("302 Found", "Location: " + other.url("/x") + "\r\n", "");
    });
    auto call = get(server.url("/"));
    call.authorization = Secret("token t");
    const auto reply = fetch(call);
    CHECK(reply.status == 302);
    CHECK(reply.headers.at("location") == other.url("/x"));
    CHECK(other.requests().empty());
}

TEST_CASE("a redirected POST keeps method and body by 307, and stays where it is by 302") {
    ScriptedServer server([](const std::string& request) {
        if (holds(request, " /307 ")) return scripted_answer("307 T", "Location: /new\r\n", "");
        if (holds(request, " /302 ")) return scripted_answer("302 F", "Location: /new\r\n", "");
        return scripted_answer("200 OK", "", "");
    });
    HttpCall call = get(server.url("/307"));
    call.method = "POST";
    call.body = "payload";
    CHECK(fetch(call).status == 200);
    CHECK(server.requests().back().starts_with("POST /new "));
    CHECK(server.requests().back().ends_with("payload"));
    call.url = server.url("/302");
    CHECK(fetch(call).status == 302);
}

TEST_CASE("a circle of redirects ends") {
    ScriptedServer server(
        [](const std::string&) { return scripted_answer("302 Found", "Location: /\r\n", ""); });
    CHECK(fetch(get(server.url("/"))).status == 302);
    CHECK(server.requests().size() == 6);
}

TEST_CASE("a server that does not answer is given up at the limit, with its name and no secret") {
    ScriptedServer server([](const std::string&) { return std::nullopt; });
    auto call = get(server.url("/slow?key=hidden"));
    call.limit = 200ms;
    const auto before = std::chrono::steady_clock::now();
    const auto message = failure_of(call);
    CAPTURE(message);
    CHECK(std::chrono::steady_clock::now() - before < 5s);
    CHECK(holds(message, "GET " + server.url("/slow") + ": "));
    CHECK(!holds(message, "hidden"));
}

TEST_CASE("an answer larger than the limit is refused") {
    ScriptedServer server(
        [](const std::string&) { return scripted_answer("200 OK", "", std::string(5000, 'x')); });
    auto call = get(server.url("/"));
    call.reply_limit = 4999;
    CHECK(holds(failure_of(call), "larger than 4999 bytes"));
    call.reply_limit = 5000;
    CHECK(fetch(call).body.size() == 5000);
}

TEST_CASE("an answer that breaks off is no answer") {
    ScriptedServer server([](const std::string&) -> std::optional<std::string> {
        return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    });
    CHECK(failure_of(get(server.url("/"))) != "");
}

TEST_CASE("a POST whose answer was lost on a kept connection is not sent again by itself") {
    int asked = 0;
    ScriptedServer server([&](const std::string&) -> std::optional<std::string> {
        return ++asked == 1 ? scripted_answer("200 OK", "", "first", "keep-alive") : "";
    });
    asio::io_context io;
    auto client = make_http_client();
    run_task(io, client->send(get(server.url("/"))));
    HttpCall call = get(server.url("/comments"));
    call.method = "POST";
    call.body = "{}";
    CHECK_THROWS_AS(run_task(io, client->send(std::move(call))), Failure);
    CHECK(server.requests().size() == 2);
}

TEST_CASE("nobody at the address is a failure that may be tried again") {
    std::string url;
    {
        ScriptedServer gone([](const std::string&) { return std::nullopt; });
        url = gone.url("/");
    }
    asio::io_context io;
    auto client = make_http_client();
    try {
        run_task(io, client->send(get(url)));
        FAIL("answered");
    } catch (const Failure& failure) {
        CHECK(failure.retry() == Retry::later);
    }
}

TEST_CASE("a call over a unix socket takes no proxy and no address") {
    Scratch scratch;
    const auto path = scratch.path / "s";
    ScriptedServer server([](const std::string&) { return scripted_answer("200 OK", "", "local"); },
                          path.string());
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    auto call = get("http://slipway/api");
    call.unix_socket = path.string();
    CHECK(fetch(call).body == "local");
    ::unsetenv("http_proxy");
}

TEST_CASE("what cannot be sent is refused for good") {
    auto broken = get("http://127.0.0.1:1/");
    broken.headers = {{"X-One", "1\r\nX-Two: 2"}};
    auto secret = get("http://127.0.0.1:1/");
    secret.authorization = Secret("token a\r\nX-Two: 2");
    for (const auto& call :
         {broken, secret, get("no url at all"), get("http://u:p@127.0.0.1:1/")}) {
        asio::io_context io;
        auto client = make_http_client();
        CAPTURE(call.url);
        try {
            run_task(io, client->send(call));
            FAIL("sent");
        } catch (const Failure& failure) {
            CHECK(failure.retry() == Retry::never);
            CHECK(!holds(failure.what(), "u:p"));
        }
    }
    CHECK(failure_of(get("file:///etc/passwd")) != "");
}

TEST_CASE("a cancelled call ends at once, and so does one whose limit passes outside") {
    ScriptedServer server([](const std::string&) { return std::nullopt; });
    asio::io_context io;
    auto client = make_http_client();
    const auto before = std::chrono::steady_clock::now();
    CHECK_THROWS_AS(run_task(io, within(100ms, client->send(get(server.url("/"))))), TimedOut);
    CHECK(std::chrono::steady_clock::now() - before < 5s);
}

TEST_CASE("calls under way end with the client") {
    ScriptedServer server([](const std::string&) { return std::nullopt; });
    asio::io_context io;
    auto client = make_http_client();
    bool ended = false;
    spawn(
        io.get_executor(),
        [](HttpClient& c, HttpCall call) -> Task<void> { co_await c.send(std::move(call)); }(
                                             *client, get(server.url("/"))),
        [&](std::exception_ptr error) { ended = error != nullptr; });
    while (server.requests().empty()) io.poll();
    client.reset();
    io.run();
    CHECK(ended);
}
