// What may be asked for again, and what applies by itself after a rename that git recognised.
#include <doctest/doctest.h>

#include <set>

#include "handlers/runs/control/command_context.hpp"
#include "tests/support/set_plan.hpp"

using namespace slipway;

TEST_CASE(
    "a run of the branch can be asked for again when it is over without having done what it was "
    "for") {
    const std::set<RunState> yes = {RunState::failed, RunState::canceled, RunState::discarded,
                                    RunState::stopped, RunState::skipped};
    for (auto name : words_of(RunState{})) {
        CAPTURE(name);
        Run run;
        run.kind = RunKind::tracked;
        run.state = *parse_word<RunState>(name);
        CHECK(can_be_retried(run) == yes.contains(run.state));
        run.before_merge = true;  // its pull request is planned again instead
        CHECK_FALSE(can_be_retried(run));
        run.before_merge = false;
        run.kind = RunKind::proposed;
        CHECK_FALSE(can_be_retried(run));
    }
}

TEST_CASE(
    "what follows a rename that git recognised applies by itself only where it destroys nothing") {
    Run run;
    run.kind = RunKind::tracked;
    run.settings.apply_start = ApplyStart::automatic;
    run.renamed_from = "stacks/net";
    set_plan(run).counts.create = 1;
    Considered considered;
    considered.approval.approval = Approval::approved;
    considered.carried_over = true;
    CHECK(why_not_automatic(run, considered).empty());
    set_plan(run).counts.replace = 1;
    CHECK(why_not_automatic(run, considered).cause == Cause::destroys_renamed);
    run.renamed_from.clear();
    CHECK(why_not_automatic(run, considered).empty());
    run.must_confirm = {Cause::destroys_stack};
    CHECK(why_not_automatic(run, considered) == run.must_confirm);
}
