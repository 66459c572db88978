// The real slipway-opa as our child: what a policy does to it harms that policy's decision and no
// other.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "policies/engine/opa_child.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;

const std::string program = SLIPWAY_BINARY_DIR "/bin/slipway-opa";

Policy policy(std::string name, std::string text, PolicyKind kind = PolicyKind::plan) {
    return {name,
            kind,
            {},
            {"policies/" + std::string(word(kind)) + "/" + name + ".rego", 0, 0},
            std::move(text)};
}

std::shared_ptr<const RegoSet> set_of(std::string digest, std::vector<Policy> policies) {
    return std::make_shared<const RegoSet>(RegoSet{std::move(digest), std::move(policies), {}});
}

std::shared_ptr<const RegoInput> input_of(std::string_view text = "{}",
                                          std::chrono::milliseconds limit = 10s) {
    auto input = std::make_shared<RegoInput>();
    input->input = *parse_json(text);
    input->limit = limit;
    return input;
}

const Policy fine = policy("fine", "package slipway\ndeny[\"fine\"] { true }\n");
const Policy loops = policy("loops", R"(package slipway
import rego.v1
deny contains "never" if {
	some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a + b == -1
}
)");
// A single built-in that takes it all at once: only the limit on data stops it.
const Policy bursts = policy("bursts", R"(package slipway

deny[x] {
	a := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	b := replace(a, "", a); c := replace(b, "", b); d := replace(c, "", c)
	x := replace(d, "", d)
}
)");

std::string only_message(const PolicyAnswer& answer) {
    if (!answer.faults.empty())
        return std::string(word(answer.faults[0].kind)) + " " + answer.faults[0].place.file + ":" +
               std::to_string(answer.faults[0].place.line) + " " + answer.faults[0].message;
    return answer.values.empty() ? "" : answer.values[0].value.text();
}

struct Engine {
    asio::io_context io;
    std::unique_ptr<RegoEngine> engine = make_opa_engine(io.get_executor(), program);
    ~Engine() {
        engine.reset();
        io.restart();
        io.run_for(5s);  // readers and writers see their child gone
    }
    std::vector<std::string> ask(std::shared_ptr<const RegoSet> set,
                                 std::shared_ptr<const RegoInput> input = input_of()) {
        std::vector<std::string> said;
        for (const auto& answer : run_task(io, engine->evaluate(set, input), 60s))
            said.push_back(only_message(answer));
        return said;
    }
};

TEST_CASE("P1: a denying policy whose built-in fails is an error that names file and line") {
    Engine t;
    const auto blank = policy("blank", R"(package slipway
import rego.v1
deny contains "too many" if {
	count(input.run.changes) > to_number("11 ")
}
)");
    CHECK(t.ask(set_of("blank", {blank, fine}), input_of(R"({"run": {"changes": []}})")) ==
          std::vector<std::string>{"runtime policies/plan/blank.rego:4 to_number: "
                                   "strconv.ParseFloat: parsing \"11 \": invalid syntax",
                                   "fine"});
}

TEST_CASE("P1: a loop ends by its deadline, and the others of its set are heard") {
    Engine e;
    const auto said = e.ask(set_of("s", {loops, fine}), input_of("{}", 200ms));
    CHECK(said ==
          std::vector<std::string>{
              "timeout policies/plan/loops.rego:3 it took longer than its time limit", "fine"});
    CHECK(e.ask(set_of("t", {fine})) == std::vector<std::string>{"fine"});
}

TEST_CASE("P1: a policy that takes all memory at once ends its engine and nobody else's decision") {
    Engine e;
    const auto said = e.ask(set_of("s", {fine, bursts}), input_of("{}", 30s));
    REQUIRE(said.size() == 2);
    CHECK(said[0] == "fine");
    CAPTURE(said[1]);
    CHECK(said[1].starts_with("memory policies/plan/bursts.rego:3 it ended the policy engine"));
    CHECK(e.ask(set_of("t", {fine})) == std::vector<std::string>{"fine"});
}

