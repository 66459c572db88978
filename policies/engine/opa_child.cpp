#include "policies/engine/opa_child.hpp"

#include <deque>

#include "service/process/process.hpp"

namespace slipway {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t data_limit_bytes = 512u << 20;
constexpr std::size_t questions_at_once =
    16;  // more wait here, where they do not count against a limit

struct Waiting {
    explicit Waiting(asio::any_io_executor executor) : answered(executor) {}
    std::optional<Json> answer;
    Signal answered;
};

Command command_of(const std::string& program) {
    Command command;
    command.argv = {program};
    // The collector works harder well below the limit, where the system would say no.
    command.environment = {{"GOMEMLIMIT", "400MiB"}};
    command.data_bytes_limit = data_limit_bytes;
    return command;
}

}  // namespace

// Held by reader, writer and askers, so that the child may go while they wait.
struct OpaChild::State {
    State(asio::any_io_executor on, const std::string& program)
        : executor(on),
          companion(std::make_unique<Companion>(on, command_of(program))),
          to_write(on),
          place_free(on) {}

    asio::any_io_executor executor;
    std::unique_ptr<Companion> companion;
    std::map<std::int64_t, Waiting*> waiting;
    std::deque<std::string> outbox;
    Signal to_write, place_free;
    std::int64_t next_id = 1;
    bool ever_answered = false;
    bool gone = false;
    std::string reason;

    void end(const std::string& why) {
        if (gone) return;
        gone = true;
        reason = why.substr(why.starts_with('/') ? why.rfind('/', why.find(' ')) + 1 : 0);
        if (companion) companion->kill();
        for (auto& [id, one] : waiting) one->answered.notify();
        to_write.notify();
        place_free.notify();
    }
};

namespace {

using State = OpaChild::State;

// A question's place among those that wait, given back however the asker ends.
class Asking {
  public:
    Asking(std::shared_ptr<State> state, Waiting& waiting)
        : state_(std::move(state)), id_(state_->next_id++) {
        state_->waiting[id_] = &waiting;
    }
    ~Asking() {
        state_->waiting.erase(id_);
        state_->place_free.notify();
    }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;
    std::int64_t id() const { return id_; }

  private:
    std::shared_ptr<State> state_;
    std::int64_t id_;
};

Task<Json> read_answer(std::shared_ptr<State> state) {
    const auto head = co_await state->companion->read(4);
    if (state->gone) throw Failure(state->reason);
    const auto length = opa_frame_length(head);
    if (length > opa_answer_limit_bytes) throw Failure("it answers more than it may");
    const auto body = co_await state->companion->read(length);
    auto answer = parse_json(body);
    if (!answer) throw Failure("its answer is not valid JSON: " + answer.error().message);
    co_return std::move(*answer);
}

Task<void> read_answers(std::shared_ptr<State> state) {
    std::string why;
    try {
        while (!state->gone) {
            auto answer = co_await read_answer(state);
            state->ever_answered = true;
            const auto at = state->waiting.find(answer["id"].int_or(0));
            if (at == state->waiting.end()) continue;  // whoever asked has given up
            at->second->answer = std::move(answer);
            at->second->answered.notify();
        }
    } catch (const std::exception& e) {
        why = e.what();
    }
    state->end(why);
}

Task<void> write_questions(std::shared_ptr<State> state) {
    std::string why;
    try {
        while (!state->gone) {
            if (state->outbox.empty()) {
                co_await state->to_write.wait(1h);
                continue;
            }
            auto frames = std::move(state->outbox.front());
            state->outbox.pop_front();
            co_await state->companion->write(std::move(frames));
        }
    } catch (const std::exception& e) {
        why = e.what();
    }
    state->end(why);
}

}  // namespace

OpaChild::OpaChild(asio::any_io_executor executor, const std::string& program)
    : state_(std::make_shared<State>(executor, program)) {
    spawn(executor, read_answers(state_));
    spawn(executor, write_questions(state_));
}

OpaChild::~OpaChild() {
    state_->end("it was put away");
    state_->companion.reset();
}

bool OpaChild::gone() const { return state_->gone; }
bool OpaChild::ever_answered() const { return state_->ever_answered; }

Task<OpaReply> OpaChild::ask(OpaQuestion question, std::chrono::milliseconds limit) {
    const auto state = state_;
    while (!state->gone && state->waiting.size() >= questions_at_once)
        co_await state->place_free.wait(1min);
    OpaReply reply;
    Waiting waiting(state->executor);
    Asking asking(state, waiting);
    auto frames = opa_frames(question, asking.id());
    if (!frames) {
        reply.how = OpaReply::How::answered;
        reply.answer = Json::object({{"failure", frames.error().message}});
        co_return reply;
    }
    state->outbox.push_back(std::move(*frames));
    state->to_write.notify();
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!waiting.answer && !state->gone) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (left <= 0ms) {
            reply.how = OpaReply::How::silent;
            reply.reason = "it did not answer in time";
            state->end(reply.reason);
            co_return reply;
        }
        co_await waiting.answered.wait(left);
    }
    if (waiting.answer) {
        reply.how = OpaReply::How::answered;
        reply.answer = std::move(*waiting.answer);
    } else {
        reply.reason = state->reason;
    }
    co_return reply;
}

}  // namespace slipway
