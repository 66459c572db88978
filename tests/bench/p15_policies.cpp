// P15: what a policy decision costs beside what it decides about.
//
// On a webhook: a push decision by three policies, against the cheapest call to a forge. Every
// forge is a network away, and this machine has none: the yardstick is a GET of a pull request (20
// KB of JSON) through our own client from a server of our own on loopback that answers after 20 ms,
// a round trip within one region and little work: hosted forges take longer, TLS is left out. The
// bare loopback call is printed, too.
//
// On a plan: four policies on a plan of 1,000 resources, against `terraform show -json` of that
// plan. The question holds the document as a value, as control has it; what reading it took is
// printed.
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "policies/engine/library.hpp"
#include "policies/policies.hpp"
#include "service/net/http_client.hpp"
#include "service/net/http_server.hpp"
#include "service/process/process.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;
using namespace std::chrono_literals;

namespace {

constexpr int rounds = 9, decisions_a_round = 50, calls_a_round = 5;

Policy policy(std::string name, PolicyKind kind, std::string_view text) {
    return {name,
            kind,
            SpaceId("production"),
            {"policies/" + std::string(word(kind)) + "/" + name + ".rego", 0, 0},
            std::string(text)};
}

Stack a_stack() {
    Stack stack;
    stack.id = StackId("web");
    stack.repository = {"github.com", "acme/infra"};
    stack.directory = "stacks/web";
    stack.labels = {"env:prod"};
    return stack;
}

PushQuestion push_question() {
    PushQuestion question;
    question.stack = a_stack();
    for (int i = 0; i < 40; ++i)
        question.changed.push_back("stacks/web/file-" + std::to_string(i) + ".tf");
    question.because = {question.changed.begin(), question.changed.begin() + 10};
    question.pull.emplace();
    question.pull->name = {question.stack.repository, 7};
    question.pull->base_branch = "main";
    question.pull->labels = {"team:web"};
    question.action = "synchronize";
    question.branch = "topic";
    return question;
}

std::string pull_request_text() {
    std::string urls;
    for (int i = 0; urls.size() < 20'000; ++i)
        urls += ",\"part_" + std::to_string(i) +
                "_url\":\"https://api.github.com/repos/acme/infra/part-" +
                std::to_string(i * 104729 % 100000) + "{/id}\"";
    return "{\"id\":1,\"number\":7" + urls + "}";
}

HttpHandler answer_after(std::chrono::milliseconds delay) {
    static const std::string text = pull_request_text();
    return [delay](HttpRequest) -> Task<HttpResponse> {
        if (delay > 0ms) co_await sleep_for(delay);
        HttpResponse response;
        response.body = text;
        co_return response;
    };
}

double webhook_ratio() {
    asio::io_context io(1);
    auto policies = make_policies(io.get_executor(), SLIPWAY_BINARY_DIR "/bin/slipway-opa");
    PolicySet set;
    set.policies = {
        policy("default", PolicyKind::push, library_policy("push/default.rego")),
        policy("labels", PolicyKind::push,
               "package spacelift\nignore { input.pull_request.labels[_] == \"slipway:skip\" }\n"),
        policy(
            "docs", PolicyKind::push,
            "package slipway\nimport rego.v1\nignore if every file in input.push.affected_files { "
            "endswith(file, \".md\") }\n")};
    const auto question = push_question();
    auto decide = [&] {
        for (int i = 0; i < decisions_a_round; ++i) {
            const auto decision = run_task(io, policies->decide_push(set, question));
            if (decision.action != PushAction::propose || decision.failed) std::abort();
        }
    };
    Router router;
    router.add("GET", "/after", answer_after(20ms));
    router.add("GET", "/at-once", answer_after(0ms));
    auto server = serve_tcp(io.get_executor(), router, "127.0.0.1", 0);
    auto client = make_http_client();
    auto call = [&](const char* path) {
        for (int i = 0; i < calls_a_round; ++i) {
            HttpCall one;
            one.url = "http://127.0.0.1:" + std::to_string(server->port()) + path;
            const auto reply = run_task(io, client->send(one));
            if (reply.status != 200 || reply.body.size() < 20'000) std::abort();
        }
    };
    decide();
    const auto against = [&](const char* path) {
        call(path);
        const auto found = bench::in_turn(rounds, decide, [&] { call(path); });
        const double decision = found.measured / decisions_a_round;
        const double asked = found.yardstick / calls_a_round;
        std::printf("a push decision %.0f us, a call to %s %.0f us\n", decision * 1e6, path,
                    asked * 1e6);
        return decision / asked;
    };
    against("/at-once");
    const double ratio = against("/after");
    run_task(io, server->stop(1s));
    policies.reset();
    io.restart();
    io.run_for(1s);
    return ratio;
}

struct PlanFolder {
    std::filesystem::path path;
    std::string tool;
    asio::io_context io{1};

    PlanFolder() {
        char name[] = "/tmp/slipway-p15-XXXXXX";
        if (!mkdtemp(name)) std::abort();
        path = name;
        std::ofstream(path / "main.tf") << R"(resource "terraform_data" "one" {
  count = 1000
  input = { name = "resource-${count.index}", tags = { owner = "team-${count.index % 7}" }, size = count.index }
}
)";
        for (const char* candidate : {"tofu", "terraform"})
            if (const auto found = find_program(candidate)) tool = found->string();
        if (tool.empty()) throw std::runtime_error("P15 needs tofu or terraform on PATH");
        run_tool({"init", "-input=false", "-no-color"});
        run_tool({"plan", "-input=false", "-no-color", "-out=plan"});
    }
    ~PlanFolder() { std::filesystem::remove_all(path); }

    std::string run_tool(std::vector<std::string> words) {
        Command command;
        command.argv = std::move(words);
        command.argv.insert(command.argv.begin(), tool);
        command.directory = path;
        command.environment = {
            {"HOME", path}, {"CHECKPOINT_DISABLE", "1"}, {"PATH", "/usr/bin:/bin"}};
        auto ended = run_task(io, run(std::move(command)), 60s);
        if (!ended.ok()) throw std::runtime_error(ended.text() + ": " + ended.error_output);
        return std::move(ended.output);
    }
};

double plan_ratio() {
    PlanFolder folder;
    const std::string text = folder.run_tool({"show", "-json", "plan"});
    asio::io_context io(1);
    auto policies = make_policies(io.get_executor(), SLIPWAY_BINARY_DIR "/bin/slipway-opa");
    PolicySet set;
    for (const char* name : {"require_tags", "protect_destroy", "warn_destroy"})
        set.policies.push_back(
            policy(name, PolicyKind::plan, library_policy(std::string("plan/") + name + ".rego")));
    set.policies.push_back(policy("count", PolicyKind::plan,
                                  "package spacelift\nwarn[sprintf(\"%d resources\", [n])] { "
                                  "n := count(affected_resources); n >= 1000 }\n"));
    std::vector<PlanQuestion> questions(rounds + 1);
    const double reading = bench::seconds_of([&] {
        for (auto& question : questions) {
            question.stack = a_stack();
            question.run.kind = RunKind::proposed;
            auto document = parse_json(text);
            if (!document) std::abort();
            question.document = std::move(*document);
        }
    });
    auto decide = [&] {
        const auto decision = run_task(io, policies->decide_plan(set, std::move(questions.back())));
        questions.pop_back();
        if (decision.verdict != Verdict::warned || decision.findings.size() != 1) std::abort();
    };
    decide();
    const auto found = bench::in_turn(rounds, decide, [&] {
        folder.run_tool({"show", "-json", "plan"});
    });
    std::printf(
        "a plan decision on %zu KB %.1f ms (reading it before: %.1f ms), show -json %.1f ms\n",
        text.size() / 1024, found.measured * 1e3, reading / (rounds + 1) * 1e3,
        found.yardstick * 1e3);
    policies.reset();
    io.restart();
    io.run_for(1s);
    return found.ratio();
}

}  // namespace

int main() {
    const double webhook = webhook_ratio(), plan = plan_ratio();
    const int first = bench::verdict("P15 a decision on a webhook", webhook, 0.1);
    return bench::verdict("P15 a plan of 1000 resources", plan, 0.1) | first;
}
