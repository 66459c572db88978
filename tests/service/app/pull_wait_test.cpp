#include "service/app/pull_wait.hpp"

#include <doctest/doctest.h>

namespace slipway {
namespace {

using Outcome = WaitStep::Outcome;

struct Row {
    const char* pull;
    const char* head;
    Outcome outcome;
    const char* line;
};

void hold(WaitFor what, const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        CAPTURE(row.pull);
        const auto step = wait_step(what, *parse_json(row.pull), row.head);
        CHECK(step.outcome == row.outcome);
        CHECK(step.line == row.line);
    }
}

TEST_CASE("checks are waited for until the one of this very commit is final") {
    hold(WaitFor::checks,
         {{R"({"head": "abc", "summary": null})", "", Outcome::pending, "no check of abc yet"},
          {R"({"head": "abc", "summary": {"commit": "old", "status": "completed",
               "conclusion": "success"}})",
           "", Outcome::pending, "no check of abc yet"},
          {R"({"head": "abc", "summary": {"commit": "abc", "status": "completed",
               "conclusion": "success"}})",
           "def", Outcome::pending, "commit def was not looked at yet; the last one was abc"},
          {R"({"head": "abc", "state": "open", "looking": true, "summary": {"commit": "abc",
               "status": "completed", "conclusion": "success"}})",
           "", Outcome::pending, "finding out which stacks are concerned"},
          {R"({"head": "abc", "summary": {"commit": "abc", "status": "in_progress"},
               "stacks": [{"stack": "net", "state": "planning"},
                          {"stack": "web", "state": "finished"}]})",
           "", Outcome::pending, "net: planning"},
          {R"({"head": "abc", "summary": {"commit": "abc", "status": "completed",
               "conclusion": "success", "title": "1 to add"}})",
           "ab", Outcome::yes, "check success: 1 to add"},
          {R"({"head": "abc", "summary": {"commit": "abc", "status": "completed",
               "conclusion": "neutral", "title": "Observed"}})",
           "", Outcome::yes, "check neutral: Observed"},
          {R"({"head": "abc", "summary": {"commit": "abc", "status": "completed",
               "conclusion": "failure", "title": "Denied"}})",
           "", Outcome::no, "check failure: Denied"},
          {R"({"head": "abc", "summary": {"commit": "abc", "status": "completed",
               "conclusion": "action_required", "title": "Waiting"}})",
           "", Outcome::no, "check action_required: Waiting"}});
}

TEST_CASE("an apply is waited for until each run of the branch is over") {
    hold(WaitFor::apply,
         {{R"({"head": "a", "state": "open", "stacks": [{"stack": "net", "kind": "proposed",
               "state": "finished"}]})",
           "", Outcome::pending, "not merged yet"},
          {R"({"head": "a", "state": "closed", "stacks": []})", "", Outcome::no,
           "closed without a merge"},
          {R"({"head": "a", "state": "merged", "stacks": []})", "", Outcome::yes,
           "no stack is concerned"},
          {R"({"head": "a", "state": "merged", "stacks": [{"stack": "net", "kind": "proposed",
               "state": "finished"}]})",
           "", Outcome::pending, "merged; nothing is planned of the branch yet"},
          {R"({"head": "a", "state": "merged", "stacks": [{"stack": "net", "kind": "tracked",
               "state": "finished", "before_merge": true}]})",
           "", Outcome::pending, "merged; nothing is planned of the branch yet"},
          {R"({"head": "a", "state": "merged", "stacks": [{"stack": "net", "gone": true}]})", "",
           Outcome::yes, "nothing is applied"},
          {R"({"head": "a", "state": "merged", "stacks": [
               {"stack": "net", "kind": "tracked", "state": "unconfirmed", "reason": "it waits"},
               {"stack": "web", "kind": "tracked", "state": "failed"}]})",
           "", Outcome::pending, "net: unconfirmed (it waits), web: failed"},
          {R"({"head": "a", "state": "merged", "stacks": [
               {"stack": "net", "kind": "tracked", "state": "finished"},
               {"stack": "web", "kind": "tracked", "state": "failed"}]})",
           "", Outcome::no, "net: finished, web: failed"},
          {R"({"head": "a", "state": "merged", "stacks": [
               {"stack": "net", "kind": "tracked", "state": "unknown"}]})",
           "", Outcome::no, "net: unknown"},
          {R"({"head": "a", "state": "merged", "stacks": [
               {"stack": "net", "kind": "tracked", "state": "finished"}]})",
           "", Outcome::yes, "net: finished"},
          {R"({"head": "a", "state": "open", "stacks": [{"stack": "net", "kind": "tracked",
               "state": "finished", "before_merge": true}]})",
           "", Outcome::yes, "net: finished"}});
}

TEST_CASE("a time to wait has a unit") {
    CHECK(parse_duration("90s") == std::chrono::seconds(90));
    CHECK(parse_duration("10m") == std::chrono::seconds(600));
    CHECK(parse_duration("2h") == std::chrono::seconds(7200));
    for (const char* wrong : {"", "10", "m", "0s", "-1m", "10 m", "10d", "999999999999s"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_duration(wrong));
    }
}

}  // namespace
}  // namespace slipway
