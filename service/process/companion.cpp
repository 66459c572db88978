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

// Held by whoever reads, writes or drains, so that a companion may go while they wait: they then
// fail.
struct Companion::Line {
    Line(asio::any_io_executor executor, std::string name)
        : program(std::move(name)), socket(executor), errors(executor) {}

    std::string program;
    asio::local::stream_protocol::socket socket;
    asio::posix::stream_descriptor errors;
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

namespace {

constexpr std::size_t longest_line = 8192;
using LinePtr = std::shared_ptr<Companion::Line>;

Task<void> write_to(LinePtr line, std::string bytes) {
    line->check({});
    boost::system::error_code error;
    co_await asio::async_write(line->socket, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    line->check(error);
}

Task<std::string> read_from(LinePtr line, std::size_t exactly) {
    line->check({});
    std::string bytes(exactly, '\0');
    boost::system::error_code error;
    co_await asio::async_read(line->socket, asio::buffer(bytes),
                              asio::redirect_error(asio::use_awaitable, error));
    line->check(error);
    co_return bytes;
}

// Line by line to our log; a line without end is cut.
Task<void> log_errors(LinePtr line) {
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

}  // namespace

Companion::Companion(asio::any_io_executor executor, Command command) {
    const auto program = command.argv.empty() ? std::string() : command.argv.front();
    const auto path = find_program(program);
    if (!path) throw Failure("the program " + program + " is not installed", Retry::never);
    command.argv.front() = path->string();
    // posix_spawn cannot ask for a parent-death signal; setpriv does and becomes the program.
    const std::vector<std::string> dies_with_us{"setpriv", "--pdeathsig", "KILL", "--"};
    command.argv.insert(command.argv.begin(), dies_with_us.begin(), dies_with_us.end());

    auto talk = socket_pair();
    auto errors = pipe_from_child();
    line_ = std::make_shared<Line>(executor, program);
    line_->child.emplace(command, talk.theirs.get(), talk.theirs.get(), errors.theirs.get());
    line_->pid = line_->child->pid();
    line_->socket.assign(asio::local::stream_protocol(), talk.ours.release());
    line_->errors.assign(errors.ours.release());
    spawn(executor, log_errors(line_));
}

Companion::~Companion() {
    line_->gone = asio::error::operation_aborted;
    line_->child.reset();
    boost::system::error_code ignored;
    line_->socket.close(ignored);
    line_->errors.close(ignored);
}

Task<void> Companion::write(std::string bytes) { return write_to(line_, std::move(bytes)); }
Task<std::string> Companion::read(std::size_t exactly) { return read_from(line_, exactly); }
bool Companion::running() const { return !line_->child->ended(); }
void Companion::kill() { line_->child->signal(SIGKILL); }
int Companion::pid() const { return line_->pid; }

}  // namespace slipway
