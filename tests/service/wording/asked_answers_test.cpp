// What is answered to who asks for a look for drift, for a destroy, or for the end of an apply.
#include <doctest/doctest.h>

#include "service/wording/answers.hpp"
#include "service/wording/progress.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/report.hpp"

namespace slipway {
namespace {

Run run_of(const char* id, RunState state = RunState::queued) {
    Run out;
    out.id = RunId(id);
    out.stack = StackId("net");
    out.state = state;
    return out;
}

TEST_CASE("who asks for a run hears its id, and after what it begins") {
    const auto run = run_of("d1");
    CHECK(answers::looks(run, nullptr) == "Run d1 looks for drift of `net` and changes nothing.");
    const auto ahead = run_of("t1", RunState::unconfirmed);
    CHECK(answers::looks(run, &ahead) ==
          "Run d1 looks for drift of `net` and changes nothing. It begins after run t1, which "
          "waits for a confirmation.");
    CHECK(answers::looks_already(run) == "Run d1 looks for drift of `net` already.");
    CHECK(answers::plans_destroy(run, nullptr) ==
          "Run d1 plans to destroy all that `net` manages. Nothing is destroyed before the plan is "
          "approved and confirmed: look at it with `slipway logs d1`, then `slipway confirm d1`.");
}

TEST_CASE("a refused destroy says what to type, or in which order to go on") {
    CHECK(answers::type_its_name_again(StackId("net")) ==
          "To plan to destroy all that `net` manages, type its name a second time: `slipway "
          "destroy net --confirm net`.");
    CHECK(answers::destroy_these_first(StackId("net"), {StackId("page"), StackId("web")}) ==
          "`net` is needed by 2 stacks that may still manage something. Destroy in this order: "
          "`page`, `web`; then `net`.");
}

TEST_CASE("a cancel of an apply says what an interrupt does, and what to type") {
    auto run = run_of("t1", RunState::applying);
    CHECK(answers::asks_before_interrupt(run, "/slipway cancel net") ==
          "The apply of `net` is running, so nothing was done yet. Interrupted, the tool ends what "
          "it has in hand and leaves the rest: what was applied by then stays, and the run fails. "
          "To interrupt it, say `/slipway cancel net` again within 5 min.");
    run.interrupt = Interrupt{"local/ada", "", 1, 2};
    CHECK(answers::interrupted_already(run) ==
          "The apply of `net` is being interrupted already, by `local/ada`; the tool ends what it "
          "has in hand.");
}

TEST_CASE("a run that was interrupted says by whom, one that was discarded as before") {
    auto run = run_of("t1", RunState::failed);
    run.reason = {Cause::ended_by, "ada", "wrong region"};
    run.interrupt = Interrupt{"local/ada", "wrong region", 1, 2};
    CHECK(reason_text(run) == "interrupted by ada: wrong region");
    run.interrupt->wanted_at_ms = 0;  // asked once, and ended otherwise
    run.state = RunState::discarded;
    CHECK(reason_text(run) == "discarded by ada: wrong region");
}

TEST_CASE("a destroy that waits says how much it destroys") {
    auto run = run_of("t1", RunState::unconfirmed);
    run.reason = {Cause::destroys_stack};
    CHECK(reason_text(run) == "it destroys all that the stack manages");
    run.plan.emplace().counts.remove = 14;
    CHECK(reason_text(run) == "it destroys all that the stack manages: 14 resources");
}

TEST_CASE("what an apply made and left is named, the first few, and a lock that is not free told") {
    ApplyProgress progress;
    progress.lock = ApplyProgress::Lock::free;
    progress.left = {"a"};
    progress.left_count = 1;
    const Voice page(Medium::markdown), terminal(Medium::terminal);
    CHECK(progress_text(progress, page) == "Nothing was applied to its end. Not applied: `a`.");
    progress.made = {"b", "c"};
    progress.made_count = 2;
    progress.halfway = {"d"};
    progress.halfway_count = 1;
    progress.left.clear();
    for (int i = 0; i < 50; ++i) progress.left.push_back("e" + std::to_string(i));
    progress.left_count = 200;
    CHECK(progress_text(progress, terminal) ==
          "Applied: b, c. Destroyed and not created again: d. Not applied: e0, e1, e2, e3, e4, e5 "
          "and 194 more.");
    progress.lock = ApplyProgress::Lock::held;
    CHECK(progress_text(progress, page)
              .ends_with(" The state is still locked: somebody has to take its lock away."));
    progress.lock = ApplyProgress::Lock::released;
    CHECK(progress_text(progress, page)
              .ends_with(" The lock that it left on the state was taken away."));
}

TEST_CASE("what drifted is counted as changed, gone, or other") {
    PlanCounts counts;
    CHECK(drift_text(counts) == "nothing drifted");
    counts.update = 2;
    counts.remove = 1;
    CHECK(drift_text(counts) == "2 changed, 1 gone");
    counts.move = 1;
    CHECK(drift_text(counts) == "2 changed, 1 gone, 1 other");
}

}  // namespace
}  // namespace slipway
