// A child that stays, spoken to over a socketpair: a dead one answers EPIPE or end of file, never SIGPIPE,
// and it dies with the thread that started it, so that a killed service leaves nothing behind.
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "service/base/log.hpp"
#include "service/process/spawn.hpp"

namespace slipway {

namespace {

using Socket = asio::local::stream_protocol::socket;
using Stream = asio::posix::stream_descriptor;
constexpr std::size_t longest_line = 8192;

// Line by line to our log; a line without end is cut.
Task<void> log_lines(std::shared_ptr<Stream> from, std::string program, int pid) {
    std::string buffer(4096, '\0'), line;
    boost::system::error_code error;
    auto say = [&] {
        if (!line.empty()) log_warning(line, {{"program", program}, {"pid", pid}});
        line.clear();
    };
    for (;;) {
        const auto n = co_await from->async_read_some(
            asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
        for (const char c : std::string_view(buffer).substr(0, n)) {
            if (c == '\n' || line.size() >= longest_line) say();
            if (c != '\n') line.push_back(c);
        }
        if (error) break;
    }
    say();
}

class ChildCompanion : public Companion {
  public:
    ChildCompanion(asio::any_io_executor executor, Command command)
        : program_(command.argv.empty() ? "" : command.argv.front()), socket_(executor) {
        auto talk = socket_pair();
        auto errors = pipe_from_child();
        const auto path = find_program(program_);
        if (!path) throw Failure("the program " + program_ + " is not installed", Retry::never);
        command.argv.front() = path->string();
        // posix_spawn cannot ask for a parent-death signal; setpriv does and becomes the program.
        const std::vector<std::string> dies_with_us{"setpriv", "--pdeathsig", "KILL", "--"};
        command.argv.insert(command.argv.begin(), dies_with_us.begin(), dies_with_us.end());
        child_.emplace(command, talk.theirs.get(), talk.theirs.get(), errors.theirs.get());
        socket_.assign(asio::local::stream_protocol(), talk.ours.release());
        errors_ = std::make_shared<Stream>(executor, errors.ours.release());
        spawn(executor, log_lines(errors_, program_, child_->pid()));
    }
    ~ChildCompanion() override {
        boost::system::error_code ignored;
        errors_->close(ignored);
    }

    Task<void> write(std::string bytes) override {
        boost::system::error_code error;
        co_await asio::async_write(socket_, asio::buffer(bytes),
                                   asio::redirect_error(asio::use_awaitable, error));
        check(error);
    }

    Task<std::string> read(std::size_t exactly) override {
        std::string bytes(exactly, '\0');
        boost::system::error_code error;
        co_await asio::async_read(socket_, asio::buffer(bytes),
                                  asio::redirect_error(asio::use_awaitable, error));
        check(error);
        co_return bytes;
    }

    bool running() const override { return !child_->ended(); }
    void kill() override { child_->signal(SIGKILL); }
    int pid() const override { return child_->pid(); }

  private:
    void check(boost::system::error_code error) const {
        if (!error) return;
        if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
        auto end = child_->ended();
        std::string how = !end            ? "does not answer any more (" + error.message() + ")"
                          : end->signalled ? "was killed by signal " + std::to_string(end->code)
                                           : "ended with " + std::to_string(end->code);
        throw Failure(program_ + " " + how);
    }

    std::string program_;
    Socket socket_;
    std::shared_ptr<Stream> errors_;
    std::optional<Child> child_;
};

}  // namespace

std::unique_ptr<Companion> start_companion(asio::any_io_executor executor, Command command) {
    return std::make_unique<ChildCompanion>(std::move(executor), std::move(command));
}

}  // namespace slipway
