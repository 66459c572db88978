#include "service/net/http_server.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>

#include "service/base/log.hpp"
#include "service/base/result.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/serving.hpp"

using namespace slipway;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t small_limit = 1000;

Task<HttpResponse> echo(HttpRequest request) {
    HttpResponse out;
    out.content_type = "text/plain";
    out.body =
        request.method + " " + request.path + " " + std::to_string(request.body.size()) + " ";
    for (const auto& [name, value] : request.query) out.body += name + "=" + value + ";";
    for (const auto& [name, value] : request.parameters) out.body += name + "=" + value + ";";
    if (auto trailer = request.headers.find("x-trailer"); trailer != request.headers.end())
        out.body += "x-trailer=" + trailer->second;
    co_return out;
}

void routes(Router& router) {
    router.add("GET", "/echo/{what}", echo);
    router.add("POST", "/echo", echo, small_limit);
    router.add("POST", "/large", echo, 25u << 20);
    router.add("GET", "/body", [](HttpRequest) -> Task<HttpResponse> {
        HttpResponse out;
        out.body = std::string(3'000'000, 'x');
        co_return out;
    });
    router.add("GET", "/nothing", [](HttpRequest) -> Task<HttpResponse> {
        HttpResponse out;
        out.status = 204;
        co_return out;
    });
    router.add("GET", "/later", [](HttpRequest) -> Task<HttpResponse> {
        throw Failure("redis is away, and here is a detail");
        co_return HttpResponse{};
    });
    router.add("GET", "/after", [](HttpRequest) -> Task<HttpResponse> {
        throw Failure("slow down", 1500ms);
        co_return HttpResponse{};
    });
    router.add("GET", "/never", [](HttpRequest) -> Task<HttpResponse> {
        throw Failure("a detail", Retry::never);
        co_return HttpResponse{};
    });
    router.add("GET", "/bug", [](HttpRequest) -> Task<HttpResponse> {
        throw std::runtime_error("a detail");
        co_return HttpResponse{};
    });
    router.add("GET", "/split", [](HttpRequest) -> Task<HttpResponse> {
        HttpResponse out;
        out.headers.emplace_back("X-One", "1\r\nX-Two: 2");
        co_return out;
    });
    router.add("GET", "/peer", [](HttpRequest request) -> Task<HttpResponse> {
        HttpResponse out;
        out.body = request.peer
                       ? std::to_string(request.peer->uid) + " " + std::to_string(request.peer->pid)
                       : "nobody";
        co_return out;
    });
}

const std::string host = "Host: a\r\n";
const std::string get = "GET /echo/1 HTTP/1.1\r\nHost: a\r\n\r\n";

std::string post(const std::string& path, const std::string& headers, const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\n" + host + headers + "\r\n" + body;
}
std::string length(std::size_t n) { return "Content-Length: " + std::to_string(n) + "\r\n"; }

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a request reaches its handler with path, query, parameters and body") {
    Serving serving(routes);
    RawClient client(serving.port());
    CHECK(body_of(client.ask("GET /echo/a%20b?x=1&y=%26 HTTP/1.1\r\nHost: a\r\n\r\n")) ==
          "GET /echo/a%20b 0 x=1;y=&;what=a b;");
    CHECK(body_of(client.ask(post("/echo", length(5), "hello"))) == "POST /echo 5 ");
    const auto answer = client.ask(get);
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nDate: "));
    CHECK(holds(answer, " GMT\r\nContent-Type: text/plain\r\nContent-Length: "));
    CHECK(!holds(answer, "Connection"));
}

TEST_CASE("a connection is kept, and requests sent ahead are answered in order") {
    Serving serving(routes);
    RawClient client(serving.port());
    const std::string second = post("/echo", length(3), "abc");
    const std::string third =
        post("/echo", "Transfer-Encoding: chunked\r\n", "4\r\nwxyz\r\n0\r\n\r\n");
    client.send(get + second + third + get);
    CHECK(body_of(client.answer()) == "GET /echo/1 0 what=1;");
    CHECK(body_of(client.answer()) == "POST /echo 3 ");
    CHECK(body_of(client.answer()) == "POST /echo 4 ");
    CHECK(body_of(client.answer()) == "GET /echo/1 0 what=1;");
}

