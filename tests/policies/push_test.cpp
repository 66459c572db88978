// Push decisions as a table, by the real engine: what follows from a change for one stack.
#include "policies/policies.hpp"

#include <doctest/doctest.h>

#include "tests/support/policies.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;

PushQuestion pushed(std::string branch = "main") {
    PushQuestion question;
    question.stack = a_stack();
    question.changed = {"stacks/web/main.tf", "README.md"};
    question.because = {"stacks/web/main.tf"};
    question.branch = std::move(branch);
    question.head = CommitSha(std::string(40, 'a'));
    question.author = "ada";
    question.message = "a change";
    question.now_ms = 1763975640000;
    return question;
}

PushQuestion pulled(std::string base = "main") {
    PushQuestion question = pushed("topic");
    PullRequest pull;
    pull.name = {{"github.com", "acme/infra"}, 7};
    pull.title = "A change";
    pull.author = {"github.com", "ada"};
    pull.head_branch = "topic";
    pull.base_branch = std::move(base);
    pull.head = question.head;
    pull.labels = {"plan"};
    question.pull = std::move(pull);
    question.action = "opened";
    return question;
}

PushQuestion draft() {
    auto question = pulled();
    question.pull->draft = true;
    return question;
}
PushQuestion closed() {
    auto question = pulled();
    question.pull->state = PullState::closed;
    return question;
}
PushQuestion unconcerned(PushQuestion question) {
    question.because.clear();
    return question;
}

Policy push(const char* name, const char* text) { return a_policy(name, PolicyKind::push, text); }

const Policy proposes = push("proposes", "package slipway\npropose := true\n");
const Policy tracks = push("tracks", "package spacelift\ntrack { true }\n");
const Policy ignores =
    push("ignores", "package slipway\nignore { input.pull_request.labels[_] == \"plan\" }\n");
const Policy no_track = push("no_track", "package slipway\nignore_track := true\n");
const Policy no_trigger = push("no_trigger", "package slipway\nnotrigger := true\n");
const Policy silent =
    push("silent", "package slipway\npropose { input.push.branch == \"other\" }\n");
const Policy broken = push("broken", "package slipway\n\npropose {\n");
const Policy wrong = push("wrong", "package slipway\npropose := 1\n");

TEST_CASE("a push decision is the union of what the policies want, and ignore wins") {
    struct Case {
        const char* name;
        std::vector<Policy> policies;
        PushQuestion question;
        PushAction action;
        bool failed = false;
        const char* outcome = "";
    };
    const Case cases[] = {
        {"default: a pull request is proposed",
         {},
         pulled(),
         PushAction::propose,
         false,
         "propose (changed: stacks/web/main.tf)"},
        {"default: drafts too",
         {},
         draft(),
         PushAction::propose,
         false,
         "propose (changed: stacks/web/main.tf)"},
        {"default: a closed one is not",
         {},
         closed(),
         PushAction::ignore,
         false,
         "ignore (no rule asks for a run)"},
        {"default: nor one onto another branch",
         {},
         pulled("release"),
         PushAction::ignore,
         false,
         "ignore (no rule asks for a run)"},
        {"default: nor one that does not concern the stack",
         {},
         unconcerned(pulled()),
         PushAction::ignore,
         false,
         "ignore (no rule asks for a run)"},
        {"default: the tracked branch is tracked",
         {},
         pushed(),
         PushAction::track,
         false,
         "track (changed: stacks/web/main.tf)"},
        {"default: another branch is ignored",
         {},
         pushed("topic"),
         PushAction::ignore,
         false,
         "ignore (no rule asks for a run)"},
        {"one policy replaces the default",
         {silent},
         pulled(),
         PushAction::ignore,
         false,
         "ignore (no rule asks for a run)"},
        {"propose",
         {proposes},
         pulled(),
         PushAction::propose,
         false,
         "propose (proposes.rego:2; changed: stacks/web/main.tf)"},
        {"track over propose", {proposes, tracks}, pulled(), PushAction::track},
        {"ignore over all", {proposes, tracks, ignores}, pulled(), PushAction::ignore},
        {"ignore where its rule does not hold", {tracks, ignores}, pushed(), PushAction::track},
        {"ignore_track cancels track only",
         {proposes, tracks, no_track},
         pushed(),
         PushAction::propose},
        {"notrigger makes no run of a track", {tracks, no_trigger}, pushed(), PushAction::ignore},
        {"P1: what does not compile blocks",
         {proposes, broken},
         pulled(),
         PushAction::ignore,
         true},
        {"P1: so does the wrong type",
         {wrong},
         pulled(),
         PushAction::ignore,
         true,
         "error: propose is the number 1; it must be true or false (wrong.rego:2)"},
    };
    PolicyBench bench;
    for (const auto& c : cases) {
        CAPTURE(c.name);
        const auto decision = bench.push({c.policies, {}}, c.question);
        CHECK(decision.action == c.action);
        CHECK(decision.failed == c.failed);
        CHECK(decision.policy_set.size() == 64);
        REQUIRE(decision.why.because.size() == std::max<std::size_t>(1, c.policies.size()));
        if (*c.outcome) CHECK(decision.why.because[0].outcome == c.outcome);
    }
}

