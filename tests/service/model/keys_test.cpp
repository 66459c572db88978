// The names of what is stored: what lies in a running installation is found by exactly these.
#include "service/model/keys.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace slipway;

namespace {
const RepositoryName infra{"forge.test", "acme/infra"};
const PullRequestName seven{infra, 7};
const RunId run("r1");
const RunPhase apply{run, Phase::apply};
}  // namespace

TEST_CASE("Records, indexes, lanes and queues have the names that they have always had") {
    CHECK(run_key(run) == "run/r1");
    CHECK(pull_key(seven) == "pull/forge.test/acme/infra/7");
    CHECK(posted_key(seven) == "posted/forge.test/acme/infra/7");
    CHECK(branch_key(infra, "feature/x") == "branch/forge.test/acme/infra/feature/x");
    CHECK(providers_key(StackId("net")) == "providers/net");
    CHECK(outputs_key(StackId("net")) == "outputs/net");
    CHECK(result_key(apply) == "result/r1/apply");
    CHECK(answer_key(JobId("command/api/1")) == "answer/command/api/1");
    CHECK(token_key("abc") == "token/abc");
    CHECK(runs_index() == "runs");
    CHECK(runs_index(StackId("net")) == "runs/net");
    CHECK(tokens_index() == "tokens");
    CHECK(stack_lane(StackId("net")) == "stack/net");
    CHECK(apply_once("abc") == "done/abc");
    CHECK(comment_once("forge.test", "5") == "comment/forge.test/5");
    CHECK(work_queue("default") == "work/default");
    CHECK(reply_comment_key("5") == "reply/5");
    CHECK(mention_comment_key(seven, "failed/r1") == "mention/forge.test/acme/infra#7/failed/r1");
    CHECK(approval_mention(CommitSha("abc")) == "approval/abc");
    CHECK(is_approval_mention("approval/abc"));
    CHECK_FALSE(is_approval_mention("failed/r1"));
}

TEST_CASE("Jobs have the names that they have always had, and their kinds") {
    struct Case {
        JobName name;
        JobKind kind;
        const char* id;
    };
    const Case cases[] = {
        {jobs::event("forge.test", "d"), JobKind::event, "event/forge.test/d"},
        {jobs::look(seven, "5"), JobKind::look, "look/forge.test/acme/infra#7/5"},
        {jobs::look_again(run), JobKind::look, "look/again/r1"},
        {jobs::look_for(run), JobKind::look, "look/for/r1"},
        {jobs::command("forge.test", "5"), JobKind::command, "command/forge.test/5"},
        {jobs::api_command("x"), JobKind::command, "command/api/x"},
        {jobs::prepare(run), JobKind::prepare, "prepare/r1"},
        {jobs::perform(apply), JobKind::perform, "perform/r1/apply"},
        {jobs::judge(apply), JobKind::judge, "judge/r1/apply"},
        {jobs::consider(seven), JobKind::consider, "consider/forge.test/acme/infra#7"},
        {jobs::release(run), JobKind::release, "release/r1"},
        {jobs::report(seven), JobKind::report, "report/forge.test/acme/infra#7"},
        {jobs::pass(infra, CommitSha("abc")), JobKind::pass, "pass/forge.test/acme/infra/abc"},
        {jobs::reply("forge.test", "5"), JobKind::reply, "reply/forge.test/5"},
        {jobs::acknowledge("forge.test", "5"), JobKind::reply, "reply/forge.test/5/seen"},
        {jobs::late_reply("forge.test", "5"), JobKind::reply, "reply/forge.test/5/again"}};
    for (const auto& c : cases) {
        CAPTURE(c.id);
        CHECK(c.name.id.value == c.id);
        CHECK(c.name.kind == c.kind);
    }
}

TEST_CASE("The name of a job tells what it is about, and no other text does") {
    for (const auto phase : {Phase::plan, Phase::apply, Phase::find_out})
        CHECK(jobs::parse_perform(jobs::perform({run, phase}).id) == RunPhase{run, phase});
    for (const char* other :
         {"", "perform", "perform/", "perform/r1", "perform/r1/", "judge/r1/plan",
          "perform/r1/planned", "x/perform/r1/plan", "performs/r1/plan"}) {
        CAPTURE(other);
        CHECK_FALSE(jobs::parse_perform(JobId(other)));
    }
    const auto event = jobs::parse_event(jobs::event("forge.test", "a/b").id);
    REQUIRE(event);
    CHECK(event->forge == "forge.test");
    CHECK(event->delivery == "a/b");
    for (const char* other : {"", "event/", "event/forge.test", "events/forge.test/d"})
        CHECK_FALSE(jobs::parse_event(JobId(other)));
}

TEST_CASE(
    "T23: pull requests of one number share no name, in repositories named alike or elsewhere") {
    const PullRequestName app{{"forge.test", "acme/app"}, 5},
        in_app{{"forge.test", "acme/app-infra"}, 5}, elsewhere{{"other.test", "acme/app"}, 5},
        fifty{{"forge.test", "acme/app"}, 50};
    const auto names_of = [](const PullRequestName& pull) {
        return std::vector<std::string>{pull_key(pull), posted_key(pull),
                                        jobs::report(pull).id.value, jobs::consider(pull).id.value,
                                        jobs::look(pull, "1").id.value};
    };
    for (const auto& other : {in_app, elsewhere, fifty}) {
        const auto mine = names_of(app), theirs = names_of(other);
        for (std::size_t i = 0; i < mine.size(); ++i) CHECK(mine[i] != theirs[i]);
    }
}
