#include "service/app/run_print.hpp"

#include <doctest/doctest.h>

#include "service/base/codec.hpp"
#include "service/model/run.hpp"

namespace slipway {
namespace {

TEST_CASE("a list of runs is a table, and says what to type where only that helps") {
    const auto runs = *parse_json(R"json([
        {"id": "abcd1", "created_at_ms": 1700000000000, "kind": "tracked", "state": "unknown",
         "summary": "+1 ~2", "stack": "net", "pull": 7, "last_seen": "Creating", "reason": "lost"},
        {"id": "ef", "created_at_ms": 1700000060000, "kind": "proposed", "state": "finished",
         "summary": "", "stack": "web/prod"}])json");
    CHECK(run_table(runs.items()) ==
          "RUN    CREATED               KIND      STATE     CHANGES  STACK     PULL  REMARK\n"
          "abcd1  2023-11-14 22:13 UTC  tracked   unknown   +1 ~2    net       #7    lost; last "
          "seen: Creating; look at its state, then slipway resolve abcd1 --applied or --failed\n"
          "ef     2023-11-14 22:14 UTC  proposed  finished  -        web/prod  -\n");
}

TEST_CASE("one run is shown with all that happened to it") {
    const auto run = *parse_json(R"json({
        "id": "abcd1", "kind": "tracked", "state": "unconfirmed", "reason": "its stack asks",
        "stack": "net", "space": "prod", "pull": 7, "head": "1111111111", "base": "2222222222",
        "repository": {"forge": "local", "path": "acme/infra"}, "summary": "+1", "changes": true,
        "plan_digest": "9f3c1234", "triggered_by": {"forge": "local", "login": "ada"},
        "approval": {"approval": "undecided", "missing": [{"text": "1 of dba"}],
                     "approved_by": ["grace"]},
        "history_omitted": 2,
        "history": [
            {"state": "queued", "at_ms": 1700000000000, "by": "local/ada", "event": "created"},
            {"state": "preparing", "at_ms": 1700000001000, "by": "slipway"},
            {"state": "unconfirmed", "at_ms": 1700000005000, "by": "slipway", "event": "planned",
             "vote": {"verdict": "warned"}}]})json");
    CHECK(run_page_text(run) ==
          "run           abcd1 (tracked)\n"
          "state         unconfirmed\n"
          "why           its stack asks\n"
          "stack         net in space prod\n"
          "pull request  #7 of local/acme/infra\n"
          "commit        1111111 onto 2222222\n"
          "asked for by  local/ada\n"
          "plan          +1, plan 9f3c\n"
          "approvals     undecided; approved by grace; missing: 1 of dba\n"
          "\n"
          "2023-11-14 22:13:20  queued       created by local/ada\n"
          "(2 earlier changes not kept)\n"
          "2023-11-14 22:13:21  preparing    by slipway\n"
          "2023-11-14 22:13:25  unconfirmed  planned by slipway; plan policies: warned\n");
}

TEST_CASE("following a log ends with what became of the run") {
    CHECK(log_end("r", "finished").code == 0);
    CHECK(log_end("r", "finished").text == "run r is finished");
    CHECK(log_end("r", "unconfirmed").code == 0);
    for (const char* bad : {"failed", "canceled", "discarded", "stopped", "skipped", "unknown"}) {
        CAPTURE(bad);
        CHECK(log_end("r", bad).code == 1);
    }
}

}  // namespace
}  // namespace slipway