TEST_CASE(
    "P1: a push policy that cannot be evaluated blocks by file and line, and the next decision is "
    "unharmed") {
    PolicyBench bench;
    const auto decision = bench.push({{proposes, broken}, {}}, pulled());
    CHECK(decision.failed);
    CHECK(decision.action == PushAction::ignore);
    REQUIRE(decision.findings.size() == 1);
    CHECK(decision.findings[0].severity == Finding::Severity::error);
    CHECK(decision.findings[0].place.file == "policies/push/broken.rego");
    CHECK(decision.findings[0].place.line == 4);
    CHECK(decision.why.outcome == "error");
    CHECK(bench.push({{proposes}, {}}, pulled()).action == PushAction::propose);
}

TEST_CASE("P2: a policy of untrusted trust may narrow and is not heard otherwise") {
    PolicyBench bench;
    PolicySet set;
    set.untrusted = {tracks};
    CHECK(bench.push(set, pulled()).action ==
          PushAction::propose);  // the default policy still holds
    CHECK(bench.push(set, pushed("topic")).action == PushAction::ignore);
    set.untrusted = {ignores};
    CHECK(bench.push(set, pulled()).action == PushAction::ignore);
    set.untrusted = {broken};
    CHECK(bench.push(set, pulled()).failed);
}

TEST_CASE("the texts of `message` say why nothing runs, and `fail` makes that a denial") {
    PolicyBench bench;
    const char* text =
        "package slipway\nfail { input.push.author == \"ada\" }\nmessage[\"not on Fridays\"] { "
        "true }\n";
    auto decision = bench.push({{push("fridays", text)}, {}}, pulled());
    REQUIRE(decision.findings.size() == 1);
    CHECK(decision.findings[0].severity == Finding::Severity::deny);
    CHECK(decision.findings[0].message == "not on Fridays");
    CHECK(decision.findings[0].place.line == 3);
    auto question = pulled();
    question.author = "grace";
    decision = bench.push({{push("fridays", text)}, {}}, question);
    REQUIRE(decision.findings.size() == 1);
    CHECK(decision.findings[0].severity == Finding::Severity::note);
    decision = bench.push({{push("fails", "package slipway\nfail := true\n")}, {}}, pulled());
    REQUIRE(decision.findings.size() == 1);
    CHECK(decision.findings[0].message == "the push policy refuses this change");
}

TEST_CASE("a rule that asks for what Slipway does not do is answered, not swallowed") {
    PolicyBench bench;
    const auto decision = bench.push(
        {{push(
             "locks",
             "package spacelift\npropose { true }\nlock = \"pr\" { true }\nprioritize = false\n")},
         {}},
        pulled());
    CHECK(decision.action == PushAction::propose);
    REQUIRE(decision.findings.size() == 1);
    CHECK(decision.findings[0].severity == Finding::Severity::note);
    CHECK(decision.findings[0].message == "lock has no effect here");
}

TEST_CASE("the push input is the documented one") {
    const Json input = push_input(pulled());
    CHECK(input["push"]["affected_files"].items().size() == 2);
    CHECK(input["push"]["hash"].text() == std::string(40, 'a'));
    CHECK(input["push"]["created_at"].number_text() == "1763975640000000000");
    CHECK(input["pull_request"]["id"].int_or(0) == 7);
    CHECK(input["pull_request"]["base"]["branch"].text() == "main");
    CHECK(input["pull_request"]["head"]["branch"].text() == "topic");
    CHECK(input["pull_request"]["head_owner"].text() == "acme");
    CHECK(input["pull_request"]["closed"].bool_or(true) == false);
    CHECK_FALSE(input["pull_request"].has("approved"));  // not known: undefined, not false
    CHECK(input["stack"]["project_root"].text() == "stacks/web");
    CHECK(input["stack"]["repository"].text() == "infra");
    CHECK(input["stack"]["namespace"].text() == "acme");
    CHECK(input["stack"]["space"]["id"].text() == "production");
    CHECK(input["concern"]["files"].items().size() == 1);
    CHECK(push_input(pushed()).has("pull_request"));
    CHECK(push_input(pushed())["pull_request"].is_null());
    auto fork = pulled();
    fork.pull->fork = true;
    CHECK_FALSE(push_input(fork)["pull_request"].has("head_owner"));
}

}  // namespace
}  // namespace slipway
