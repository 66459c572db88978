// The conclusion, title and text of checks, for every standing that a stack can have.
#include <doctest/doctest.h>

#include "tests/support/reports.hpp"

using namespace slipway;
using namespace slipway::situations;

namespace {

CheckText summary(std::vector<StackReport> stacks) {
    return summary_check(report_of(std::move(stacks)));
}

StackReport denied() {
    return judged(planned("a", network_plan()), Verdict::denied,
                  finding(Finding::Severity::deny, "tags", "no", "t.rego", 1));
}

}  // namespace

TEST_CASE("the summary concludes as its stacks do") {
    struct Case {
        const char* name;
        std::vector<StackReport> stacks;
        CheckStatus status;
        Conclusion outcome;
        const char* title;
    };
    const auto fine = approved(planned("fine", network_plan()), "");
    auto unjudged = judged(planned("a", network_plan()), Verdict::error,
                           finding(Finding::Severity::error, "tags", "loops", "t.rego", 1));
    auto warned = judged(fine, Verdict::warned,
                         finding(Finding::Severity::warn, "friday", "late", "f.rego", 1));
    auto observed = denied();
    observed.observe = true;
    auto rejected = planned("a", network_plan());
    rejected.approval.approval = Approval::rejected;
    auto bad_approval = planned("a", network_plan());
    bad_approval.approval.approval = Approval::error;
    bad_approval.approval.findings = {
        finding(Finding::Severity::error, "two-eyes", "loops", "e.rego", 3)};
    const Case cases[] = {
        {"no stack", {}, CheckStatus::done, Conclusion::passed, "no stack is concerned"},
        {"all is well", {fine}, CheckStatus::done, Conclusion::passed, "1 to change"},
        {"no changes", {planned("a", Plan())}, CheckStatus::done, Conclusion::passed, "No changes"},
        {"a warning", {warned}, CheckStatus::done, Conclusion::neutral, "1 to change"},
        {"an approval is missing",
         {fine, missing(planned("a", network_plan()), of_team("dba"))},
         CheckStatus::done,
         Conclusion::needs_action,
         "2 stacks change, waiting for 1 approval"},
        {"one that waits",
         {missing(planned("a", network_plan()), of_team("dba"))},
         CheckStatus::done,
         Conclusion::needs_action,
         "Waiting: 1 of team dba"},
        {"a denial", {denied()}, CheckStatus::done, Conclusion::failed, "Denied by tags"},
        {"a denial beats a missing approval",
         {denied(), missing(planned("b", network_plan()), "1")},
         CheckStatus::done,
         Conclusion::failed,
         "plan of a denied by policy"},
        {"a policy that cannot be evaluated is never permission",
         {unjudged},
         CheckStatus::done,
         Conclusion::failed,
         "Policy tags could not be evaluated"},
        {"nor an approval policy",
         {bad_approval},
         CheckStatus::done,
         Conclusion::failed,
         "Policy two-eyes could not be evaluated"},
        {"a rejection", {rejected}, CheckStatus::done, Conclusion::needs_action, "Rejected"},
        {"a failed plan",
         {failed("a", "ended with 1", "Error: x")},
         CheckStatus::done,
         Conclusion::failed,
         "The plan failed"},
        {"one is queued",
         {queued("a", 1)},
         CheckStatus::waiting,
         Conclusion::passed,
         "Queued, second"},
        {"one is planned",
         {planning("a", second)},
         CheckStatus::running,
         Conclusion::passed,
         "Planning"},
        {"some are at work",
         {denied(), planning("b", second)},
         CheckStatus::running,
         Conclusion::failed,
         "Planning 2 stacks (1 denied)"},
        {"observed stacks never block",
         {observed},
         CheckStatus::done,
         Conclusion::neutral,
         "Observed: Denied by tags"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        const auto check = summary(c.stacks);
        CHECK(check.status == c.status);
        CHECK(check.title == c.title);
        if (c.status == CheckStatus::done) CHECK(check.outcome == c.outcome);
    }
}

TEST_CASE("W4: what was not planned is never green and never pending") {
    for (const auto& why : {Reason{Cause::from_fork}, Reason{Cause::conflicts, "main"},
                            Reason{Cause::push_policy_error}, Reason()}) {
        CAPTURE(word(why.cause));
        auto report =
            report_of({not_planned("a", why), approved(planned("b", network_plan()), "")});
        const auto whole = summary_check(report);
        CHECK(whole.status == CheckStatus::done);
        CHECK(whole.outcome == Conclusion::needs_action);
        const auto one = stack_check(report, report.stacks[0]);
        CHECK(one.status == CheckStatus::done);
        CHECK(one.outcome == Conclusion::needs_action);
    }
    for (auto state : {RunState::canceled, RunState::stopped, RunState::skipped}) {
        auto stack = planning("a", second);
        moved_on(*stack.run, state, nine_fourteen);
        CHECK(summary({stack}).status == CheckStatus::done);
        CHECK(summary({stack}).outcome == Conclusion::needs_action);
    }
    auto conflict = report_of({});
    conflict.conflicts = {"main.tf"};
    CHECK(summary_check(conflict).outcome == Conclusion::needs_action);
    auto broken = report_of({});
    broken.configuration = {{{".slipway.yaml", 1, 1}, "x"}};
    CHECK(summary_check(broken).outcome == Conclusion::needs_action);
    CHECK(summary_check(broken).status == CheckStatus::done);
}

TEST_CASE("a finding stands on the line of its resource, where that is known") {
    auto stack = denied();
    set_plan(*stack.run).decision.findings[0].resource = "aws_route_table.private";
    auto report = report_of({stack});
    CHECK(stack_check(report, report.stacks[0]).notes.empty());
    report.stacks[0].plan->changes[0].file = "stacks/a/main.tf";
    report.stacks[0].plan->changes[0].line = 7;
    const auto notes = stack_check(report, report.stacks[0]).notes;
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].path == "stacks/a/main.tf");
    CHECK(notes[0].line == 7);
    CHECK(notes[0].failure);
    CHECK(notes[0].title == "Denied by tags");
    CHECK(notes[0].message == "no (t.rego:1)");
}

TEST_CASE("explanations are cut where a forge would take no more, and say that there is more") {
    auto stack = planned("network", network_plan());
    for (int i = 0; i < 2'000; ++i)
        stack.push.why.because.push_back(
            {"because of " + std::string(300, 'x') + std::to_string(i), "", {}});
    const auto tree = explanation_tree(stack);
    CHECK(tree.size() < 51'000);
    CHECK(tree.find("… and ") != tree.npos);
    CHECK(tree.ends_with("more lines\n"));
    const auto trees = explanation_trees({&stack, &stack, &stack}, 60'000);
    CHECK(trees.size() < 61'000);
    CHECK(trees.find("the others stand in their stacks' checks") != trees.npos);
    CHECK(explanation_trees({}, 60'000) == "");
}
