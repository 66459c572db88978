// Policies share one child, so that a set is compiled once and many questions run beside each
// other. When that child dies or falls silent, nobody knows whose fault it was: everyone who was
// waiting is asked again, policy by policy, in a child kept apart. The one that ends that child,
// too, is named; the others get their answers. So a policy can harm its own decision and no other.
#include <filesystem>

#include "policies/engine/opa_child.hpp"
#include "service/process/process.hpp"

namespace slipway {

using namespace std::chrono_literals;

namespace {

constexpr auto load_limit = 30s;
constexpr auto grace =
    2s;  // past a decision's limit, within which the child should have given up itself
constexpr auto test_limit = 30s;         // one rule
constexpr auto all_tests_limit = 30min;  // a whole directory
constexpr auto longest_backoff = 5s;
constexpr std::size_t sets_remembered = 1024;

PolicyFault engine_fault(std::string message, Place place = {}) {
    return {PolicyFault::Kind::engine, std::move(place), std::move(message)};
}

bool lacked_memory(const std::vector<PolicyAnswer>& answers) {
    for (const auto& answer : answers)
        for (const auto& fault : answer.faults)
            if (fault.kind == PolicyFault::Kind::memory) return true;
    return false;
}

OpaLoaded loaded_from(const Json& answer) {
    OpaLoaded loaded;
    loaded.wants_document = wants_document(answer);
    for (const auto& policy : answer["policies"].items()) {
        loaded.faults.push_back(faults_of(policy["errors"]));
        const Json& first = policy["rules"][0];
        loaded.first_rules.push_back(
            {first["file"].text(), static_cast<int>(first["line"].int_or(0)), 1});
    }
    return loaded;
}

RegoSet only(const RegoSet& set, std::size_t i) {
    return {set.digest + "/" + std::to_string(i), {set.policies[i]}, set.library};
}

// One thing at a time, for coroutines of one thread.
class Turn {
  public:
    explicit Turn(asio::any_io_executor executor) : free_(executor) {}
    Task<std::shared_ptr<void>> take() {
        while (taken_) co_await free_.wait(1min);
        taken_ = true;
        co_return std::shared_ptr<void>(this, [](void* self) {
            auto* turn = static_cast<Turn*>(self);
            turn->taken_ = false;
            turn->free_.notify();
        });
    }

  private:
    bool taken_ = false;
    Signal free_;
};

}  // namespace

class RegoEngine::Impl {
  public:
    Impl(asio::any_io_executor executor, std::string program)
        : executor_(executor),
          program_(std::move(program)),
          starting_(executor),
          apart_(executor) {}

    Task<std::vector<PolicyAnswer>> evaluate(std::shared_ptr<const RegoSet> set,
                                             std::shared_ptr<const RegoInput> input) {
        if (set->policies.empty()) co_return std::vector<PolicyAnswer>();
        const auto child = co_await common_child();
        if (!child) co_return everyone(*set, not_started_);
        auto asked = co_await judge(child, *set, *input);
        if (asked.answers && !lacked_memory(*asked.answers)) co_return std::move(*asked.answers);
        // One that answered is full of what made it lack memory; whoever still waits for it holds
        // it.
        if (asked.answers && common_ == child) common_.reset();
        co_return co_await judge_apart(set, input);
    }

    Task<std::vector<std::vector<PolicyFault>>> load(std::shared_ptr<const RegoSet> set) {
        std::vector<std::vector<PolicyFault>> faults;
        if (set->policies.empty()) co_return faults;
        if (const auto child = co_await common_child()) {
            const auto trouble = co_await know(child, *set);
            if (trouble.empty()) co_return child->loaded[set->digest].faults;
        }
        auto input = std::make_shared<RegoInput>();
        input->input = Json::object();
        const auto answers = co_await judge_apart(set, input);
        for (const auto& answer : answers) faults.push_back(answer.faults);
        co_return faults;
    }

    Task<Json> test(std::map<std::string, std::string> files, bool coverage) {
        OpaChild child(executor_, find());
        auto question = test_question(files, coverage, test_limit);
        auto reply = co_await child.ask(std::move(question), all_tests_limit);
        if (reply.how != OpaReply::How::answered)
            throw Failure("the policy tests did not end: " + reply.reason, Retry::never);
        if (reply.answer.has("failure"))
            throw Failure("the policy tests could not be run: " + reply.answer["failure"].text(),
                          Retry::never);
        co_return reply.answer["test"];
    }

  private:
    struct Asked {
        std::optional<std::vector<PolicyAnswer>> answers;
        PolicyFault trouble;  // where there are none
    };

    std::string find() const {
        if (!program_.empty()) return program_;
        const auto found = find_own_program("slipway-opa");
        if (!found)
            throw Failure("slipway-opa is not installed beside slipway: install both together",
                          Retry::never);
        return found->string();
    }

    static std::vector<PolicyAnswer> everyone(const RegoSet& set, const std::string& message) {
        std::vector<PolicyAnswer> answers;
        for (const auto& policy : set.policies)
            answers.push_back({{}, {engine_fault(message, {policy.place.file, 1, 1})}});
        return answers;
    }

