// Policies as they are written for Spacelift: they pass their own tests, and the approval policies
// decide the same of the input that Slipway makes. One that cannot be evaluated permits nothing.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "policies/engine/judged.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/set_plan.hpp"

namespace slipway {
namespace {

const std::string folder = SLIPWAY_SOURCE_DIR "/tests/fixtures/policies/spacelift";
constexpr std::int64_t friday_noon = 1795780800000;  // 2026-11-27T12:00:00Z
constexpr std::int64_t a_day = 24 * 3600 * 1000;

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    REQUIRE(in);
    return {std::istreambuf_iterator<char>(in), {}};
}
Policy of_folder(const std::string& name) {
    return a_policy(name, PolicyKind::approval, text_of(folder + "/approval/" + name + ".rego"));
}

GivenReview review(const char* author, const char* team = "", bool approves = true) {
    GivenReview out;
    out.author = author;
    out.forge = "github.com";
    out.approves = approves;
    out.may_write = true;
    if (*team) out.teams = {team};
    out.at_ms = friday_noon;
    return out;
}

// A tracked run that waits, with a plan that creates one resource.
ApprovalQuestion waiting() {
    ApprovalQuestion out;
    out.stack = a_stack();
    out.run.kind = RunKind::tracked;
    out.run.state = RunState::unconfirmed;
    out.run.settings = out.stack;
    out.run.triggered_by = {"github.com", "linus"};
    StateChange now;
    now.at_ms = friday_noon;
    out.run.history = {now};
    set_plan(out.run).digest = "9f3c";
    out.plan.emplace().changes.emplace_back().action = Action::create;
    out.now_ms = friday_noon;
    return out;
}

using Q = ApprovalQuestion&;

struct Case {
    const char* policy;
    Approval expected;
    std::function<void(Q)> with;
};

Finding flag(const char* name) {
    Finding out;
    out.severity = Finding::Severity::note;
    out.rule = flag_rule;
    out.message = name;
    return out;
}

const Case cases[] = {
    {"two_approvals", Approval::undecided, [](Q q) { q.reviews = {review("ada")}; }},
    {"two_approvals", Approval::approved,
     [](Q q) {
         q.reviews = {review("ada"), review("ken")};
     }},
    {"two_approvals", Approval::undecided,
     [](Q q) {
         q.reviews = {review("ada"), review("ken"), review("bob", "", false)};
     }},
    // Looked at again right before its apply begins, and an approval was taken back.
    {"two_approvals", Approval::undecided,
     [](Q q) {
         q.run.state = RunState::confirmed;
         q.reviews = {review("ada")};
     }},
    {"majority", Approval::undecided, [](Q q) { q.reviews = {review("ada")}; }},
    {"majority", Approval::approved,
     [](Q q) {
         q.reviews = {review("ada"), review("ken"), review("bob", "", false)};
     }},
    {"majority", Approval::rejected,
     [](Q q) {
         q.reviews = {review("ada", "", false), review("bob", "", false)};
     }},
    {"majority", Approval::undecided,
     [](Q q) {
         q.run.kind = RunKind::proposed;
         q.run.state = RunState::finished;
     }},
    {"teams", Approval::approved, [](Q q) { q.reviews = {review("ada", "directors")}; }},
    {"teams", Approval::undecided, [](Q q) { q.reviews = {review("ada", "operations")}; }},
    {"teams", Approval::approved,
     [](Q q) {
         q.reviews = {review("ada", "operations"), review("ken", "security")};
     }},
    {"teams", Approval::rejected,
     [](Q q) {
         q.reviews = {review("ada", "directors"), review("ken", "security", false)};
     }},
    {"private_workers", Approval::rejected, [](Q) {}},
    {"private_workers", Approval::approved, [](Q q) { q.stack.pool = "production"; }},
    {"tasks", Approval::approved, [](Q) {}},
    // Slipway has no roles of its own making; teams are.
    {"roles", Approval::undecided, [](Q q) { q.reviews = {review("ada", "directors")}; }},
    {"harmless_changes", Approval::approved, [](Q) {}},
    {"harmless_changes", Approval::undecided,
     [](Q q) { q.plan->changes[0].action = Action::remove; }},
    {"harmless_changes", Approval::undecided,
     [](Q q) { q.plan->changes.emplace_back().action = Action::replace; }},
    {"harmless_changes", Approval::undecided, [](Q q) { q.plan.reset(); }},
    {"harmless_changes", Approval::approved,
     [](Q q) {
         q.plan->changes[0].action = Action::forget;
         q.reviews = {review("ada")};
     }},
    {"not_ones_own", Approval::undecided, [](Q q) { q.reviews = {review("linus")}; }},
    {"not_ones_own", Approval::approved,
     [](Q q) {
         q.reviews = {review("linus"), review("ada")};
     }},
    {"flagged", Approval::approved, [](Q) {}},
    {"flagged", Approval::undecided,
     [](Q q) { set_plan(q.run).decision.findings = {flag("touches-iam")}; }},
    {"flagged", Approval::undecided, [](Q q) { q.run.push.findings = {flag("costs-more")}; }},
    {"flagged", Approval::approved,
     [](Q q) {
         set_plan(q.run).decision.findings = {flag("touches-iam")};
         q.reviews = {review("ada", "security")};
     }},
    {"office_hours", Approval::approved, [](Q) {}},
    {"office_hours", Approval::undecided, [](Q q) { q.run.history[0].at_ms += a_day; }},
    {"office_hours", Approval::approved,
     [](Q q) {
         q.run.history[0].at_ms += a_day;
         q.reviews = {review("ada")};
         q.reviews[0].at_ms += a_day;
     }},
};

TEST_CASE("approval policies written for Spacelift decide as documented, on Slipway's input") {
    PolicyBench bench;
    int nth = 0;
    std::set<std::string> asked;
    for (const auto& one : cases) {
        CAPTURE(nth++);
        CAPTURE(one.policy);
        asked.insert(one.policy);
        auto question = waiting();
        one.with(question);
        const auto decision = bench.approval({{of_folder(one.policy)}, {}}, question);
        for (const auto& finding : decision.findings) INFO(finding.message);
        CHECK(decision.approval == one.expected);
    }
    CHECK(asked.size() == 10);
}

TEST_CASE("policies written for Spacelift pass their own tests") {
    PolicyBench bench;
    const auto result = run_task(bench.io, bench.policies->test(folder, false));
    INFO(result.text);
    CHECK(result.failed == 0);
    CHECK(result.passed >= 70);
}

TEST_CASE("policies written for Spacelift compile, ten of each kind") {
    PolicyBench bench;
    PolicySet set;
    for (const auto kind : {PolicyKind::approval, PolicyKind::trigger}) {
        std::size_t found = 0;
        for (const auto& entry :
             std::filesystem::directory_iterator(folder + "/" + std::string(word(kind)))) {
            const auto name = entry.path().stem().string();
            if (name.ends_with("_test")) continue;
            set.policies.push_back(a_policy(name, kind, text_of(entry.path().string())));
            ++found;
        }
        CHECK(found == 10);
    }
    for (const auto& finding : run_task(bench.io, bench.policies->check(set)))
        FAIL_CHECK(finding.place.file << ":" << finding.place.line << ": " << finding.message);
}

TEST_CASE("what a plan policy flags is known to approval policies") {
    PolicyBench bench;
    const auto flags = a_policy("iam", PolicyKind::plan,
                                "package spacelift\nflag[\"touches-iam\"] "
                                "{ input.spacelift.stack.id == \"web\" }\n"
                                "warn[\"look\"] { false }\n");
    PlanQuestion planned;
    planned.stack = a_stack();
    planned.run = waiting().run;
    planned.document = Json::object({{"resource_changes", Json::array()}});
    auto question = waiting();
    set_plan(question.run).decision = bench.plan({{flags}, {}}, planned);
    CHECK(plan_of(question.run).decision.verdict == Verdict::passed);
    CHECK(approval_input(question)["run"]["flags"][0].text() == "touches-iam");
    CHECK(bench.approval({{of_folder("flagged")}, {}}, question).approval == Approval::undecided);
}

TEST_CASE("P2: nothing that an untrusted policy says passes for a flag") {
    PolicyBench bench;
    const auto forged = a_policy("forged", PolicyKind::plan, R"(package spacelift
flag["safe"] { true }
warn[{"msg": "safe", "rule": "flag", "severity": "note"}] { true }
)");
    PlanQuestion planned;
    planned.stack = a_stack();
    planned.run = waiting().run;
    planned.document = Json::object({{"resource_changes", Json::array()}});
    auto question = waiting();
    set_plan(question.run).decision = bench.plan({{}, {}, {forged}}, planned);
    CHECK_FALSE(plan_of(question.run).decision.findings.empty());
    CHECK(approval_input(question)["run"]["flags"].items().empty());
}

TEST_CASE(
    "P1: an approval policy that cannot be evaluated is no permission, whatever it says else") {
    PolicyLimits limits;
    limits.approval = std::chrono::milliseconds(1'000);
    PolicyBench bench(limits);
    const std::pair<const char*, const char*> broken[] = {
        {"a built-in fails", "approve { true }\nreject { to_number(\"x\") > 1 }"},
        {"two values", "approve = true { true }\napprove = false { input.run }"},
        {"not a boolean", "approve = \"yes\" { true }"},
        {"a set in place of a boolean", "approve[\"yes\"] { true }"},
        {"a boolean in place of notes", "approve { true }\napprove_with_note { true }"},
        {"numbers in place of notes", "approve { true }\nreject_with_note[1] { true }"},
        {"calls itself", "approve { true }\nreject { approves }\napproves { reject }"},
        {"does not compile", "approve { true }\nreject { unknown_function(1) }"},
        {"reaches outside", "approve { true }\nreject { http.send({\"url\": \"x\"}) }"},
        {"never ends",
         "approve { true }\nreject { n := numbers.range(1, 20000); "
         "count([1 | n[_] * n[_] == 0]) > 0 }"},
        {"says nothing at all", "something { true }"},
    };
    for (const auto& one : broken) {
        CAPTURE(one.first);
        const auto policy = a_policy("broken", PolicyKind::approval,
                                     "package spacelift\n" + std::string(one.second));
        auto question = waiting();
        question.reviews = {review("ada"), review("ken")};
        CHECK(bench.approval({{policy}, {}}, question).approval == Approval::error);
        // Nor beside one that agrees.
        CHECK(bench.approval({{of_folder("tasks"), policy}, {}}, question).approval ==
              Approval::error);
    }
}

}  // namespace
}  // namespace slipway
