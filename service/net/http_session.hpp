// One connection's conversation, and what the connections of a server share. Nobody outside the
// server includes this.
//
// A session reads into a buffer that all share (one thread) and keeps only what belongs to its
// message, so that an idle connection costs next to nothing and memory grows with the bytes
// received, never with those announced. A session is interrupted from outside at its deadline; it
// then answers 408 or just ends.
#pragma once
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/socket_base.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "service/net/http_server.hpp"

namespace slipway {

class Session;

struct Connections {
    Connections(asio::any_io_executor executor, const Router& r, HttpServerOptions o)
        : router(r), options(o), changed(std::move(executor)) {}
    std::size_t size() const { return idle.size() + busy.size(); }

    const Router& router;
    const HttpServerOptions options;
    std::list<Session*> idle;  // between requests, the longest first
    std::list<Session*> busy;
    std::size_t bytes_in_flight = 0;
    bool stopping = false;
    Signal changed;  // a connection has gone
};

class Session {
  public:
    using Socket = asio::generic::stream_protocol::socket;
    using TimePoint = std::chrono::steady_clock::time_point;
    enum class Admission { welcome, crowded };  // crowded: its one answer is 503

    Session(std::shared_ptr<Connections> all, Socket socket, Admission admission,
            std::optional<HttpRequest::Peer> peer);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    Task<void> run();
    TimePoint deadline() const { return deadline_; }
    void interrupt();  // what it waits for will not come; not for one whose handler works

  private:
    enum class Phase { idle, reading, working, writing, draining };
    struct Exchange;

    void enter(Phase phase, TimePoint deadline);
    Task<bool> exchange();
    Task<HttpResponse> answer(Exchange& exchange);
    Task<void> receive(Exchange& exchange);
    std::size_t find_handler(Exchange& exchange);
    Task<std::size_t> read_head();
    Task<void> read_known(std::string& body, std::size_t length);
    Task<void> read_chunks(Exchange& exchange, std::size_t limit);
    Task<void> greet(const Exchange& exchange);
    Task<std::size_t> receive_more(std::string& into, std::size_t at_most);  // counted
    Task<std::size_t> read_more(std::string& into, std::size_t at_most);
    Task<void> wait_for(asio::socket_base::wait_type what);
    Task<void> write(std::string head, std::string body);
    Task<void> drain();
    void release();

    std::shared_ptr<Connections> all_;
    Socket socket_;
    const Admission admission_;
    const std::optional<HttpRequest::Peer> peer_;
    Phase phase_ = Phase::idle;
    TimePoint deadline_;
    bool interrupted_ = false;
    std::list<Session*>::iterator place_;
    std::string pending_;      // read and not yet consumed
    std::size_t charged_ = 0;  // of bytes_in_flight
};

}  // namespace slipway
