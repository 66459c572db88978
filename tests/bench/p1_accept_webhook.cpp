// P1: the processor's time for accepting a webhook (verify, deduplicate, persist, 202), against a
// bare Beast server that reads the body and answers 202.
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "service/base/precompiled.hpp"
#include "tests/bench/intake_server.hpp"
#include "tests/support/redis_server.hpp"

using namespace slipway;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

constexpr int rounds = 9, webhooks_a_round = 3'000;

Task<void> answer_all(tcp::socket socket) {
    boost::beast::flat_buffer buffer;
    boost::system::error_code ec;
    socket.set_option(tcp::no_delay(true));
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(webhook_body_limit);
        co_await http::async_read(socket, buffer, parser,
                                  asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return;
        http::response<http::empty_body> response{http::status::accepted, 11};
        response.keep_alive(parser.keep_alive());
        response.prepare_payload();
        co_await http::async_write(socket, response, asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return;
    }
}

Task<void> accept_all(tcp::acceptor& acceptor) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        spawn(acceptor.get_executor(), answer_all(std::move(socket)), [](std::exception_ptr) {});
    }
}

void bare_server(bench::ServerProcess::Ready ready) {
    asio::io_context io(1);
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    ready(acceptor.local_endpoint().port());
    spawn(io.get_executor(), accept_all(acceptor), [](std::exception_ptr) {});
    io.run();
}

}  // namespace

int main() {
    RedisServer redis;
    bench::ServerProcess ours(bench::intake_server(redis.address())), bare(bare_server);
    const auto body = bench::webhook_body();
    bench::Load load(body);
    load.run(ours, 500);
    load.run(bare, 500);
    std::vector<double> ours_seconds, bare_seconds;
    for (int i = 0; i < rounds; ++i) {
        ours_seconds.push_back(load.run(ours, webhooks_a_round).processor);
        bare_seconds.push_back(load.run(bare, webhooks_a_round).processor);
    }
    const double of_ours = bench::median(ours_seconds) / webhooks_a_round;
    const double of_bare = bench::median(bare_seconds) / webhooks_a_round;
    std::printf(
        "body of %zu bytes: accepted in %.1f us of the processor, a bare Beast server takes %.1f "
        "us\n",
        body.size(), of_ours * 1e6, of_bare * 1e6);
    return bench::verdict("P1", of_ours / of_bare, 3.2);
}
