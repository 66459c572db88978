// A child that stays, spoken to over a socketpair: a dead one answers EPIPE or end of file, never
// SIGPIPE, and it dies with the thread that started it, so that a killed service leaves nothing
// behind.
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

// Held by whoever reads, writes or drains, so that a companion may go while they wait: they then
// fail.
struct Line {
    Line(asio::any_io_executor executor, std::string name)
        : program(std::move(name)), socket(executor), errors(executor) {}

    std::string program;
    Socket socket;
    Stream errors;
    std::optional<Child> child;  // empty once the companion went
    int pid = 0;
    boost::system::error_code gone;  // a second read after the end of file would wait for ever

    void check(boost::system::error_code error) {
        if (error && error != asio::error::operation_aborted) gone = error;
        if (gone) throw Failure(how_it_went());
        if (error) throw boost::system::system_error(error);
    }
    // A child closes its end a moment before it can be seen to have ended.
    std::string how_it_went() const {
        if (!child) return program + " was put away";
        const auto end = child->ended();
        if (!end) return program + " does not answer any more (" + gone.message() + ")";
        return program + (end->signalled ? " was killed by signal " : " ended with ") +
               std::to_string(end->code);
    }
};

Task<void> write_to(std::shared_ptr<Line> line, std::string bytes) {
    line->check({});
    boost::system::error_code error;
    co_await asio::async_write(line->socket, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    line->check(error);
}

Task<std::string> read_from(std::shared_ptr<Line> line, std::size_t exactly) {
    line->check({});
    std::string bytes(exactly, '\0');
    boost::system::error_code error;
    co_await asio::async_read(line->socket, asio::buffer(bytes),
                              asio::redirect_error(asio::use_awaitable, error));
    line->check(error);
    co_return bytes;
}

// Line by line to our log; a line without end is cut.
Task<void> log_errors(std::shared_ptr<Line> line) {
    std::string buffer(4096, '\0'), text;
    boost::system::error_code error;
    auto say = [&] {
        if (!text.empty()) log_warning(text, {{"program", line->program}, {"pid", line->pid}});
        text.clear();
    };
    while (!error) {
        const auto n = co_await line->errors.async_read_some(
            asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
        for (const char c : std::string_view(buffer).substr(0, n)) {
            if (c == '\n' || text.size() >= longest_line) say();
            if (c != '\n') text.push_back(c);
        }
    }
    say();
}

class ChildCompanion : public Companion {
  public:
    explicit ChildCompanion(std::shared_ptr<Line> line) : line_(std::move(line)) {}
    ~ChildCompanion() override {
        line_->gone = asio::error::operation_aborted;
        line_->child.reset();
        boost::system::error_code ignored;
        line_->socket.close(ignored);
        line_->errors.close(ignored);
    }
    Task<void> write(std::string bytes) override { return write_to(line_, std::move(bytes)); }
    Task<std::string> read(std::size_t exactly) override { return read_from(line_, exactly); }
    bool running() const override { return !line_->child->ended(); }
    void kill() override { line_->child->signal(SIGKILL); }
    int pid() const override { return line_->pid; }

  private:
    std::shared_ptr<Line> line_;
};

}  // namespace

std::unique_ptr<Companion> start_companion(asio::any_io_executor executor, Command command) {
    const auto program = command.argv.empty() ? std::string() : command.argv.front();
    const auto path = find_program(program);
    if (!path) throw Failure("the program " + program + " is not installed", Retry::never);
    command.argv.front() = path->string();
    // posix_spawn cannot ask for a parent-death signal; setpriv does and becomes the program.
    const std::vector<std::string> dies_with_us{"setpriv", "--pdeathsig", "KILL", "--"};
    command.argv.insert(command.argv.begin(), dies_with_us.begin(), dies_with_us.end());

    auto talk = socket_pair();
    auto errors = pipe_from_child();
    auto line = std::make_shared<Line>(executor, program);
    line->child.emplace(command, talk.theirs.get(), talk.theirs.get(), errors.theirs.get());
    line->pid = line->child->pid();
    line->socket.assign(asio::local::stream_protocol(), talk.ours.release());
    line->errors.assign(errors.ours.release());
    spawn(executor, log_errors(line));
    return std::make_unique<ChildCompanion>(std::move(line));
}

}  // namespace slipway
