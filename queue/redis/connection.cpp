#include "queue/redis/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <deque>

#include "queue/cancelled.hpp"
#include "queue/redis/address.hpp"
#include "service/base/log.hpp"
#include "service/base/metrics.hpp"

namespace slipway {

using namespace std::chrono_literals;
using boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr auto connect_limit = 5s;
constexpr auto longest_pause = 1'000ms;  // between attempts to connect
constexpr std::size_t longest_outbox = 128u << 20;

RedisPlace place_of(const RedisAddress& address) {
    auto place = parse_redis_url(address.url);
    if (!place) throw Failure(place.error().message, Retry::never);
    return *place;
}

struct Numbers {
    Counter round_trips = counter("slipway_redis_round_trips_total", "Commands answered by Redis");
    Counter sent = counter("slipway_redis_sent_bytes_total", "Bytes sent to Redis");
    Counter losses = counter("slipway_redis_losses_total", "Connections to Redis that were lost");
    Histogram seconds = histogram("slipway_redis_round_trip_seconds", "From command to answer");
};
Numbers& numbers() {
    static Numbers all;
    return all;
}

}  // namespace

struct RedisConnection::Impl : std::enable_shared_from_this<RedisConnection::Impl> {
    // A command whose answer is awaited. Its timer is the deadline and wakes the caller.
    struct Waiting {
        explicit Waiting(asio::any_io_executor e) : timer(std::move(e)) {}
        asio::steady_timer timer;
        std::optional<RedisReply> reply;
        bool lost = false;
        SteadyClock::time_point since = SteadyClock::now();
    };
    // One socket with all that belongs to it; a new one for every attempt.
    struct Line {
        explicit Line(asio::any_io_executor e) : socket(std::move(e)) {}
        Socket socket;
        ReplyReader reader;
        std::deque<std::shared_ptr<Waiting>> waiting;
        std::string outbox, sending;
        bool open = true;
    };

    Impl(asio::any_io_executor e, RedisAddress a, Options o)
        : executor(e),
          place(place_of(a)),
          password(std::move(a.password)),
          options(std::move(o)),
          attempted(e) {}

    Task<RedisReply> command(const Words& words, std::chrono::milliseconds limit);
    Task<std::shared_ptr<Line>> connected();
    Task<void> connect();
    Task<void> open(std::shared_ptr<Line> fresh);
    Task<void> greet(std::shared_ptr<Line> fresh);
    std::shared_ptr<Waiting> send(Line& on, const Words& words, std::chrono::milliseconds limit);
    Task<RedisReply> answer(std::shared_ptr<Line> on, std::shared_ptr<Waiting> waiting);
    void write_on(const std::shared_ptr<Line>& on);
    Task<void> read_on(std::shared_ptr<Line> on);
    void lose(Line& broken, const std::string& why);

    asio::any_io_executor executor;
    RedisPlace place;
    Secret password;
    Options options;
    std::shared_ptr<Line> line;  // null: not connected
    bool connecting = false;
    bool closed = false;
    Signal attempted;
    SteadyClock::time_point not_before{};
    std::chrono::milliseconds pause{0};
    std::string last_trouble;
};

// --- getting a line
// ----------------------------------------------------------------------------------------

Task<std::shared_ptr<RedisConnection::Impl::Line>> RedisConnection::Impl::connected() {
    const auto end = SteadyClock::now() + connect_limit;
    while (!line) {
        if (closed) throw Failure("the connection to Redis was closed");
        if (!connecting) {
            if (SteadyClock::now() < not_before) throw Failure("Redis is away: " + last_trouble);
            connecting = true;
            auto self = shared_from_this();
            spawn(executor, self->connect(), [self](std::exception_ptr) {});
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now());
        if (left <= 0ms) throw Failure("Redis is away: no connection within 5 s");
        co_await attempted.wait(left);
        if (co_await cancelled()) throw boost::system::system_error(asio::error::operation_aborted);
    }
    co_return line;
}

Task<void> RedisConnection::Impl::connect() {
    auto self = shared_from_this();
    auto fresh = std::make_shared<Line>(executor);
    std::string trouble;
    try {
        auto opened = open(fresh);
        co_await within(connect_limit, std::move(opened));
        auto greeted = greet(fresh);
        co_await within(connect_limit, std::move(greeted));
    } catch (const boost::system::system_error& error) {
        trouble = error.code().message();
    } catch (const std::exception& error) {
        trouble = error.what();
    }
    connecting = false;
    if (trouble.empty() && !closed) {
        if (pause > 0ms) log_info("Redis is back");
        pause = 0ms;
        line = fresh;
    } else {
        lose(*fresh, trouble);
        if (pause == 0ms) log_warning("Redis cannot be reached", {{"reason", trouble}});
        last_trouble = trouble.empty() ? "closed" : trouble;
        pause = std::clamp(pause * 2, 20ms, longest_pause);
        not_before = SteadyClock::now() + pause;
    }
    attempted.notify();
}

Task<void> RedisConnection::Impl::open(std::shared_ptr<Line> fresh) {
    if (!place.path.empty()) {
        asio::local::stream_protocol::endpoint endpoint(place.path);
        co_await fresh->socket.async_connect(endpoint, asio::use_awaitable);
        co_return;
    }
    asio::ip::tcp::resolver resolver(executor);
    auto found = co_await resolver.async_resolve(place.host, place.port, asio::use_awaitable);
    asio::ip::tcp::socket tcp(executor);
    co_await asio::async_connect(tcp, found, asio::use_awaitable);
    tcp.set_option(asio::ip::tcp::no_delay(true));
    tcp.set_option(asio::socket_base::keep_alive(true));
    fresh->socket = std::move(tcp);
}

