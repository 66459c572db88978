#include "service/net/http_session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <ctime>

#include "service/base/metrics.hpp"
#include "service/base/precompiled.hpp"
#include "service/model/ascii.hpp"
#include "service/net/http_head.hpp"
#include "service/net/http_message.hpp"
#include "service/net/request_parser.hpp"
#include "service/net/target.hpp"

namespace slipway {

using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds drain_limit{1};
constexpr std::size_t drained_bytes_limit = 8u << 20;
constexpr std::size_t small_body = 16u << 10;  // sent in one piece with its head
constexpr auto no_deadline = steady_clock::time_point::max();

struct Gone {};  // the peer has left, or must

struct Refused {
    HttpResponse response;
    Connection connection = Connection::close;  // what the peer still sends is not a request
};

Refused refused(int status, std::string_view why) { return {error_response(status, why)}; }
Refused malformed(std::string_view why) {
    return refused(400, "Malformed request: " + std::string(why));
}
Refused too_large(std::size_t limit) {
    return refused(413, "The body is larger than " + std::to_string(limit) + " bytes");
}

void count_response(int status) {
    static std::array<Counter, 600> counters;
    if (status < 100 || status > 599) return;
    auto& of_status = counters[static_cast<std::size_t>(status)];
    if (!of_status.handle)
        of_status = counter("slipway_http_responses_total", "HTTP responses by status",
                            {{"status", std::to_string(status)}});
    of_status.add();
}

}  // namespace

struct Session::Exchange {
    HttpRequest request;
    RequestParser parser{request};
    const HttpHandler* handler = nullptr;
};

Session::Session(std::shared_ptr<Connections> all, Socket socket, Admission admission,
                 std::optional<HttpRequest::Peer> peer)
    : all_(std::move(all)), socket_(std::move(socket)), admission_(admission), peer_(peer) {
    place_ = all_->idle.insert(all_->idle.end(), this);
    enter(Phase::idle, steady_clock::now() + all_->options.idle_limit);
    if (admission_ == Admission::crowded) enter(Phase::reading, steady_clock::now() + drain_limit);
}

Session::~Session() {
    release();
    (phase_ == Phase::idle ? all_->idle : all_->busy).erase(place_);
    all_->changed.notify();
}

void Session::enter(Phase phase, TimePoint deadline) {
    deadline_ = deadline;
    const bool was_idle = phase_ == Phase::idle, is_idle = phase == Phase::idle;
    auto& from = was_idle ? all_->idle : all_->busy;
    auto& to = is_idle ? all_->idle : all_->busy;
    if (was_idle != is_idle) to.splice(to.end(), from, place_);
    phase_ = phase;
}

void Session::interrupt() {
    if (phase_ == Phase::working) return;
    interrupted_ = true;
    if (phase_ == Phase::idle) enter(Phase::draining, no_deadline);
    error_code ignored;
    socket_.cancel(ignored);
}

void Session::release() {
    all_->bytes_in_flight -= charged_;
    charged_ = 0;
}

Task<void> Session::run() {
    try {
        while (co_await exchange()) {
        }
    } catch (const Gone&) {
    }
}

// One request and its answer; false: the last one.
Task<bool> Session::exchange() {
    Exchange now;
    std::optional<Refused> refusal;
    try {
        co_await receive(now);
    } catch (Refused& caught) {
        refusal = std::move(caught);
    }
    HttpResponse response;
    auto connection = Connection::close;
    const bool head_only = now.request.method == "HEAD";
    if (refusal) {
        now.request = {};  // no body stays while the peer is still talking
        response = std::move(refusal->response);
        connection = refusal->connection;
    } else {
        enter(Phase::working, no_deadline);
        if (now.parser.keeps_alive()) connection = Connection::keep;
        response = co_await answer(now);
    }
    if (all_->stopping) connection = Connection::close;
    count_response(response.status);
    auto head = response_head(response, connection, std::time(nullptr));
    if (head_only) response.body.clear();
    co_await write(std::move(head), std::move(response.body));
    release();
    if (connection == Connection::close) co_await drain();
    co_return connection == Connection::keep;
}

Task<HttpResponse> Session::answer(Exchange& exchange) {
    const auto method = exchange.request.method, path = exchange.request.path;
    HttpResponse response;
    std::exception_ptr error;
    try {
        response = co_await (*exchange.handler)(std::move(exchange.request));
        check_headers(response);
    } catch (...) {
        error = std::current_exception();
    }
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none) throw Gone();
    if (error) response = response_to_exception(error, method, path);
    co_return response;
}

Task<void> Session::receive(Exchange& exchange) {
    if (admission_ == Admission::welcome)
        enter(Phase::idle, steady_clock::now() + all_->options.idle_limit);
    const std::size_t end = co_await read_head();
    if (admission_ == Admission::crowded)
        throw Refused{busy_response("There are too many connections; try again")};
    const auto head = std::string_view(pending_).substr(0, end);
    if (auto why = refused_head(head)) throw malformed(*why);
    if (!exchange.parser.read_head(head)) throw malformed("the head does not parse");
    pending_.erase(0, end);

    const std::size_t limit = find_handler(exchange);
    const auto length = exchange.parser.length();
    if (length && *length > limit) throw too_large(limit);
    co_await greet(exchange);
    if (exchange.parser.is_chunked())
        co_await read_chunks(exchange, limit);
    else if (length)
        co_await read_known(exchange.request.body, static_cast<std::size_t>(*length));
}

