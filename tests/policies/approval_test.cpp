// Approval decisions: who must still say yes, whose word counts, and why, as the check shows it.
#include <doctest/doctest.h>

#include "policies/engine/judged.hpp"
#include "policies/engine/library.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/set_plan.hpp"

namespace slipway {
namespace {

Policy approval(const char* name, std::string text) {
    return a_policy(name, PolicyKind::approval, std::move(text));
}
const Policy two_eyes = approval("two-eyes", std::string(library_policy("approval/two_eyes.rego")));
const Policy team = approval("team", std::string(library_policy("approval/team.rego")));

GivenReview review(std::string author, bool approves = true) {
    GivenReview given;
    given.author = std::move(author);
    given.forge = "github.com";
    given.approves = approves;
    given.may_write = true;
    given.commit = CommitSha(std::string(40, 'a'));
    given.plan = "9f3c" + std::string(60, '0');
    given.source = "review";
    given.at_ms = 1763975640000;  // 09:14
    return given;
}
GivenReview by_author(std::string author) {
    auto given = review(std::move(author));
    given.is_author = true;
    return given;
}
GivenReview of_team(std::string author, std::string name) {
    auto given = review(std::move(author));
    given.teams = {std::move(name)};
    return given;
}
GivenReview powerless(std::string author) {
    auto given = review(std::move(author));
    given.may_write = false;
    return given;
}

ApprovalQuestion asked(std::vector<GivenReview> reviews = {}) {
    ApprovalQuestion question;
    question.stack = a_stack();
    question.stack.labels = {"approvers:dba"};
    question.run.kind = RunKind::tracked;
    question.run.state = RunState::unconfirmed;
    question.run.settings = question.stack;
    set_plan(question.run).digest = "9f3c0123456789";
    question.run.triggered_by = {"github.com", "linus"};
    question.reviews = std::move(reviews);
    question.now_ms = 1763975700000;
    return question;
}

TEST_CASE("where no policy was asked nothing is approved") {
    CHECK(decide(ApprovalQuestion(), {}).approval == Approval::undecided);
}

TEST_CASE("T50: all approval policies must agree, and one that rejects is enough") {
    struct Case {
        const char* name;
        std::vector<Policy> policies;
        std::vector<GivenReview> reviews;
        Approval approval;
        std::vector<std::string> missing;
        std::vector<std::string> approved_by;
        const char* outcome;
    };
    const std::string one_more = "1 more of those who may write, but not the author";
    const Policy rejects =
        approval("rejects", "package slipway\nreject_with_note[\"frozen\"] { true }\n");
    const Policy broken = approval("broken", "package slipway\napprove := \"yes\"\n");
    const Case cases[] = {
        {"nothing attached: nobody has to", {}, {}, Approval::approved, {}, {}, "approved"},
        {"nobody yet", {two_eyes}, {}, Approval::undecided, {one_more}, {}, "0 of 1"},
        {"somebody", {two_eyes}, {review("ada")}, Approval::approved, {}, {"ada"}, "1 of 1"},
        {"the author does not count",
         {two_eyes},
         {by_author("linus")},
         Approval::undecided,
         {one_more},
         {},
         "0 of 1"},
        {"nor who may not write",
         {two_eyes},
         {powerless("mallory")},
         Approval::undecided,
         {one_more},
         {},
         "0 of 1"},
        {"a rejection",
         {two_eyes},
         {review("ada"), review("grace", false)},
         Approval::rejected,
         {},
         {"ada"},
         "rejected"},
        {"a rejection of who may not write is none",
         {two_eyes},
         {review("ada"),
          [] {
              auto given = powerless("mallory");
              given.approves = false;
              return given;
          }()},
         Approval::approved,
         {},
         {"ada"},
         "1 of 1"},
        {"a team is missing",
         {team, two_eyes},
         {of_team("ada", "web")},
         Approval::undecided,
         {"1 of team dba"},
         {"ada"},
         "0 of 1"},
        {"the team was there",
         {team, two_eyes},
         {of_team("grace", "dba")},
         Approval::approved,
         {},
         {"grace"},
         "1 of 1"},
        {"a note rejects",
         {rejects, two_eyes},
         {review("ada")},
         Approval::rejected,
         {},
         {"ada"},
         "rejected: frozen"},
        {"P1: an error blocks",
         {broken, two_eyes},
         {review("ada")},
         Approval::error,
         {},
         {"ada"},
         "error: approve is a text; it must be true or false (broken.rego:2)"},
    };
    PolicyBench bench;
    for (const auto& c : cases) {
        CAPTURE(c.name);
        const auto decision = bench.approval({c.policies, {}}, asked(c.reviews));
        CHECK(decision.approval == c.approval);
        std::vector<std::string> missing;
        for (const auto& one : decision.missing) missing.push_back(one.text);
        CHECK(missing == c.missing);
        CHECK(decision.approved_by == c.approved_by);
        CHECK(decision.why.because.at(0).outcome == c.outcome);
    }
}

TEST_CASE("one's newest word counts") {
    PolicyBench bench;
    auto later = review("ada", false);
    later.at_ms += 1000;
    CHECK(bench.approval({{two_eyes}, {}}, asked({review("ada"), later})).approval ==
          Approval::rejected);
    CHECK(bench.approval({{two_eyes}, {}}, asked({later, review("ada")})).approval ==
          Approval::rejected);
    auto latest = review("ada");
    latest.at_ms += 2000;
    const auto decision = bench.approval({{two_eyes}, {}}, asked({review("ada"), later, latest}));
    CHECK(decision.approval == Approval::approved);
    // The same name on another forge is somebody else.
    auto other = review("ada", false);
    other.forge = "local";
    CHECK(bench.approval({{two_eyes}, {}}, asked({latest, other})).approval == Approval::rejected);
}

TEST_CASE("the explanation says who approved what and when, and what is missing") {
    PolicyBench bench;
    const auto decision = bench.approval(
        {{team}, {}}, asked({of_team("ada", "web"), by_author("linus"), powerless("mallory")}));
    const auto& node = decision.why.because.at(0);
    CHECK(decision.why.outcome == "undecided");
    CHECK(node.text == "approval policy team");
    CHECK(node.outcome == "0 of 1");
    REQUIRE(node.because.size() == 5);
    CHECK(node.because[0].text ==
          "ada approved plan 9f3c at 2025-11-24 09:14 UTC (review), which does not count for this "
          "policy");
    CHECK(node.because[1].text ==
          "linus approved plan 9f3c at 2025-11-24 09:14 UTC (review), which does not count: it is "
          "their own change");
    CHECK(node.because[2].text ==
          "mallory approved plan 9f3c at 2025-11-24 09:14 UTC (review), which does not count: no "
          "write permission");
    CHECK(node.because[3].text ==
          "approve reads input.reviews.current.approvals (2 items), "
          "input.reviews.current.rejections (0 items), input.stack.labels (1 item)");
    CHECK(node.because[4].text == "needs 1 of team dba");
}

TEST_CASE("the explanation names the plan that each word was given for, and its note") {
    PolicyBench bench;
    auto no = review("grace", false);
    no.plan = "91b2" + std::string(60, '0');
    no.source = "comment";
    no.note = "not on a Friday";
    const auto decision = bench.approval({{two_eyes}, {}}, asked({review("ada"), no}));
    CHECK(decision.approval == Approval::rejected);
    CHECK(decision.rejected_by == std::vector<std::string>{"grace"});
    const auto& node = decision.why.because.at(0);
    REQUIRE(node.because.size() >= 2);
    CHECK(node.because[0].text == "ada approved plan 9f3c at 2025-11-24 09:14 UTC (review)");
    CHECK(node.because[1].text ==
          "grace rejected plan 91b2 at 2025-11-24 09:14 UTC (comment): not on a Friday");
}

TEST_CASE("a freeze holds a run with a sentence of its own, and asks nobody to approve") {
    PolicyBench bench;
    const Policy freeze = approval("freeze", std::string(library_policy("approval/freeze.rego")));
    auto question = asked({review("ada")});
    question.now_ms = 1797940800000;  // Tuesday 2026-12-22, noon
    const auto decision = bench.approval({{freeze, two_eyes}, {}}, question);
    CHECK(decision.approval == Approval::undecided);
    REQUIRE(decision.missing.size() == 1);
    CHECK(decision.missing[0].text == "frozen until 2027-01-04 07:00 UTC: the holidays");
    CHECK(decision.missing[0].count == 0);
    CHECK(decision.why.because.at(0).because.back().text == decision.missing[0].text);
    question.now_ms = 1801656000000;  // Wednesday 2027-02-03
    CHECK(bench.approval({{freeze, two_eyes}, {}}, question).approval == Approval::approved);
    CHECK(bench
              .approval({{freeze, two_eyes}, {}},
                        [&] {
                            question.reviews.clear();
                            return question;
                        }())
              .missing.at(0)
              .count == 1);
}

TEST_CASE("a policy written for elsewhere is shown reviews as it expects them") {
    PolicyBench bench;
    const Policy foreign = approval("foreign", R"(package spacelift
needed := 2
approve { count(input.reviews.current.approvals) >= needed }
reject { input.reviews.current.rejections[_].session.login == "grace" }
)");
    CHECK(bench.approval({{foreign}, {}}, asked({review("ada")})).approval == Approval::undecided);
    CHECK(bench.approval({{foreign}, {}}, asked({review("ada"), review("ken")})).approval ==
          Approval::approved);
    CHECK(bench.approval({{foreign}, {}}, asked({review("ada"), powerless("ken")})).approval ==
          Approval::undecided);
    CHECK(bench.approval({{foreign}, {}}, asked({review("grace", false)})).approval ==
          Approval::rejected);
}

TEST_CASE("the approval input is the documented one") {
    auto question = asked({review("ada"), review("grace", false), powerless("mallory")});
    question.older = {review("ken")};
    const Json input = approval_input(question);
    CHECK(input["reviews"]["current"]["approvals"].items().size() == 1);
    CHECK(input["reviews"]["current"]["approvals"][0]["author"].text() == "ada");
    CHECK(input["reviews"]["current"]["approvals"][0]["state"].text() == "UNCONFIRMED");
    CHECK(input["reviews"]["current"]["rejections"][0]["author"].text() == "grace");
    CHECK(input["reviews"]["older"]["approvals"][0]["author"].text() == "ken");
    CHECK(input["run"]["type"].text() == "TRACKED");
    CHECK_FALSE(input["run"].has("changes"));
    CHECK(input["stack"]["id"].text() == "web");
    question.plan.emplace().changes.emplace_back().action = Action::create;
    CHECK(approval_input(question)["run"]["changes"][0]["action"].text() == "added");
    question.run.kind = RunKind::proposed;
    question.run.state = RunState::finished;
    CHECK(approval_input(question)["run"]["state"].text() == "PENDING_REVIEW");
}

}  // namespace
}  // namespace slipway
