// The conclusion, title and text of checks, for every standing that a stack can have.
#include <doctest/doctest.h>

#include "tests/support/reports.hpp"

using namespace slipway;
using namespace slipway::situations;

namespace {

using Status = CheckText::Status;
using Outcome = CheckText::Outcome;

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
        Status status;
        Outcome outcome;
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
        {"no stack", {}, Status::completed, Outcome::success, "no stack is concerned"},
        {"all is well", {fine}, Status::completed, Outcome::success, "1 to change"},
        {"no changes", {planned("a", Plan())}, Status::completed, Outcome::success, "No changes"},
        {"a warning", {warned}, Status::completed, Outcome::neutral, "1 to change"},
        {"an approval is missing",
         {fine, missing(planned("a", network_plan()), "1 of team dba")},
         Status::completed,
         Outcome::action_required,
         "2 stacks change, waiting for 1 approval"},
        {"one that waits",
         {missing(planned("a", network_plan()), "1 of team dba")},
         Status::completed,
         Outcome::action_required,
         "Waiting: 1 of team dba"},
        {"a denial", {denied()}, Status::completed, Outcome::failure, "Denied by tags"},
        {"a denial beats a missing approval",
         {denied(), missing(planned("b", network_plan()), "1")},
         Status::completed,
         Outcome::failure,
         "plan of a denied by policy"},
        {"a policy that cannot be evaluated is never permission",
         {unjudged},
         Status::completed,
         Outcome::failure,
         "Policy tags could not be evaluated"},
        {"nor an approval policy",
         {bad_approval},
         Status::completed,
         Outcome::failure,
         "Policy two-eyes could not be evaluated"},
        {"a rejection", {rejected}, Status::completed, Outcome::action_required, "Rejected"},
        {"a failed plan",
         {failed("a", "ended with 1", "Error: x")},
         Status::completed,
         Outcome::failure,
         "The plan failed"},
        {"one is queued", {queued("a", 1)}, Status::queued, Outcome::success, "Queued, second"},
        {"one is planned", {planning("a", second)}, Status::running, Outcome::success, "Planning"},
        {"some are at work",
         {denied(), planning("b", second)},
         Status::running,
         Outcome::failure,
         "Planning 2 stacks (1 denied)"},
        {"observed stacks never block",
         {observed},
         Status::completed,
         Outcome::neutral,
         "Observed: Denied by tags"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        const auto check = summary(c.stacks);
        CHECK(check.status == c.status);
        CHECK(check.title == c.title);
        if (c.status == Status::completed) CHECK(check.outcome == c.outcome);
    }
}

TEST_CASE("W4: what was not planned is never green and never pending") {
    for (std::string why :
         {"the pull request comes from a fork, and nothing of a fork is run",
          "the pull request conflicts with main", "a push policy could not be evaluated", ""}) {
        CAPTURE(why);
        auto report =
            report_of({not_planned("a", why), approved(planned("b", network_plan()), "")});
        const auto whole = summary_check(report);
        CHECK(whole.status == Status::completed);
        CHECK(whole.outcome == Outcome::action_required);
        const auto one = stack_check(report, report.stacks[0]);
        CHECK(one.status == Status::completed);
        CHECK(one.outcome == Outcome::action_required);
    }
    for (auto state : {RunState::canceled, RunState::stopped, RunState::skipped}) {
        auto stack = planning("a", second);
        moved_on(*stack.run, state, nine_fourteen);
        CHECK(summary({stack}).status == Status::completed);
        CHECK(summary({stack}).outcome == Outcome::action_required);
    }
    auto conflict = report_of({});
    conflict.conflicts = {"main.tf"};
    CHECK(summary_check(conflict).outcome == Outcome::action_required);
    auto broken = report_of({});
    broken.configuration = {".slipway.yaml:1:1: x"};
    CHECK(summary_check(broken).outcome == Outcome::action_required);
    CHECK(summary_check(broken).status == Status::completed);
}

TEST_CASE("a finding stands on the line of its resource, where that is known") {
    auto stack = denied();
    stack.run->plan_decision.findings[0].resource = "aws_route_table.private";
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
    const auto trees = explanation_trees({&stack, &stack, &stack});
    CHECK(trees.size() < 61'000);
    CHECK(trees.find("the others stand in their stacks' checks") != trees.npos);
    CHECK(explanation_trees({}) == "");
}