TEST_CASE("a request cut into single bytes is the same request") {
    Serving serving(routes);
    for (const auto& request :
         {get, post("/echo", length(3), "abc"),
          post("/echo", "Transfer-Encoding: chunked\r\n",
               "2;a=b\r\nab\r\n1\r\nc\r\n0\r\nX-Trailer: t\r\n\r\n"),
          post("/echo", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
          post("/echo", "Transfer-Encoding: chunked\r\n", "0\r\nX-Trailer: t\r\n\r\n")}) {
        RawClient client(serving.port());
        for (char c : request) client.send(std::string_view(&c, 1));
        const auto answer = client.answer();
        CAPTURE(answer);
        CHECK(status_of(answer) == 200);
        CHECK(!holds(answer, "x-trailer"));
    }
}

TEST_CASE("HEAD is answered as GET without the body") {
    Serving serving(routes);
    RawClient client(serving.port());
    client.head_only = true;
    const auto answer = client.ask("HEAD /body HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(holds(answer, "Content-Length: 3000000\r\n"));
    client.head_only = false;
    CHECK(status_of(client.ask(get)) == 200);
}

TEST_CASE("a large answer arrives whole although the peer reads late") {
    Serving serving(routes);
    RawClient client(serving.port());
    client.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n" + get);
    CHECK(body_of(client.answer()).size() == 3'000'000);
    CHECK(status_of(client.answer()) == 200);
}

TEST_CASE("the peer decides whether the connection is kept") {
    Serving serving(routes);
    struct Case {
        std::string request;
        bool kept;
    };
    for (const auto& c :
         std::vector<Case>{{"GET /echo/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
                           {"GET /echo/1 HTTP/1.0\r\n\r\n", false},
                           {"GET /echo/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
                           {get, true}}) {
        CAPTURE(c.request);
        RawClient client(serving.port());
        const auto answer = client.ask(c.request);
        CHECK(status_of(answer) == 200);
        CHECK(holds(answer, "Connection: close\r\n") == !c.kept);
        if (c.kept)
            CHECK(status_of(client.ask(get)) == 200);
        else
            CHECK(client.rest() == "");
    }
}

TEST_CASE("unknown paths and methods are answered, and the connection kept where no body is due") {
    Serving serving(routes);
    RawClient client(serving.port());
    CHECK(status_of(client.ask("GET /else HTTP/1.1\r\nHost: a\r\n\r\n")) == 404);
    const auto answer = client.ask("DELETE /echo/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(status_of(answer) == 405);
    CHECK(holds(answer, "Allow: GET, HEAD\r\n"));
    CHECK(parse_json(body_of(answer)).ok());
    CHECK(status_of(client.ask(post("/else", length(4), "body"))) == 404);
    CHECK(client.rest() == "");
}

TEST_CASE("fault 40: a malformed request gets 400 and the connection is closed") {
    Serving serving(routes);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"a list of lengths", post("/echo", "Content-Length: 2, 2\r\n", "ab")},
        {"two lengths", post("/echo", length(2) + length(2), "ab")},
        {"a signed length", post("/echo", "Content-Length: +2\r\n", "ab")},
        {"length and encoding", post("/echo", length(2) + "Transfer-Encoding: chunked\r\n", "ab")},
        {"xchunked", post("/echo", "Transfer-Encoding: xchunked\r\n", "2\r\nab\r\n0\r\n\r\n")},
        {"chunked, identity", post("/echo", "Transfer-Encoding: chunked, identity\r\n", "ab")},
        {"neither length nor encoding", post("/echo", "", "")},
        {"a folded line", post("/echo", "X-One: 1\r\n 2\r\n" + length(2), "ab")},
        {"no Host", "GET /echo/1 HTTP/1.1\r\n\r\n"},
        {"two Hosts", "GET /echo/1 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
        {"a blank before the colon", "GET /echo/1 HTTP/1.1\r\nHost : a\r\n\r\n"},
        {"lines that end in LF", "GET /echo/1 HTTP/1.1\nHost: a\n\n"},
        {"a NUL in a value", std::string("GET /echo/1 HTTP/1.1\r\nHost: a\0\r\n\r\n", 34)},
        {"a NUL, and no end", std::string("GET /echo/1\0", 12)},
        {"TLS", std::string("\x16\x03\x01\x02\x00", 5)},
        {"a bad escape", "GET /echo/%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"a head over 16 KB",
         "GET /echo/1 HTTP/1.1\r\n" + host + "X-One: " + std::string(17'000, 'a')},
        {"a whole head over 16 KB",
         "GET /echo/1 HTTP/1.1\r\n" + host + "X-One: " + std::string(17'000, 'a') + "\r\n\r\n"},
        {"a chunk size over 64 bits",
         post("/echo", "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n")},
        {"no chunk size", post("/echo", "Transfer-Encoding: chunked\r\n", "x\r\nab\r\n")},
        {"a chunk without its end",
         post("/echo", "Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n")},
        {"a chunk size with a sign",
         post("/echo", "Transfer-Encoding: chunked\r\n", "+2\r\nab\r\n0\r\n\r\n")},
    };
    for (const auto& [name, request] : cases) {
        CAPTURE(name);
        RawClient client(serving.port());
        const auto answer = client.ask(request + get);  // the second must not be answered
        CHECK(status_of(answer) == 400);
        CHECK(holds(answer, "Connection: close\r\n"));
        const auto body = parse_json(body_of(answer));
        REQUIRE(body.ok());
        CHECK((*body)["error"].text() != "");
        client.finish_sending();
        CHECK(client.rest() == "");
    }
}

TEST_CASE("fault 37: a body at the limit is taken, one byte more is refused before it is sent") {
    Serving serving(routes);
    RawClient client(serving.port());
    CHECK(status_of(client.ask(
              post("/echo", length(small_limit), std::string(small_limit, 'x')))) == 200);
    CHECK(status_of(client.ask(post("/echo", length(small_limit + 1), ""))) == 413);
    RawClient large(serving.port());
    const std::string body(25u << 20, 'x');
    CHECK(body_of(large.ask(post("/large", length(body.size()), body))) == "POST /large 26214400 ");
    RawClient huge(serving.port());
    CHECK(status_of(huge.ask(post("/large", length(2'000'000'000), ""))) == 413);
    RawClient expecting(serving.port());
    CHECK(status_of(expecting.ask(
              post("/large", length(2'000'000'000) + "Expect: 100-continue\r\n", ""))) == 413);
}

TEST_CASE(
    "fault 37: chunks are cut at the limit, whether it is the body, the extensions or the "
    "trailers") {
    Serving serving(routes);
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    struct Case {
        std::string name;
        std::string repeated;
        std::string once;
        int status;
    };
    for (const auto& c :
         std::vector<Case>{{"endless chunks", "64\r\n" + std::string(100, 'x') + "\r\n", "", 413},
                           {"one huge chunk", "", "7fffffff\r\n", 413},
                           {"an endless extension", std::string(1000, 'a'), "1;e=", 400},
                           {"endless small chunks with long extensions",
                            "1;e=" + std::string(900, 'a') + "\r\nx\r\n", "", 413},
                           {"endless trailers", "X-One: 1\r\n", "0\r\n", 400}}) {
        CAPTURE(c.name);
        RawClient client(serving.port());
        client.send(post("/echo", chunked, c.once));
        for (int i = 0; i < 100'000 && !c.repeated.empty(); ++i)
            if (client.readable(0ms) || !client.send(c.repeated)) break;
        CHECK(status_of(client.answer()) == c.status);
    }
    RawClient client(serving.port());
    std::string body;
    for (int i = 0; i < 10; ++i) body += "64\r\n" + std::string(100, 'x') + "\r\n";
    CHECK(body_of(client.ask(post("/echo", chunked, body + "0\r\n\r\n"))) == "POST /echo 1000 ");
}

TEST_CASE("whoever expects a word before sending the body gets it") {
    Serving serving(routes);
    RawClient client(serving.port());
    client.send(post("/echo", length(3) + "Expect: 100-Continue\r\n", ""));
    CHECK(client.answer() == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    CHECK(body_of(client.answer()) == "POST /echo 3 ");
    CHECK(status_of(client.ask(post("/echo", length(3) + "Expect: a miracle\r\n", ""))) == 417);
}

TEST_CASE("fault 39: whoever sends too slowly is cut at the deadline, in head and in body") {
    HttpServerOptions options;
    options.message_limit = 150ms;
    Serving serving(routes, options);
    for (const auto& request :
         {get, post("/echo", length(900), std::string(900, 'x')),
          post("/echo", "Transfer-Encoding: chunked\r\n", "384\r\n" + std::string(900, 'x'))}) {
        RawClient client(serving.port());
        const auto begun = std::chrono::steady_clock::now();
        const auto head = request.find("\r\n\r\n");
        std::size_t sent = request.size() > 200 ? head + 4 : 0;
        client.send(std::string_view(request).substr(0, sent));
        while (sent < request.size() && !client.readable(10ms))
            client.send(request.substr(sent++, 1));
        const auto answer = client.answer();
        const auto took = std::chrono::steady_clock::now() - begun;
        CAPTURE(answer);
        CHECK(status_of(answer) == 408);
        CHECK(took > 100ms);
        CHECK(took < 5s);
    }
}

TEST_CASE("a connection on which nothing is asked is closed without a word") {
    HttpServerOptions options;
    options.idle_limit = 50ms;
    Serving serving(routes, options);
    RawClient fresh(serving.port());
    CHECK(fresh.rest() == "");
    RawClient used(serving.port());
    CHECK(status_of(used.ask(get)) == 200);
    CHECK(used.rest() == "");
}

TEST_CASE(
    "fault 39: a full house lets go of the longest idle, and tells newcomers when all are at "
    "work") {
    HttpServerOptions options;
    options.connections = 3;
    std::unique_ptr<Signal> release;
    std::atomic<int> held{0};
    Serving serving(
        [&](Router& router) {
            router.add("GET", "/hold", [&](HttpRequest) -> Task<HttpResponse> {
                ++held;
                co_await release->wait(20s);
                co_return HttpResponse{};
            });
            routes(router);
        },
        options);
    serving.loop.call([&] { release = std::make_unique<Signal>(serving.loop.executor()); });
    RawClient first(serving.port()), second(serving.port()), third(serving.port());
    for (auto* client : {&first, &second, &third}) CHECK(status_of(client->ask(get)) == 200);
    RawClient fourth(serving.port());
    CHECK(status_of(fourth.ask(get)) == 200);
    CHECK(first.rest() == "");

    for (auto* client : {&second, &third, &fourth})
        client->send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    while (held < 3) std::this_thread::yield();
    RawClient fifth(serving.port());
    const auto answer = fifth.ask(get);
    CHECK(status_of(answer) == 503);
    CHECK(holds(answer, "Retry-After: 1\r\n"));
    serving.loop.call([&] { release->notify(); });
    for (auto* client : {&second, &third, &fourth}) CHECK(status_of(client->answer()) == 200);
    serving.stop(0ms);
}

TEST_CASE("fault 37: bytes received and not yet answered are bounded, not bytes announced") {
    HttpServerOptions options;
    options.bytes_in_flight = 3'000'000;
    Serving serving(routes, options);
    std::vector<std::unique_ptr<RawClient>> announcing;
    for (int i = 0; i < 50; ++i) {
        announcing.push_back(std::make_unique<RawClient>(serving.port()));
        announcing.back()->send(post("/large", length(25u << 20), "x"));
    }
    RawClient holding(serving.port());
    holding.send(post("/large", length(2'000'000), std::string(1'999'999, 'x')));
    RawClient other(serving.port());
    const std::string body(2'000'000, 'y');
    std::string answer = other.ask(post("/large", length(body.size()), body));
    CHECK(status_of(answer) == 503);
    CHECK(holds(answer, "Retry-After: 1\r\n"));
    CHECK(status_of(holding.ask("x")) == 200);
    RawClient again(serving.port());
    CHECK(status_of(again.ask(post("/large", length(body.size()), body))) == 200);
}

TEST_CASE("what a handler throws becomes 503 or 500, without its words") {
    Serving serving(routes);
    RawClient client(serving.port());
    auto ask = [&](const std::string& path) {
        return client.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    };
    const auto later = ask("/later"), after = ask("/after"), never = ask("/never"),
               bug = ask("/bug"), split = ask("/split");
    CHECK(status_of(later) == 503);
    CHECK(holds(later, "Retry-After: 1\r\n"));
    CHECK(status_of(after) == 503);
    CHECK(holds(after, "Retry-After: 2\r\n"));
    CHECK(status_of(never) == 500);
    CHECK(status_of(bug) == 500);
    CHECK(status_of(split) == 500);
    CHECK(!holds(split, "X-Two"));
    for (const auto& answer : {later, never, bug}) CHECK(!holds(answer, "detail"));
    CHECK(status_of(ask("/nothing")) == 204);
    CHECK(status_of(ask("/echo/1")) == 200);
}

TEST_CASE("a peer that leaves in the middle costs nothing but its connection") {
    Serving serving(routes);
    for (const auto& begun :
         {std::string(), std::string("GET /ec"), post("/echo", length(100), "abc")}) {
        RawClient client(serving.port());
        client.send(begun);
        client.finish_sending();
        CHECK(client.rest() == "");
    }
    RawClient client(serving.port());
    client.send(get);
    client.finish_sending();
    CHECK(status_of(client.answer()) == 200);
    CHECK(client.rest() == "");
    while (serving.open_connections() > 0) std::this_thread::yield();
}

TEST_CASE("a graceful end answers what is at work and takes nothing new") {
    std::promise<void> begun;
    std::promise<void> go;
    auto permission = go.get_future().share();
    Pool pool(1);
    Serving serving([&](Router& router) {
        router.add("GET", "/work", [&](HttpRequest) -> Task<HttpResponse> {
            begun.set_value();
            auto wait = [&] { permission.wait(); };
            co_await pool.run(wait);
            co_return json_response(200, Json("done"));
        });
        routes(router);
    });
    RawClient idle(serving.port()), busy(serving.port());
    CHECK(status_of(idle.ask(get)) == 200);
    busy.send("GET /work HTTP/1.1\r\nHost: a\r\n\r\n");
    begun.get_future().wait();
    const int port = serving.port();
    std::thread stopping([&] { serving.stop(10s); });
    CHECK(idle.rest() == "");
    CHECK_THROWS(RawClient{port});
    go.set_value();
    const auto answer = busy.answer();
    CHECK(body_of(answer) == "\"done\"\n");
    CHECK(holds(answer, "Connection: close\r\n"));
    stopping.join();
}

TEST_CASE("after the grace a handler is cancelled and its connection closed") {
    std::promise<void> begun;
    Serving serving([&](Router& router) {
        router.add("GET", "/forever", [&](HttpRequest) -> Task<HttpResponse> {
            begun.set_value();
            co_await sleep_for(1h);
            co_return HttpResponse{};
        });
    });
    RawClient client(serving.port());
    client.send("GET /forever HTTP/1.1\r\nHost: a\r\n\r\n");
    begun.get_future().wait();
    const auto before = std::chrono::steady_clock::now();
    serving.stop(20ms);
    CHECK(std::chrono::steady_clock::now() - before < 5s);
    CHECK(client.rest() == "");
}

TEST_CASE("rule S2: over a unix socket only its owner gets in, and the handler learns who asks") {
    Scratch scratch;
    const auto path = scratch.path / "api.sock";
    {
        Serving serving(routes, {}, path);
        CHECK(serving.port() == 0);
        struct stat info {};
        REQUIRE(::stat(path.c_str(), &info) == 0);
        CHECK((info.st_mode & 0777) == 0600);
        RawClient client(path);
        CHECK(body_of(client.ask("GET /peer HTTP/1.1\r\nHost: a\r\n\r\n")) ==
              std::to_string(::getuid()) + " " + std::to_string(::getpid()));
        CHECK_THROWS_AS(Serving(routes, {}, path), Failure);
        CHECK(status_of(client.ask(get)) == 200);
    }
    CHECK(!std::filesystem::exists(path));
    Serving tcp(routes);
    RawClient client(tcp.port());
    CHECK(body_of(client.ask("GET /peer HTTP/1.1\r\nHost: a\r\n\r\n")) == "nobody");
}

TEST_CASE("a socket left behind is taken over; a file of another kind is not") {
    Scratch scratch;
    const auto path = scratch.path / "api.sock";
    const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::close(left);
    {
        Serving serving(routes, {}, path);
        RawClient client(path);
        CHECK(status_of(client.ask(get)) == 200);
    }
    std::ofstream(path) << "a file";
    CHECK_THROWS_AS(Serving(routes, {}, path), Failure);
    CHECK(std::filesystem::exists(path));
}

TEST_CASE("an address that cannot be taken is refused for good, in a sentence") {
    Serving serving(routes);
    asio::io_context io;
    Router router;
    for (const auto& [host_name, port] :
         std::vector<std::pair<std::string, int>>{{"127.0.0.1", serving.port()},
                                                  {"256.0.0.1", 80},
                                                  {"127.0.0.1", 70000},
                                                  {"192.0.2.1", 0}}) {
        CAPTURE(host_name);
        try {
            serve_tcp(io.get_executor(), router, host_name, port);
            FAIL("taken");
        } catch (const Failure& failure) {
            CHECK(failure.retry() == Retry::never);
            CHECK(holds(failure.what(), "cannot listen on " + host_name));
        }
    }
}