// Returns the route's body limit.
std::size_t Session::find_handler(Exchange& exchange) {
    auto& request = exchange.request;
    auto target = parse_target(exchange.parser.target());
    if (!target) throw malformed("the request target does not parse");
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    request.peer = peer_;
    auto match = all_->router.match(request.method, request.path);
    if (match.handler) {
        exchange.handler = match.handler;
        request.parameters = std::move(match.parameters);
        return match.body_limit;
    }
    auto refusal =
        refused(match.status, match.status == 405 ? "This path takes other methods: " + match.allow
                                                  : "There is nothing at this path");
    if (match.status == 405) refusal.response.headers.emplace_back("Allow", match.allow);
    const bool has_body = exchange.parser.is_chunked() || exchange.parser.length().value_or(0) > 0;
    if (!has_body && exchange.parser.keeps_alive()) refusal.connection = Connection::keep;
    throw refusal;
}

// Where the head ends in pending_.
Task<std::size_t> Session::read_head() {
    const auto limit = all_->options.head_limit;
    std::size_t searched = 0;
    for (;;) {
        if (phase_ == Phase::idle && !pending_.empty())
            enter(Phase::reading, steady_clock::now() + all_->options.message_limit);
        const auto end = head_end(pending_, searched);
        if (end && *end <= limit) co_return *end;
        if (end || pending_.size() > limit)
            throw malformed("the head is larger than " + std::to_string(limit) + " bytes");
        if (is_hopeless_head(pending_, searched)) throw malformed("this is not HTTP");
        searched = pending_.size();
        if (pending_.empty()) co_await wait_for(asio::socket_base::wait_read);
        co_await receive_more(pending_, std::string::npos);
    }
}

// "Expect: 100-continue": the peer waits for a word before it sends the body.
Task<void> Session::greet(const Exchange& exchange) {
    const auto expect = exchange.request.headers.find("expect");
    if (expect == exchange.request.headers.end()) co_return;
    if (!equal_ignoring_case(expect->second, "100-continue"))
        throw refused(417, "The only expectation that is met here is 100-continue");
    if (!pending_.empty()) co_return;
    const auto deadline = deadline_;
    std::string word = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await write(std::move(word), std::string());
    enter(Phase::reading, deadline);
}

Task<void> Session::read_known(std::string& body, std::size_t length) {
    if (pending_.size() > length) {
        body = pending_.substr(0, length);
        pending_.erase(0, length);
    } else {
        body = std::move(pending_);
        pending_.clear();
    }
    body.reserve(length);  // costs no memory until it is written to
    while (body.size() < length) co_await receive_more(body, length - body.size());
}

Task<void> Session::read_chunks(Exchange& exchange, std::size_t limit) {
    using Chunks = RequestParser::Chunks;
    // Sizes, extensions and trailers are no part of the body, but cost as much to read.
    const std::size_t wire_limit = limit + limit / 2 + 2 * all_->options.head_limit;
    std::size_t received = pending_.size();
    for (;;) {
        const auto chunks = exchange.parser.read_chunks(pending_, limit);
        if (chunks == Chunks::done) co_return;
        if (chunks == Chunks::malformed) throw malformed("a chunk does not parse");
        if (chunks == Chunks::too_large) throw too_large(limit);
        if (pending_.size() > all_->options.head_limit)
            throw malformed("a chunk's extensions or the trailers are too large");
        if (received > wire_limit) throw too_large(limit);
        received += co_await receive_more(pending_, std::string::npos);
    }
}

Task<std::size_t> Session::receive_more(std::string& into, std::size_t at_most) {
    const auto count = co_await read_more(into, at_most);
    charged_ += count;
    all_->bytes_in_flight += count;
    if (all_->bytes_in_flight > all_->options.bytes_in_flight)
        throw Refused{busy_response("There is too much to do at the moment; try again")};
    co_return count;
}

Task<std::size_t> Session::read_more(std::string& into, std::size_t at_most) {
    thread_local std::array<char, 64u << 10> shared;
    for (;;) {
        error_code ec;
        const auto room = asio::buffer(shared.data(), std::min(at_most, shared.size()));
        const auto count = socket_.read_some(room, ec);
        if (ec == asio::error::would_block) {
            co_await wait_for(asio::socket_base::wait_read);
            continue;
        }
        if (ec || count == 0) throw Gone();
        into.append(shared.data(), count);
        co_return count;
    }
}

Task<void> Session::wait_for(asio::socket_base::wait_type what) {
    error_code ec;
    co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, ec));
    if (!interrupted_ && !ec) co_return;
    interrupted_ = false;
    if (ec && ec != asio::error::operation_aborted) throw Gone();
    if (phase_ != Phase::reading) throw Gone();
    throw refused(408, "The request took too long to arrive");
}

Task<void> Session::write(std::string head, std::string body) {
    // A second more for every 64 KB: large answers may take their time.
    enter(Phase::writing, steady_clock::now() + all_->options.message_limit +
                              std::chrono::seconds(body.size() >> 16));
    if (body.size() <= small_body) {
        head += body;
        body.clear();
    }
    std::string_view first = head, second = body;
    while (!first.empty() || !second.empty()) {
        const std::array<asio::const_buffer, 2> both = {asio::buffer(first), asio::buffer(second)};
        error_code ec;
        auto count = socket_.write_some(both, ec);
        if (ec == asio::error::would_block) {
            co_await wait_for(asio::socket_base::wait_write);
            continue;
        }
        if (ec) throw Gone();
        const auto of_first = std::min(count, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(count - of_first);
    }
}

// A close with bytes unread resets the connection, and the reset may overtake the answer.
Task<void> Session::drain() {
    error_code ec;
    socket_.shutdown(asio::socket_base::shutdown_send, ec);
    enter(Phase::draining, steady_clock::now() + drain_limit);
    for (std::size_t total = 0; total < drained_bytes_limit;) {
        pending_.clear();
        total += co_await read_more(pending_, std::string::npos);
    }
}

}  // namespace slipway