Task<void> RedisConnection::Impl::greet(std::shared_ptr<Line> fresh) {
    auto self = shared_from_this();
    spawn(executor, self->read_on(fresh), [self](std::exception_ptr) {});
    std::vector<Words> first;
    if (!password.empty() && place.user.empty()) first.push_back({"AUTH", password.reveal()});
    if (!place.user.empty()) first.push_back({"AUTH", place.user, password.reveal()});
    if (!place.database.empty()) first.push_back({"SELECT", place.database});
    const auto ours = first.size();
    first.insert(first.end(), options.greeting.begin(), options.greeting.end());

    std::vector<std::shared_ptr<Waiting>> sent;
    for (const auto& words : first) sent.push_back(send(*fresh, words, connect_limit));
    write_on(fresh);
    std::vector<RedisReply> replies;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        auto reply = co_await answer(fresh, sent[i]);
        if (i < ours)
            expect_no_error(std::move(reply));
        else
            replies.push_back(std::move(reply));
    }
    if (options.on_greeting) options.on_greeting(replies);
}

// --- commands and answers
// ----------------------------------------------------------------------------------

Task<RedisReply> RedisConnection::Impl::command(const Words& words,
                                                std::chrono::milliseconds limit) {
    auto self = shared_from_this();
    auto on = line;
    if (!on) on = co_await connected();
    if (on->outbox.size() > longest_outbox)
        throw Failure("Redis does not keep up with what it is sent");
    auto waiting = send(*on, words, limit);
    write_on(on);
    auto answered = answer(on, waiting);
    co_return co_await std::move(answered);
}

std::shared_ptr<RedisConnection::Impl::Waiting> RedisConnection::Impl::send(
    Line& on, const Words& words, std::chrono::milliseconds limit) {
    const auto before = on.outbox.size();
    add_command(on.outbox, words);
    numbers().sent.add(static_cast<double>(on.outbox.size() - before));
    auto waiting = std::make_shared<Waiting>(executor);
    waiting->timer.expires_after(limit);
    on.waiting.push_back(waiting);
    return waiting;
}

Task<RedisReply> RedisConnection::Impl::answer(std::shared_ptr<Line> on,
                                               std::shared_ptr<Waiting> waiting) {
    auto self = shared_from_this();
    error_code stopped;
    if (!waiting->reply && !waiting->lost)
        co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    if (waiting->reply) co_return std::move(*waiting->reply);
    if (waiting->lost) throw Failure("the connection to Redis was lost: " + last_trouble);
    if (stopped) throw boost::system::system_error(asio::error::operation_aborted);
    lose(*on, "no answer in time");
    throw Failure("Redis did not answer in time");
}

void RedisConnection::Impl::write_on(const std::shared_ptr<Line>& on) {
    if (!on->sending.empty() || on->outbox.empty() || !on->open) return;
    on->sending.swap(on->outbox);
    auto written = [self = shared_from_this(), on](error_code error, std::size_t) {
        on->sending.clear();
        if (error) return self->lose(*on, error.message());
        self->write_on(on);
    };
    asio::async_write(on->socket, asio::buffer(on->sending), std::move(written));
}

Task<void> RedisConnection::Impl::read_on(std::shared_ptr<Line> on) {
    auto self = shared_from_this();
    std::vector<char> bytes(64 << 10);
    std::string trouble;
    try {
        while (on->open) {
            const auto size =
                co_await on->socket.async_read_some(asio::buffer(bytes), asio::use_awaitable);
            on->reader.feed({bytes.data(), size});
            while (auto reply = on->reader.next()) {
                if (on->waiting.empty()) throw Failure("Redis answered what nobody asked");
                auto waiting = on->waiting.front();
                on->waiting.pop_front();
                const std::chrono::duration<double> took = SteadyClock::now() - waiting->since;
                numbers().round_trips.add();
                numbers().seconds.observe(took.count());
                waiting->reply = std::move(*reply);
                waiting->timer.cancel();
            }
        }
    } catch (const boost::system::system_error& error) {
        trouble = error.code().message();
    } catch (const std::exception& error) {
        trouble = error.what();
    }
    lose(*on, trouble);
}

void RedisConnection::Impl::lose(Line& broken, const std::string& why) {
    if (!broken.open) return;
    broken.open = false;
    last_trouble = why;
    error_code ignored;
    broken.socket.close(ignored);
    for (auto& waiting : broken.waiting) {
        waiting->lost = true;
        waiting->timer.cancel();
    }
    broken.waiting.clear();
    if (line.get() != &broken) return;
    line.reset();
    if (closed) return;
    numbers().losses.add();
    log_warning("the connection to Redis was lost", {{"reason", why}});
}

// --- the front
// ---------------------------------------------------------------------------------------------

RedisConnection::RedisConnection(asio::any_io_executor executor, RedisAddress address,
                                 Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(address), std::move(options))) {}

RedisConnection::~RedisConnection() { close(); }

Task<RedisReply> RedisConnection::command(const Words& words, std::chrono::milliseconds limit) {
    auto impl = impl_;
    auto answered = impl->command(words, limit);
    co_return co_await std::move(answered);
}

void RedisConnection::close() {
    impl_->closed = true;
    if (auto line = impl_->line) impl_->lose(*line, "closed");
}

}  // namespace slipway
