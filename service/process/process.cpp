// run(): one coroutine decides (exit, end of output, limits, stop), small ones feed it. The rule it
// guards: whatever happens, the child's group is gone when run() returns or throws.
#include "service/process/process.hpp"

#include <unistd.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <climits>
#include <mutex>

#include "service/base/result.hpp"
#include "service/process/spawn.hpp"
#include "service/process/usage.hpp"

namespace slipway {

using namespace std::chrono_literals;
using Stream = asio::posix::stream_descriptor;
using SteadyClock = std::chrono::steady_clock;

struct StopSwitch::State {
    std::mutex mutex;
    bool stopped = false;
    std::function<void()> wake;  // of the command that runs now
};

StopSwitch::StopSwitch() : state(std::make_shared<State>()) {}

void StopSwitch::stop() {
    std::lock_guard lock(state->mutex);
    state->stopped = true;
    if (state->wake) state->wake();
}

bool StopSwitch::stopped() const {
    std::lock_guard lock(state->mutex);
    return state->stopped;
}

namespace {

void set_wake(StopSwitch::State& state, std::function<void()> wake) {
    std::lock_guard lock(state.mutex);
    state.wake = std::move(wake);
}

// What the feeding coroutines share with the deciding one.
struct Running {
    Running(asio::any_io_executor executor, OnOutput receiver, std::size_t limit)
        : changed(std::move(executor)), on_output(std::move(receiver)), left(limit) {}

    Signal changed;
    OnOutput on_output;
    std::size_t left;  // bytes that may still be kept or passed on
    Ended ended;
    int open_streams = 2;
    SteadyClock::time_point last_output = SteadyClock::now();
    std::optional<Child::End> exit;
    std::optional<Resource> used_too_much;
    std::exception_ptr fault;  // the receiver threw