TEST_CASE("P1: who was being judged beside a policy that ended the engine is judged again") {
    Engine e;
    std::vector<std::string> slow_said, harm_said;
    const auto slow_set = set_of("slow", {loops, fine}), harm_set = set_of("harm", {bursts});
    const auto three_seconds = input_of("{}", 3s), half_a_minute = input_of("{}", 30s);
    auto slow = [&]() -> Task<void> {
        const auto answers = co_await e.engine->evaluate(slow_set, three_seconds);
        for (const auto& answer : answers) slow_said.push_back(only_message(answer));
    };
    auto harm = [&]() -> Task<void> {
        const auto answers = co_await e.engine->evaluate(harm_set, half_a_minute);
        for (const auto& answer : answers) harm_said.push_back(only_message(answer));
    };
    auto both = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        group.start(slow());
        group.start(harm());
        co_await group.join();
    };
    run_task(e.io, both(), 60s);
    REQUIRE(slow_said.size() == 2);
    CHECK(slow_said[0] == "timeout policies/plan/loops.rego:3 it took longer than its time limit");
    CHECK(slow_said[1] == "fine");
    REQUIRE(harm_said.size() == 1);
    CHECK(harm_said[0].starts_with("memory policies/plan/bursts.rego:3"));
}

TEST_CASE("questions run beside each other, more than travel at once") {
    Engine e;
    int answered = 0;
    const auto set = set_of("s", {policy("p", "package slipway\ndeny[x] { x := input.x }\n")});
    auto one = [&](int i) -> Task<void> {
        const auto input = input_of("{\"x\": \"" + std::to_string(i) + "\"}");
        const auto answers = co_await e.engine->evaluate(set, input);
        if (only_message(answers.at(0)) == std::to_string(i)) ++answered;
    };
    auto all = [&]() -> Task<void> {
        TaskGroup group(co_await this_executor());
        for (int i = 0; i < 200; ++i) group.start(one(i));
        co_await group.join();
    };
    run_task(e.io, all(), 60s);
    CHECK(answered == 200);
}

TEST_CASE("P1: without the program every decision is an error that says what to do") {
    asio::io_context io;
    auto engine = make_opa_engine(io.get_executor(), "/nowhere/slipway-opa");
    const auto answers = run_task(io, engine->evaluate(set_of("s", {fine}), input_of()));
    CHECK(only_message(answers.at(0)) ==
          "engine policies/plan/fine.rego:1 the policy engine cannot be started: the program "
          "/nowhere/slipway-opa is not installed");
}

// A child that is not slipway-opa: what it does wrong is noticed, and never taken for an answer.
struct Impostor {
    std::filesystem::path path;
    explicit Impostor(const std::string& script) {
        char name[] = "/tmp/slipway-impostor-XXXXXX";
        const int fd = mkstemp(name);
        REQUIRE(fd >= 0);
        path = name;
        std::ofstream(path) << "#!/bin/sh\n" << script;
        close(fd);
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }
    ~Impostor() { std::filesystem::remove(path); }
};

TEST_CASE("a child that talks nonsense is given up") {
    struct Case {
        const char* name;
        const char* script;
        const char* reason;
    };
    const Case cases[] = {
        {"too much", "printf '\\377\\377\\377\\377'; exec cat >/dev/null",
         "it answers more than it may"},
        {"no JSON", "printf '\\000\\000\\000\\003{x}'; exec cat >/dev/null",
         "its answer is not valid JSON"},
        {"nothing", "exec cat >/dev/null", "it did not answer in time"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        Impostor impostor(c.script);
        asio::io_context io;
        {
            OpaChild child(io.get_executor(), impostor.path.string());
            OpaQuestion question;
            question.head = Json::object({{"op", "version"}});
            const auto reply = run_task(io, child.ask(question, 1s));
            CHECK(reply.how != OpaReply::How::answered);
            CAPTURE(reply.reason);
            CHECK(reply.reason.find(c.reason) != std::string::npos);
            CHECK(child.gone());
        }
        io.restart();
        io.run_for(5s);
    }
}

TEST_CASE("the child's version is OPA's") {
    asio::io_context io;
    {
        OpaChild child(io.get_executor(), program);
        OpaQuestion question;
        question.head = Json::object({{"op", "version"}});
        const auto reply = run_task(io, child.ask(question, 10s));
        CHECK(reply.answer["opa"].text().starts_with("1."));
    }
    io.restart();
    io.run_for(5s);
}

}  // namespace
}  // namespace slipway