    // The child that all share, started anew where it went; null where that fails.
    Task<std::shared_ptr<OpaChild>> common_child() {
        const auto turn = co_await starting_.take();
        if (common_ && !common_->gone()) co_return common_;
        if (common_ && !common_->ever_answered()) {
            backoff_ = std::min<std::chrono::milliseconds>(2 * backoff_ + 100ms, longest_backoff);
            co_await sleep_for(backoff_);
        } else {
            backoff_ = 0ms;
        }
        common_ = start();
        co_return common_;
    }

    std::shared_ptr<OpaChild> start() {
        try {
            return std::make_shared<OpaChild>(executor_, find());
        } catch (const std::exception& e) {
            not_started_ = std::string("the policy engine cannot be started: ") + e.what();
            return nullptr;
        }
    }

    // Loads the set where the child does not know it. A sentence where that failed, else "".
    Task<std::string> know(std::shared_ptr<OpaChild> child, const RegoSet& set) {
        if (child->loaded.contains(set.digest)) co_return "";
        auto question = load_question(set);
        const auto reply = co_await child->ask(std::move(question), load_limit);
        if (reply.how != OpaReply::How::answered) co_return reply.reason;
        if (reply.answer.has("failure")) co_return reply.answer["failure"].text();
        if (child->loaded.size() >= sets_remembered) child->loaded.clear();
        child->loaded[set.digest] = loaded_from(reply.answer);
        co_return "";
    }

    Task<Asked> judge(std::shared_ptr<OpaChild> child, const RegoSet& set, const RegoInput& input) {
        Asked asked;
        for (int attempt = 0; attempt < 2; ++attempt) {
            if (auto trouble = co_await know(child, set); !trouble.empty()) {
                asked.trouble =
                    engine_fault("reading it ended the policy engine (" + trouble + ")");
                co_return asked;
            }
            auto question = evaluate_question(set, input, child->loaded[set.digest].wants_document);
            const auto reply = co_await child->ask(std::move(question), input.limit + grace);
            if (reply.how == OpaReply::How::answered &&
                reply.answer["unknown_set"].bool_or(false)) {
                child->loaded.erase(set.digest);
                continue;
            }
            read(reply, set, asked);
            co_return asked;
        }
        asked.trouble = engine_fault("the policy engine forgets what it has just read");
        co_return asked;
    }

    static void read(const OpaReply& reply, const RegoSet& set, Asked& asked) {
        if (reply.how == OpaReply::How::silent) {
            asked.trouble = {PolicyFault::Kind::timeout, {}, "it took longer than its time limit"};
        } else if (reply.how == OpaReply::How::gone) {
            asked.trouble = {
                PolicyFault::Kind::memory,
                {},
                "it ended the policy engine, most likely by using more than its memory "
                "of 512 MB (" +
                    reply.reason + ")"};
        } else if (reply.answer.has("failure")) {
            asked.answers =
                everyone(set, "it could not be evaluated: " + reply.answer["failure"].text());
        } else {
            asked.answers = answers_of(reply.answer);
            if (asked.answers->size() != set.policies.size())
                asked.answers = everyone(set, "the policy engine left it out");
        }
    }

    Task<std::vector<PolicyAnswer>> judge_apart(std::shared_ptr<const RegoSet> set,
                                                std::shared_ptr<const RegoInput> input) {
        const auto turn = co_await apart_.take();
        std::shared_ptr<OpaChild> child;
        std::vector<PolicyAnswer> answers;
        for (std::size_t i = 0; i < set->policies.size(); ++i) {
            const RegoSet one = only(*set, i);
            if (!child || child->gone()) child = start();
            if (!child) {
                answers.push_back(everyone(one, not_started_).front());
                continue;
            }
            auto asked = co_await judge(child, one, *input);
            if (!asked.answers) {
                const auto& places = child->loaded[one.digest].first_rules;
                asked.trouble.place = !places.empty() && places[0].line > 0
                                          ? places[0]
                                          : Place{one.policies[0].place.file, 1, 1};
                asked.answers.emplace().push_back({{}, {asked.trouble}});
            }
            // What it left in the child's memory is not the next one's fault.
            if (lacked_memory(*asked.answers)) child.reset();
            answers.push_back(std::move(asked.answers->front()));
        }
        co_return answers;
    }

    asio::any_io_executor executor_;
    std::string program_;
    std::shared_ptr<OpaChild> common_;
    std::string not_started_;
    std::chrono::milliseconds backoff_{0};
    Turn starting_, apart_;
};

RegoEngine::RegoEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RegoEngine::~RegoEngine() = default;
Task<std::vector<PolicyAnswer>> RegoEngine::evaluate(std::shared_ptr<const RegoSet> set,
                                                     std::shared_ptr<const RegoInput> input) {
    return impl_->evaluate(std::move(set), std::move(input));
}
Task<std::vector<std::vector<PolicyFault>>> RegoEngine::load(std::shared_ptr<const RegoSet> set) {
    return impl_->load(std::move(set));
}
Task<Json> RegoEngine::test(std::map<std::string, std::string> files, bool coverage) {
    return impl_->test(std::move(files), coverage);
}

std::unique_ptr<RegoEngine> make_opa_engine(asio::any_io_executor executor, std::string program) {
    return std::make_unique<RegoEngine>(
        std::make_unique<RegoEngine::Impl>(executor, std::move(program)));
}

}  // namespace slipway
