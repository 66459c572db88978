// What would change how a stack stands, as data and in words.
#include <doctest/doctest.h>

#include "tests/support/reports.hpp"

using namespace slipway;
using namespace slipway::situations;

namespace {

std::vector<std::string> told(const StackReport& stack) {
    std::vector<std::string> out;
    for (const auto& remedy : remedies_of(stack)) out.push_back(remedy_text(remedy));
    return out;
}

StackReport waiting(std::vector<MissingApproval> missing) {
    auto out = planned("net", network_plan());
    out.approval.missing = std::move(missing);
    out.approval.why.text = "approval policies";
    return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an approval that is missing is told with its team and who cannot give it") {
    MissingApproval one{"1 of team dba", 1, "dba", {"grace", "linus"}};
    CHECK(told(waiting({one})) ==
          Texts{"one more approval by somebody of team dba who is not grace or linus"});
    one = {"2 more of those who may write", 2, "", {"ada", "grace", "linus"}};
    CHECK(told(waiting({one})) == Texts{"2 more approvals by people who are not ada, grace or "
                                        "linus: 2 more of those who may write"});
    CHECK(told(waiting({{"1 of team dba", 1, "dba"}})) ==
          Texts{"one more approval by somebody of team dba"});
    CHECK(told(waiting({})) == Texts{"one more approval by somebody"});
}

TEST_CASE("what no approval changes is told with its time, where that is known") {
    MissingApproval wait{"frozen for the holidays", 0, "", {}, nine_fourteen};
    CHECK(told(waiting({wait})) == Texts{"time: it is looked at again at 2026-11-23 09:14 UTC "
                                         "(frozen for the holidays)"});
    wait.until_ms = 0;
    CHECK(told(waiting({wait})) ==
          Texts{"no approval, but what the policy waits for: frozen for the holidays"});
}

TEST_CASE("a rejection is taken back by whoever gave it, a policy's own needs another change") {
    auto stack = planned("net", network_plan());
    stack.approval.approval = Approval::rejected;
    stack.approval.rejected_by = {"grace"};
    CHECK(told(stack) == Texts{"grace takes the rejection back, by approving"});
    stack.approval.rejected_by.clear();
    stack.approval.findings = {finding(Finding::Severity::deny, "frozen", "no", "a.rego", 1)};
    CHECK(told(stack) == Texts{"a change that policy frozen does not refuse"});
}

TEST_CASE("what is ready, under way or done has nothing to change") {
    CHECK(told(approved(planned("net", network_plan()))).empty());
    CHECK(told(tracked("net", network_plan(), RunState::applying)).empty());
    CHECK(told(tracked("net", network_plan(), RunState::finished)).empty());
}

TEST_CASE("a run that waits for a confirmation asks for that beside what else is missing") {
    auto stack = tracked("net", network_plan(), RunState::unconfirmed);
    stack.run->reason = {Cause::forced_push, "main"};
    stack.approval.missing = {{"1 of team dba", 1, "dba"}};
    CHECK(told(stack) == Texts{"one more approval by somebody of team dba",
                               "a confirmation by somebody with write permission"});
}

TEST_CASE("one approval that two stacks wait for is one, whoever gave theirs already") {
    auto one = waiting({{"1 of team dba", 1, "dba", {"grace"}}});
    auto two = waiting({{"1 of team dba", 1, "dba", {"linus"}}});
    two.stack = StackId("web");
    const auto report = report_of({one, two});
    CHECK(summary_check(report).title.ends_with("waiting for 1 approval"));
    REQUIRE(mention(report));
    CHECK(mention(report)->body.starts_with("An approval is needed here: 1 of team dba. "));
}

TEST_CASE("a stack whose settings changed since waits to be planned again, and is not ready") {
    auto stack = approved(planned("net", network_plan()));
    stack.outdated = true;
    const auto report = report_of({stack});
    CHECK(told(stack).empty());
    CHECK(explanation_tree(stack).find("it is planned again") != std::string::npos);
    CHECK(summary_check(report).status == CheckStatus::waiting);
    CHECK(stack_check(report, stack).status == CheckStatus::waiting);
    CHECK(comment_markdown(report).find("planned again soon") != std::string::npos);
}