    void take(int which, std::string_view bytes) {
        last_output = SteadyClock::now();
        const auto kept = bytes.substr(0, left);
        ended.dropped_bytes += bytes.size() - kept.size();
        left -= kept.size();
        if (kept.empty() || fault) return;
        if (on_output)
            on_output(which, kept);
        else
            (which == 1 ? ended.output : ended.error_output).append(kept);
    }
};

Task<void> read_stream(std::shared_ptr<Running> running, Stream from, int which) {
    std::string buffer(65536, '\0');
    boost::system::error_code error;
    for (;;) {
        const auto n = co_await from.async_read_some(
            asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
        if (n != 0) {
            try {
                running->take(which, std::string_view(buffer).substr(0, n));
            } catch (...) {
                running->fault = std::current_exception();
                running->changed.notify();
            }
        }
        if (error) break;
    }
    --running->open_streams;
    running->changed.notify();
}

Task<void> write_input(Stream to, std::string input) {
    boost::system::error_code ignored;  // a child may well not read all of it
    co_await asio::async_write(to, asio::buffer(input),
                               asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> wait_for_exit(std::shared_ptr<Running> running, Stream pidfd,
                         std::shared_ptr<const Child> child) {
    // Readiness is a hint (it may be a predecessor's of the same number): ask, then wait, again.
    boost::system::error_code error;
    while (!(running->exit = child->ended()) && !error)
        co_await pidfd.async_wait(Stream::wait_read,
                                  asio::redirect_error(asio::use_awaitable, error));
    running->changed.notify();
}

// The first resource of which there is too much. A look at a directory takes as long as the
// directory is large, so that the pause grows with it.
Task<void> watch_usage(std::shared_ptr<Running> running, pid_t leader, UsageLimits limits) {
    auto look_at_directory = SteadyClock::now();
    for (auto pause = 100ms; !running->used_too_much; pause = 250ms) {
        co_await sleep_for(pause);
        const auto used = usage_of(leader);
        const auto now = SteadyClock::now();
        std::int64_t in_directory = 0;
        if (limits.directory_bytes > 0 && now >= look_at_directory) {
            in_directory = bytes_in(limits.directory);
            look_at_directory = SteadyClock::now() + 20 * (SteadyClock::now() - now);
        }
        if (limits.tasks > 0 && used.tasks >= limits.tasks)
            running->used_too_much = Resource::tasks;
        if (limits.memory_bytes > 0 && used.memory_bytes > limits.memory_bytes)
            running->used_too_much = Resource::memory;
        if (limits.directory_bytes > 0 && in_directory > limits.directory_bytes)
            running->used_too_much = Resource::directory;
    }
    running->changed.notify();
}

// The decision, as a pure function of what is known.
constexpr auto after_exit = 1s;  // how long a background grandchild may hold the output open
constexpr std::chrono::milliseconds longest_excess = 60s;
constexpr auto never = SteadyClock::time_point::max();

enum class Stage { running, asked, killed };

std::optional<Ended::How> reason_to_stop(const Command& command, const Running& running,
                                         SteadyClock::time_point started, bool stop_wanted) {
    const auto now = SteadyClock::now();
    if (stop_wanted || running.fault) return Ended::How::stopped;
    if (now >= started + command.limit) return Ended::How::timed_out;
    if (command.silence_limit > 0ms && now >= running.last_output + command.silence_limit)
        return Ended::How::silent;
    if (running.used_too_much) return Ended::How::used_too_much;
    return std::nullopt;
}

SteadyClock::time_point next_look(const Command& command, const Running& running,
                                  SteadyClock::time_point started) {
    auto at = started + command.limit;
    if (command.silence_limit > 0ms) at = std::min(at, running.last_output + command.silence_limit);
    return at;
}

std::chrono::milliseconds until(SteadyClock::time_point at) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at - SteadyClock::now());
    return std::clamp<std::chrono::milliseconds>(left, 0ms, 1h);
}

// Watches until the child is gone and its output read, or given up on. How it came to stop is in
// running.ended.
Task<void> watch(const Command& command, Running& running, const Child& child,
                 const StopSwitch& stop, bool& cancelled) {
    const auto started = SteadyClock::now();
    auto stage = Stage::running;
    auto kill_at = never, give_up_at = never;
    for (;;) {
        const auto now = SteadyClock::now();
        cancelled = cancelled || (co_await asio::this_coro::cancellation_state).cancelled() !=
                                     asio::cancellation_type::none;
        if (running.exit) {
            if (running.open_streams == 0 || now >= give_up_at) co_return;
            if (give_up_at == never) give_up_at = now + after_exit;
        } else if (stage == Stage::running) {
            auto why = reason_to_stop(command, running, started, cancelled || stop.stopped());
            if (why) {
                running.ended.how = *why;
                if (*why == Ended::How::timed_out) running.ended.limit = command.limit;
                if (*why == Ended::How::silent) running.ended.limit = command.silence_limit;
                if (*why == Ended::How::used_too_much)
                    running.ended.used_too_much = running.used_too_much;
                child.signal(command.first_signal);
                stage = Stage::asked;
                // What the machine has too little of cannot wait for half an hour.
                kill_at = now + (*why == Ended::How::used_too_much
                                     ? std::min(command.grace, longest_excess)
                                     : command.grace);
            }
        } else if (stage == Stage::asked && now >= kill_at) {
            child.signal(SIGKILL);
            stage = Stage::killed;
        }
        auto at = running.exit              ? give_up_at
                  : stage == Stage::running ? next_look(command, running, started)
                  : stage == Stage::asked   ? kill_at
                                            : never;
        co_await running.changed.wait(until(at));
    }
}

void describe_end(Ended& ended, const Child::End& end) {
    if (ended.how == Ended::How::exited) {
        if (end.signalled) ended.how = Ended::How::signalled;
        ended.code = end.code;
    } else {
        ended.code = end.signalled ? 128 + end.code : end.code;
    }
}

// A child that was spawned and is not watched yet.
struct Launched {
    Descriptor input, output, error_output, gate;
    std::shared_ptr<Child> child;
};

Launched launch(const Command& command) {
    if (command.held_input && command.held_input->size() > PIPE_BUF)
        throw Failure("a held input is larger than a pipe takes at once", Retry::never);
    auto output = pipe_from_child(), error_output = pipe_from_child();
    auto input =
        command.input.empty() ? DescriptorPair{Descriptor(), open_null()} : pipe_to_child();
    auto gate = command.held_input ? pipe_to_child() : DescriptorPair();
    if (command.user)
        for (const auto* pipe : {&input, &output, &error_output, &gate})
            give_pipe(pipe->theirs, *command.user);
    auto child = std::make_shared<Child>(command, input.theirs.get(), output.theirs.get(),
                                         error_output.theirs.get(), gate.theirs.get());
    return {std::move(input.ours), std::move(output.ours), std::move(error_output.ours),
            std::move(gate.ours), std::move(child)};
}

Task<Ended> watch_launched(Command command, Launched launched, OnOutput on_output,
                           StopSwitch stop) {
    auto executor = co_await asio::this_coro::executor;
    auto running = std::make_shared<Running>(executor, std::move(on_output), command.output_limit);
    auto child = std::move(launched.child);

    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    std::weak_ptr<Running> weak = running;
    set_wake(*stop.state, [executor, weak] {
        asio::post(executor, [weak] {
            if (auto alive = weak.lock()) alive->changed.notify();
        });
    });

    TaskGroup feeders(executor);
    Stream out(executor, launched.output.release()), err(executor, launched.error_output.release());
    Stream pidfd(executor, child->take_pidfd().release());
    feeders.start(read_stream(running, std::move(out), 1));
    feeders.start(read_stream(running, std::move(err), 2));
    feeders.start(wait_for_exit(running, std::move(pidfd), child));
    const auto& limits = command.usage_limits;
    if (limits.tasks > 0 || limits.memory_bytes > 0 || limits.directory_bytes > 0)
        feeders.start(watch_usage(running, child->pid(), limits));
    if (launched.input.get() >= 0) {
        Stream in(executor, launched.input.release());
        feeders.start(write_input(std::move(in), std::move(command.input)));
    }

    bool cancelled = false;
    co_await watch(command, *running, *child, stop, cancelled);
    set_wake(*stop.state, nullptr);
    child->signal(SIGKILL);  // what it left in the background
    feeders.cancel();
    co_await feeders.join();
    co_await asio::this_coro::throw_if_cancelled(throws);

    if (running->fault) std::rethrow_exception(running->fault);
    if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    describe_end(running->ended, *running->exit);
    co_return std::move(running->ended);
}

// Launches what is not yet launched, and lets it begin.
Task<Ended> begin(Command command, std::optional<Launched> launched, OnOutput on_output,
                  StopSwitch stop) {
    if (stop.stopped()) {
        Ended never_begun;
        never_begun.how = Ended::How::stopped;
        never_begun.code = 1;  // whoever reads the code alone takes it for no success
        co_return never_begun;
    }
    if (!launched) launched = launch(command);
    if (command.held_input) {
        // So little never blocks. One that has ended meanwhile, for its sandbox could not be built,
        // is told by its end.
        [[maybe_unused]] const auto written =
            ::write(launched->gate.get(), command.held_input->data(), command.held_input->size());
        launched->gate = Descriptor();
    }
    auto watched = watch_launched(std::move(command), std::move(*launched), std::move(on_output),
                                  std::move(stop));
    co_return co_await std::move(watched);
}

}  // namespace

Task<Ended> run(Command command, OnOutput on_output) {
    return run(std::move(command), std::move(on_output), StopSwitch());
}

Task<Ended> run(Command command, OnOutput on_output, StopSwitch stop) {
    return begin(std::move(command), std::nullopt, std::move(on_output), std::move(stop));
}

struct HeldCommand::Ready {
    Command command;
    std::optional<Launched> launched;
};

HeldCommand::HeldCommand(Command command) : ready_(std::make_unique<Ready>()) {
    ready_->command = std::move(command);
    if (ready_->command.held_input) ready_->launched = launch(ready_->command);
}
HeldCommand::HeldCommand(HeldCommand&&) noexcept = default;
HeldCommand& HeldCommand::operator=(HeldCommand&&) noexcept = default;
HeldCommand::~HeldCommand() = default;

int HeldCommand::pid() const {
    return ready_ && ready_->launched ? ready_->launched->child->pid() : 0;
}

Task<Ended> HeldCommand::run(std::chrono::milliseconds limit, OnOutput on_output, StopSwitch stop) {
    ready_->command.limit = limit;
    return begin(std::move(ready_->command), std::move(ready_->launched), std::move(on_output),
                 std::move(stop));
}

}  // namespace slipway
