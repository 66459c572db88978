// P4: what an accepted webhook costs Redis: one round trip, and bytes of at most a fifth of the
// body. Redis itself counts: MONITOR shows the commands that came over a connection, INFO the
// bytes.
#include <algorithm>

#include "tests/bench/intake_server.hpp"
#include "tests/support/redis_server.hpp"

using namespace slipway;

namespace {

constexpr int webhooks = 1'000;

double information(const RedisServer& redis, const std::string& name) {
    const auto text = redis.ask("INFO everything");
    const auto at = text.find(name + ":");
    if (at == text.npos) throw std::runtime_error("INFO says nothing of " + name);
    return std::stod(text.substr(at + name.size() + 1));
}

// Commands that clients sent, as they come; those inside of scripts are marked "lua".
class Monitor {
  public:
    explicit Monitor(const RedisServer& redis)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        redis.socket().copy(address.sun_path, sizeof address.sun_path - 1);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::send(socket_, "MONITOR\r\n", 9, MSG_NOSIGNAL) != 9 || line() != "+OK")
            throw std::runtime_error("Redis cannot be watched");
    }
    ~Monitor() { ::close(socket_); }

    // Up to a command that names `last`, which is not counted.
    int commands_until(const std::string& last) {
        for (int count = 0;;) {
            const auto seen = line();
            if (seen.find(last) != seen.npos) return count;
            if (seen.find(" lua]") == seen.npos) ++count;
        }
    }

  private:
    std::string line() {
        for (;;) {
            const auto end = bytes_.find("\r\n", searched_);
            if (end != bytes_.npos) {
                auto out = bytes_.substr(0, end);
                bytes_.erase(0, end + 2);
                searched_ = 0;
                return out;
            }
            searched_ = bytes_.empty() ? 0 : bytes_.size() - 1;
            char buffer[65536];
            const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
            if (count <= 0) throw std::runtime_error("Redis stopped talking");
            bytes_.append(buffer, static_cast<std::size_t>(count));
        }
    }
    int socket_;
    std::string bytes_;
    std::size_t searched_ = 0;
};

}  // namespace

int main() {
    RedisServer redis;
    bench::ServerProcess ours(bench::intake_server(redis.address()));
    const auto body = bench::webhook_body();
    bench::Load load(body);
    load.run(ours, 10);
    const double before = information(redis, "total_net_input_bytes");
    load.run(ours, webhooks);
    const double bytes = information(redis, "total_net_input_bytes") - before;
    int commands = 0;
    {
        Monitor monitor(redis);
        load.connections = 1;
        load.run(ours, webhooks);
        redis.ask("ECHO the-end");
        commands = monitor.commands_until("the-end");
    }
    const double ratio = bytes / webhooks / static_cast<double>(body.size());
    std::printf("%d webhooks, %d round trips; %.0f bytes to Redis for a body of %zu\n", webhooks,
                commands, bytes / webhooks, body.size());
    if (commands != webhooks)
        return bench::verdict("P4 round trips", double(commands) / webhooks, 1), 1;
    return bench::verdict("P4", ratio, 0.2);
}
