// What is explained when a run or a stack is named, and who gets to see what policies were asked.
#include <doctest/doctest.h>
#include <unistd.h>

#include "handlers/api/routes.hpp"
#include "policies/kept_input.hpp"
#include "queue/store.hpp"
#include "service/base/digest.hpp"
#include "service/model/pull_record.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/set_plan.hpp"

using namespace slipway;

namespace {

struct Explaining {
    asio::io_context io;
    FixedClock clock{1'700'000'000'000};
    std::unique_ptr<Queue> queue = make_memory_queue(io.get_executor(), clock);
    std::unique_ptr<Blobs> blobs = make_memory_blobs();
    ApiContext context{*queue, clock, {}, blobs.get()};
    Router router;
    bool is_local = true;

    Explaining() { add_api_routes(router, context); }

    static Run a_run(const char* id, RunKind kind, RunState state) {
        Run out;
        out.id = RunId(id);
        out.stack = StackId("production/net");
        out.kind = kind;
        out.state = state;
        return out;
    }
    void put(Run run, std::int64_t at_ms) {
        Commit commit;
        const auto key = run_key(run.id);
        commit.index.push_back({runs_index(run.stack), run.id.value, at_ms});
        commit.index.push_back({runs_index(), run.id.value, at_ms});
        commit.records.push_back(save(key, Stored<Run>{std::move(run), 0}));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }
    HttpResponse call(std::string path, std::map<std::string, std::string> query = {}) {
        const auto match = router.match("GET", path);
        REQUIRE(match.handler);
        HttpRequest request;
        request.method = "GET";
        request.path = path;
        request.query = std::move(query);
        request.parameters = match.parameters;
        if (is_local) request.peer = HttpRequest::Peer{geteuid(), 0, 1};
        return run_task(io, (*match.handler)(std::move(request)));
    }
    Json explained(std::string of) {
        const auto reply = call("/api/v1/explain", {{"of", std::move(of)}});
        REQUIRE(reply.status == 200);
        return *parse_json(reply.body);
    }
    BlobId keep(PolicyKind kind, const char* stack, std::string outcome) {
        KeptInput kept;
        kept.kind = kind;
        kept.stack.id = StackId(stack);
        kept.input = Json::object();
        kept.outcome = std::move(outcome);
        return blobs->put_sealed(chunks_of(*kept_document({kept})));
    }
};

}  // namespace

TEST_CASE("of a stack the run of its branch that is not over is explained, else the newest") {
    Explaining api;
    api.put(Explaining::a_run("aaaa1111", RunKind::tracked, RunState::unconfirmed), 1);
    api.put(Explaining::a_run("bbbb2222", RunKind::proposed, RunState::finished), 2);
    CHECK(api.explained("production/net")["run"].text() == "aaaa1111");
    CHECK(api.explained("bbbb")["run"].text() == "bbbb2222");
    Explaining over;
    over.put(Explaining::a_run("aaaa1111", RunKind::tracked, RunState::finished), 1);
    over.put(Explaining::a_run("bbbb2222", RunKind::proposed, RunState::finished), 2);
    CHECK(over.explained("production/net")["run"].text() == "bbbb2222");
}

TEST_CASE("what has no run is neither, and says so") {
    Explaining api;
    const auto none = api.call("/api/v1/explain", {{"of", "netwrok"}});
    CHECK(none.status == 404);
    CHECK(none.body.find("no stack with a run, of the name netwrok") != std::string::npos);
    CHECK(api.call("/api/v1/explain").status == 404);
}

TEST_CASE("an explanation has the tree as data, and what would change it") {
    Explaining api;
    auto run = Explaining::a_run("aaaa1111", RunKind::proposed, RunState::failed);
    auto& decision = set_plan(run).decision;
    decision.verdict = Verdict::denied;
    decision.why.because = {{"plan policy tags", "deny: no owner (tags.rego:9)", {}}};
    Finding finding;
    finding.policy = "tags";
    decision.findings = {finding};
    api.put(run, 1);
    const auto body = api.explained("aaaa1111");
    CHECK(body["outcome"].text() == "denied");
    CHECK(body["tree"][0]["text"].text() == "plan policy tags");
    CHECK(body["would_change"][0]["kind"].text() == "fix");
    CHECK(body["would_change"][0]["names"][0].text() == "tags");
    CHECK(body["would_change"][0]["text"].text() == "a change that policy tags does not refuse");
    CHECK(body["text"].text().find("what would change it") != std::string::npos);
}

TEST_CASE("the kept input of each kind is shown, of an approval the newest that is known") {
    Explaining api;
    auto run = Explaining::a_run("aaaa1111", RunKind::tracked, RunState::unconfirmed);
    run.push.input = api.keep(PolicyKind::push, "production/net", "track");
    set_plan(run).decision.input = api.keep(PolicyKind::plan, "production/net", "passed");
    for (const char* outcome : {"approved", "undecided"}) {
        StateChange change;
        change.vote.emplace();
        change.vote->approval = Approval::undecided;
        change.vote->input = api.keep(PolicyKind::approval, "production/net", outcome);
        run.history.push_back(change);
    }
    api.put(run, 1);
    const auto outcome = [&](const char* kind) {
        const auto reply = api.call("/api/v1/runs/aaaa1111/inputs/" + std::string(kind));
        return reply.status == 200 ? (*parse_json(reply.body))["outcome"].text()
                                   : std::to_string(reply.status);
    };
    CHECK(outcome("push") == "track");
    CHECK(outcome("plan") == "passed");
    CHECK(outcome("approval") == "undecided");
    CHECK(outcome("login") == "400");
    CHECK(outcome("nothing") == "400");
}

TEST_CASE("an input that was not kept, or is another stack's, is not found") {
    Explaining api;
    auto run = Explaining::a_run("aaaa1111", RunKind::tracked, RunState::unconfirmed);
    run.push.input = api.keep(PolicyKind::push, "other", "track");
    api.put(run, 1);
    CHECK(api.call("/api/v1/runs/aaaa1111/inputs/push").status == 404);
    const auto none = api.call("/api/v1/runs/aaaa1111/inputs/plan");
    CHECK(none.status == 404);
    CHECK(none.body.find("Nothing that plan policies were asked is kept") != std::string::npos);
}

TEST_CASE("S2: without a token nothing of it is told") {
    Explaining api;
    api.put(Explaining::a_run("aaaa1111", RunKind::tracked, RunState::unconfirmed), 1);
    api.is_local = false;
    for (const char* path :
         {"/api/v1/explain", "/api/v1/runs/aaaa1111/inputs/push", "/api/v1/runs/aaaa1111/explain"})
        CHECK(api.call(path, {{"of", "aaaa1111"}}).status == 401);
}
