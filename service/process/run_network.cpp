#include "service/process/run_network.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fstream>
#include <sstream>

#include "service/base/result.hpp"
#include "service/process/process.hpp"
#include "service/process/spawn.hpp"

namespace slipway {

using namespace std::chrono_literals;
using Stream = asio::posix::stream_descriptor;

namespace {

constexpr auto longest_start = 20s;

// Loopback as well: a socket that is bound to the outer interface would be connected by the machine
// to its own.
constexpr const char* refused[] = {
    "127.0.0.0/8",     "::1", "::ffff:0:0/96",
    "169.254.0.0/16",   // metadata of most clouds, credentials of containers
    "fd00:ec2::/32",    // the same
    "100.100.100.200",  // Alibaba Cloud
    "168.63.129.16",    // Azure
    "192.0.0.192"};     // Oracle Cloud

// The name server inside; what is asked there is asked of the machine's own first name server.
constexpr const char* pasta_name_server = "169.254.53.53";
constexpr const char* slirp_name_server = "10.0.2.3";

struct Connection {
    std::vector<std::string> argv;  // "{pid}": the process whose namespaces are to be connected
    std::string name_server;
};

Connection connection() {
    // No port of the machine leads inside, none inside to the machine, and no address means its
    // loopback.
    if (const auto pasta = find_program("pasta"))
        return {{pasta->string(), "--foreground", "--quiet", "--stderr", "--config-net", "-t",
                 "none", "-u", "none", "-T", "none", "-U", "none", "--no-map-gw", "--dns-forward",
                 pasta_name_server, "{pid}"},
                pasta_name_server};
    if (const auto slirp = find_program("slirp4netns"))
        return {{slirp->string(), "--configure", "--mtu=65520", "--disable-host-loopback",
                 "--userns-path=/proc/{pid}/ns/user", "{pid}", "tap0"},
                slirp_name_server};
    throw Failure("neither pasta (Debian's package passt) nor slirp4netns is installed",
                  Retry::never);
}

// The machine's search domains and options, with the name server that is reachable inside.
std::string resolver_configuration(const std::string& name_server) {
    std::string out = "nameserver " + name_server + "\n", line;
    std::ifstream file("/etc/resolv.conf");
    while (std::getline(file, line))
        if (line.starts_with("search ") || line.starts_with("options ") ||
            line.starts_with("domain "))
            out += line + "\n";
    return out;
}

Command holder(const Connection& connection, std::optional<unsigned> user) {
    const auto enter = find_own_program("slipway-enter");
    if (!enter)
        throw Failure("the program slipway-enter is not beside slipway; install both",
                      Retry::never);
    Command command;
    command.argv = {enter->string(), "network"};
    if (user) command.argv.insert(command.argv.end(), {"--user", std::to_string(*user)});
    for (const char* one : refused) command.argv.insert(command.argv.end(), {"--refuse", one});
    command.argv.insert(command.argv.end(), {"--allow", connection.name_server, "--"});
    command.argv.insert(command.argv.end(), connection.argv.begin(), connection.argv.end());
    command.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    return command;
}

}  // namespace

class RunNetwork::Impl {
  public:
    Impl(asio::any_io_executor executor, std::optional<unsigned> user)
        : connection_(connection()), said_(executor), errors_(file_in_memory("")) {
        auto output = pipe_from_child();
        const auto input = open_null();
        child_.emplace(holder(connection_, user), input.get(), output.theirs.get(), errors_.get());
        said_.assign(output.ours.release());
    }

    Task<void> ready() {
        if (ready_) co_return;
        bool in_time = true;
        try {
            co_await within(longest_start, read_word());
        } catch (const TimedOut&) {
            in_time = false;
        }
        if (ready_) co_return;
        auto why = content_of(errors_);
        why = why.substr(0, std::min<std::size_t>(why.find_last_not_of('\n') + 1, 2000));
        if (!in_time) why = "it was not there in 20 s";
        throw Failure("the network of the run cannot be set up: " +
                      (why.empty() ? "it ended without a word" : why));
    }
    int process() const { return child_->pid(); }
    std::string name_servers() const { return resolver_configuration(connection_.name_server); }

  private:
    Task<void> read_word() {
        boost::system::error_code error;
        std::string text;
        co_await asio::async_read_until(said_, asio::dynamic_buffer(text, 64), '\n',
                                        asio::redirect_error(asio::use_awaitable, error));
        ready_ = text == "ready\n";
    }

    const Connection connection_;
    Stream said_;
    Descriptor errors_;
    std::optional<Child> child_;
    bool ready_ = false;
};

RunNetwork::RunNetwork(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunNetwork::~RunNetwork() = default;
Task<void> RunNetwork::ready() { return impl_->ready(); }
int RunNetwork::process() const { return impl_->process(); }
std::string RunNetwork::name_servers() const { return impl_->name_servers(); }

std::unique_ptr<RunNetwork> start_run_network(asio::any_io_executor executor,
                                              std::optional<unsigned> user) {
    return std::make_unique<RunNetwork>(
        std::make_unique<RunNetwork::Impl>(std::move(executor), user));
}

}  // namespace slipway
