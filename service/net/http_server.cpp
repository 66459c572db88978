// Listens, admits and ends connections. A full house makes room by letting go of whoever has been
// idle the longest; where nobody is idle, the newcomer is told to come back.
#include "service/net/http_server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstring>

#include "service/base/log.hpp"
#include "service/base/precompiled.hpp"
#include "service/base/result.hpp"
#include "service/net/http_message.hpp"
#include "service/net/http_session.hpp"

namespace slipway {

using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t crowd_limit = 256;  // connections beyond the bound that still get an answer

using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

}  // namespace

struct HttpServer::Listener {
    Listener(asio::any_io_executor executor, const Router& router, HttpServerOptions options)
        : all(std::make_shared<Connections>(executor, router, options)),
          acceptor(executor),
          sessions(executor) {}
    std::shared_ptr<Connections> all;
    Acceptor acceptor;
    TaskGroup sessions;
    bool local = false;
};

namespace {

using Listener = HttpServer::Listener;

std::optional<HttpRequest::Peer> peer_of(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
    return HttpRequest::Peer{peer.uid, peer.gid, peer.pid};
}

Task<void> converse(std::shared_ptr<Listener> listener, Session::Socket socket,
                    Session::Admission admission, std::optional<HttpRequest::Peer> peer) {
    Session session(listener->all, std::move(socket), admission, peer);
    co_await session.run();
}

void admit(const std::shared_ptr<Listener>& listener, Session::Socket socket) {
    auto& all = *listener->all;
    const auto bound = all.options.connections;
    if (all.size() >= bound + crowd_limit) return;  // closes it
    auto admission = Session::Admission::welcome;
    if (all.size() >= bound) {
        if (all.idle.empty())
            admission = Session::Admission::crowded;
        else
            all.idle.front()->interrupt();
    }
    error_code ignored;
    socket.non_blocking(true, ignored);
    const int fd = socket.native_handle();
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    std::optional<HttpRequest::Peer> peer;
    if (listener->local) {
        peer = peer_of(fd);
    } else {
        const int yes = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    listener->sessions.start(converse(listener, std::move(socket), admission, peer));
}

Task<void> accept_all(std::shared_ptr<Listener> listener) {
    while (!listener->all->stopping) {
        error_code ec;
        auto socket =
            co_await listener->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) {
            admit(listener, std::move(socket));
        } else if (ec == asio::error::no_descriptors || ec == asio::error::no_memory ||
                   ec == asio::error::no_buffer_space) {
            log_warning("a connection waits: the system has no room for it",
                        {{"error", ec.message()}});
            co_await sleep_for(milliseconds(200));
        }
    }
}

// Deadlines are looked at by one clock for all, which costs a request nothing.
Task<void> watch_deadlines(std::shared_ptr<Listener> listener) {
    auto& all = *listener->all;
    const auto tick = std::clamp(std::min(all.options.message_limit, all.options.idle_limit) / 8,
                                 milliseconds(5), milliseconds(250));
    while (!all.stopping || all.size() > 0) {
        co_await sleep_for(tick);
        const auto now = steady_clock::now();
        while (!all.idle.empty() && all.idle.front()->deadline() <= now)
            all.idle.front()->interrupt();
        for (auto at = all.busy.begin(); at != all.busy.end();) {
            auto* session = *at++;
            if (session->deadline() <= now) session->interrupt();
        }
    }
}

[[noreturn]] void refuse_address(const std::string& address, const std::string& why) {
    throw Failure("cannot listen on " + address + ": " + why, Retry::never);
}

void clear_stale(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_socket(path, ignored)) return;
    if (somebody_answers_on(path)) refuse_address(path.string(), "another service answers there");
    std::filesystem::remove(path, ignored);
}

}  // namespace

HttpServer::HttpServer(asio::any_io_executor executor, std::shared_ptr<Listener> listener, int port,
                       std::filesystem::path path)
    : listener_(std::move(listener)), own_(executor), port_(port), path_(std::move(path)) {
    listener_->sessions.on_error = [](std::exception_ptr error) {
        response_to_exception(error, "", "");  // logs it; there is nobody left to answer
    };
    own_.start(accept_all(listener_));
    own_.start(watch_deadlines(listener_));
}

HttpServer::~HttpServer() {
    close_door();
    own_.cancel();
    listener_->sessions.cancel();
}

std::size_t HttpServer::open_connections() const { return listener_->all->size(); }

Task<void> HttpServer::stop(milliseconds grace) {
    close_door();
    auto listener = listener_;
    auto& all = *listener->all;
    while (!all.idle.empty()) all.idle.front()->interrupt();
    const auto end = steady_clock::now() + grace;
    while (all.size() > 0 && steady_clock::now() < end)
        co_await all.changed.wait(std::chrono::ceil<milliseconds>(end - steady_clock::now()));
    listener->sessions.cancel();
    co_await listener->sessions.join();
    own_.cancel();
    co_await own_.join();
}

void HttpServer::close_door() {
    listener_->all->stopping = true;
    if (!listener_->acceptor.is_open()) return;
    error_code ignored;
    listener_->acceptor.close(ignored);
    std::error_code gone;
    if (!path_.empty()) std::filesystem::remove(path_, gone);
}

std::unique_ptr<HttpServer> serve_tcp(asio::any_io_executor executor, const Router& router,
                                      const std::string& host, int port,
                                      HttpServerOptions options) {
    const std::string name = host + ":" + std::to_string(port);
    if (port < 0 || port > 65535) refuse_address(name, "ports go from 0 to 65535");
    auto listener = std::make_shared<HttpServer::Listener>(executor, router, options);
    error_code ec;
    asio::ip::tcp::resolver resolver(executor);
    const auto found =
        resolver.resolve(host, std::to_string(port), asio::ip::tcp::resolver::passive, ec);
    if (ec || found.empty()) refuse_address(name, ec.message());
    const asio::ip::tcp::endpoint endpoint = *found.begin();
    auto& acceptor = listener->acceptor;
    acceptor.open(Protocol(endpoint.protocol()), ec);
    if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor.bind(Protocol::endpoint(endpoint), ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) refuse_address(name, ec.message());
    ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&bound), &size);
    const int taken =
        ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                          : reinterpret_cast<sockaddr_in&>(bound).sin_port);
    return std::make_unique<HttpServer>(executor, std::move(listener), taken,
                                        std::filesystem::path());
}

std::unique_ptr<HttpServer> serve_unix(asio::any_io_executor executor, const Router& router,
                                       const std::filesystem::path& path,
                                       HttpServerOptions options) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto text = path.string();
    if (text.size() >= sizeof address.sun_path)
        refuse_address(text, "the path is longer than a socket's may be (" +
                                 std::to_string(sizeof address.sun_path - 1) + " bytes)");
    text.copy(address.sun_path, text.size());
    clear_stale(path);
    auto listener = std::make_shared<HttpServer::Listener>(executor, router, options);
    listener->local = true;
    const asio::local::stream_protocol::endpoint endpoint(text);
    auto& acceptor = listener->acceptor;
    error_code ec;
    acceptor.open(Protocol(endpoint.protocol()), ec);
    const auto before = ::umask(0177);  // nobody may slip in between bind and chmod
    if (!ec) acceptor.bind(Protocol::endpoint(endpoint), ec);
    ::umask(before);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) refuse_address(text, ec.message());
    ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    return std::make_unique<HttpServer>(executor, std::move(listener), 0, path);
}

bool somebody_answers_on(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto text = socket.string();
    if (text.size() >= sizeof address.sun_path) return false;
    text.copy(address.sun_path, text.size());
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answered =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    return answered;
}

}  // namespace slipway
