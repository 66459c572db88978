// Which runs the API lists, and which one is meant by the beginning of an id.
#include <doctest/doctest.h>
#include <unistd.h>

#include <map>
#include <set>

#include "handlers/api/routes.hpp"
#include "handlers/api/run_filter.hpp"
#include "handlers/api/run_lookup.hpp"
#include "service/base/digest.hpp"
#include "service/model/drift.hpp"
#include "service/model/pull_record.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;

namespace {

struct Api {
    asio::io_context io;
    FixedClock clock{1'700'000'000'000};
    std::unique_ptr<Queue> queue = make_memory_queue(io.get_executor(), clock);
    ApiContext context{*queue, clock};
    Router router;
    bool is_local = true;
    std::string token;

    Api() { add_api_routes(router, context); }

    void put(const char* id, const char* stack, RunState state, int pull, std::int64_t at_ms) {
        Stored<Run> run;
        run.value.id = RunId(id);
        run.value.stack = StackId(stack);
        run.value.state = state;
        if (pull) run.value.pull = pull;
        run.value.created_at_ms = at_ms;
        StateChange change;
        change.event = RunEvent::created;
        change.at_ms = at_ms;
        change.by = "forge.test/ada";
        run.value.history = {change};
        Commit commit;
        commit.records.push_back(save(run_key(run.value.id), run));
        commit.index.push_back({runs_index(), id, at_ms});
        commit.index.push_back({runs_index(run.value.stack), id, at_ms});
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }
    template <class T>
    void put(std::string key, T value) {
        Commit commit;
        commit.records.push_back(save(std::move(key), Stored<T>{std::move(value), 0}));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
    }

    HttpResponse call(std::string path, std::map<std::string, std::string> query = {},
                      std::string method = "GET") {
        const auto match = router.match(method, path);
        REQUIRE(match.handler);
        HttpRequest request;
        request.method = method;
        request.path = path;
        request.query = std::move(query);
        request.parameters = match.parameters;
        if (is_local) request.peer = HttpRequest::Peer{geteuid(), 0, 1};
        if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
        return run_task(io, (*match.handler)(std::move(request)));
    }
    std::string listed(std::map<std::string, std::string> query) {
        const auto reply = call("/api/v1/runs", std::move(query));
        REQUIRE(reply.status == 200);
        std::string out;
        const auto body = *parse_json(reply.body);
        for (const auto& run : body["runs"].items())
            out += (out.empty() ? "" : " ") + run["id"].text();
        return out;
    }
};

std::string detail_of(const HttpResponse& reply) {
    return (*parse_json(reply.body))["detail"].text();
}

}  // namespace

TEST_CASE("a run is meant by its id, or by a beginning that no other has") {
    const std::vector<std::string> ids = {"abcd1", "abcd2", "abff3"};
    CHECK(ids_meant("abcd", ids) == std::vector<std::string>{"abcd1", "abcd2"});
    CHECK(ids_meant("ABFF", ids) == std::vector<std::string>{"abff3"});
    CHECK(ids_meant("bcd1", ids).empty());

    Api api;
    api.put("abcd1", "net", RunState::applying, 7, 10);
    api.put("abcd2", "web", RunState::finished, 0, 20);
    api.put("abff3", "dns", RunState::queued, 0, 30);
    api.put("abff33", "dns", RunState::queued, 0, 40);
    for (const char* end : {"", "/log", "/explain"}) {
        CAPTURE(end);
        CHECK(api.call("/api/v1/runs/abcd2" + std::string(end)).status == 200);
        CHECK(api.call("/api/v1/runs/abff3" + std::string(end)).status == 200);  // exact
        const auto several = api.call("/api/v1/runs/abcd" + std::string(end));
        CHECK(several.status == 400);
        CHECK(detail_of(several) ==
              "2 runs begin with abcd: abcd2 (web, finished), abcd1 (net, applying). Type more of "
              "the id.");
        const auto none = api.call("/api/v1/runs/beef" + std::string(end));
        CHECK(none.status == 404);
        CHECK(detail_of(none) == "There is no run beef; `slipway runs` lists those there are.");
        CHECK(detail_of(api.call("/api/v1/runs/abc" + std::string(end))) ==
              "A run is named by its id, or by at least the first 4 characters of it.");
    }
    api.put("c0ffee00", "net", RunState::planning, 7, 50);
    const auto shown = *parse_json(api.call("/api/v1/runs/c0ff").body);
    CHECK(shown["id"].text() == "c0ffee00");
    CHECK(shown["history"][0]["event"].text() == "created");
    CHECK(shown["history"][0]["by"].text() == "forge.test/ada");
}

TEST_CASE("S2: whoever may not read runs does not learn by a beginning which there are") {
    Api api;
    api.put("abcd1", "net", RunState::applying, 7, 10);
    api.put("abcd2", "net", RunState::applying, 7, 10);
    api.is_local = false;
    for (const char* end : {"", "/log", "/explain"}) {
        const auto none = api.call("/api/v1/runs/beef" + std::string(end));
        const auto one = api.call("/api/v1/runs/abcd1" + std::string(end));
        const auto several = api.call("/api/v1/runs/abcd" + std::string(end));
        CHECK(none.status == 401);
        CHECK(none.body == one.body);
        CHECK(none.body == several.body);
    }
    // A token that reads may not find out by the answers to requests, either.
    api.token = "reads";
    api.put(token_key(sha256_hex(api.token)), TokenRecord{"ci", Role::reader});
    const auto none = api.call("/api/v1/runs/beef/confirm", {}, "POST");
    const auto several = api.call("/api/v1/runs/abcd/confirm", {}, "POST");
    CHECK(none.status == 403);
    CHECK(none.body == several.body);
}

TEST_CASE("runs are listed by stack, state and pull request") {
    Api api;
    CHECK(api.listed({}) == "");
    api.put("r1", "net", RunState::unconfirmed, 7, 10);
    api.put("r2", "net", RunState::applying, 8, 20);
    api.put("r3", "web", RunState::unknown, 7, 30);
    api.put("r4", "web", RunState::finished, 0, 40);
    CHECK(api.listed({}) == "r4 r3 r2 r1");
    CHECK(api.listed({{"state", "waiting"}}) == "r3 r1");
    CHECK(api.listed({{"state", "waiting,applying"}}) == "r3 r2 r1");
    CHECK(api.listed({{"state", "running"}, {"stack", "net"}}) == "r2");
    CHECK(api.listed({{"state", "over"}}) == "r4");
    CHECK(api.listed({{"pull", "7"}}) == "r3 r1");
    CHECK(api.listed({{"pull", "7"}, {"state", "unconfirmed"}}) == "r1");
    CHECK(api.listed({{"pull", "9"}}) == "");
    CHECK(api.listed({{"state", "waiting"}, {"limit", "1"}}) == "r3");
    const auto first = *parse_json(api.call("/api/v1/runs", {{"limit", "3"}}).body);
    const auto from = std::to_string(first["cursor"].int_or(0));
    CHECK(api.listed({{"cursor", from}}) == "r1");
    CHECK(api.listed({{"state", "waiting"}, {"cursor", from}}) == "r1");

    const auto reply = api.call("/api/v1/runs", {{"state", "aplying"}});
    CHECK(reply.status == 400);
    CHECK(detail_of(reply) ==
          "There is no such state; did you mean `applying`? There are waiting, running, over, "
          "queued, preparing, planning, unconfirmed, confirmed, applying, finished, failed, "
          "canceled, discarded, stopped, skipped and unknown.");
    CHECK(api.call("/api/v1/runs", {{"state", "nonsense"}}).status == 400);
    for (const char* wrong : {"0", "-1", "x", "99999999999"})
        CHECK(api.call("/api/v1/runs", {{"pull", wrong}}).status == 400);
}

TEST_CASE("a filter finds what lies behind many runs of one moment") {
    Api api;
    api.put("first", "net", RunState::unconfirmed, 7, 10);
    for (int i = 0; i < 450; ++i)
        api.put(("same" + std::to_string(i)).c_str(), "net",
                i == 0 ? RunState::unconfirmed : RunState::finished, 0, 20);
    CHECK(api.listed({{"state", "waiting"}}) == "same0 first");
}

TEST_CASE("pages leave out nothing and show nothing twice, also of runs that were made at once") {
    Api api;
    for (int i = 0; i < 25; ++i)
        api.put(("run" + std::to_string(i)).c_str(), "net", RunState::finished, 7,
                i < 3 ? i + 1 : 20);
    for (const char* limit : {"1", "4", "10", "24", "25", "26"})
        for (const bool filtered : {false, true}) {
            CAPTURE(limit);
            CAPTURE(filtered);
            std::set<std::string> seen;
            std::string cursor = "0";
            int pages = 0;
            do {
                std::map<std::string, std::string> query{{"limit", limit}, {"cursor", cursor}};
                if (filtered) query["pull"] = "7";
                const auto page = *parse_json(api.call("/api/v1/runs", query).body);
                for (const auto& run : page["runs"].items())
                    CHECK(seen.insert(std::string(run["id"].text())).second);
                cursor = page["cursor"].is_null() ? "" : std::to_string(page["cursor"].int_or(0));
            } while (!cursor.empty() && ++pages < 30);
            CHECK(cursor.empty());
            CHECK(seen.size() == 25);
        }
}

TEST_CASE("a log says when nothing more comes by itself") {
    struct Row {
        RunState state;
        const char* rest;
    };
    for (const auto& row : {Row{RunState::planning, "more"}, Row{RunState::unconfirmed, "paused"},
                            Row{RunState::applying, "more"}, Row{RunState::unknown, "paused"},
                            Row{RunState::finished, "complete"}}) {
        Api api;
        api.put("abcd1", "net", row.state, 7, 10);
        const auto reply = api.call("/api/v1/runs/abcd/log");
        std::map<std::string, std::string> headers(reply.headers.begin(), reply.headers.end());
        CHECK(headers["X-Slipway-Log"] == row.rest);
        CHECK(headers["X-Slipway-State"] == word(row.state));
        CHECK(headers["X-Slipway-Run"] == "abcd1");
    }
}

TEST_CASE("a pull request is told with its check and its runs, by number where that is enough") {
    Api api;
    const RepositoryName infra{"forge.test", "acme/infra"}, other{"forge.test", "acme/other"};
    api.put("abcd1", "net", RunState::applying, 7, 10);
    PullRecord record;
    record.pull.name = {infra, 7};
    record.pull.head = CommitSha("head");
    record.stacks.emplace_back().settings.id = StackId("net");
    record.stacks.front().tracked = RunId("abcd1");
    api.put(pull_key(record.pull.name), record);
    PostedRecord posted;
    posted.summary = PostedSummary{CommitSha("head"), CheckStatus::done, Conclusion::failed, "No"};
    api.put(posted_key(record.pull.name), posted);
    Commit seen;
    seen.index.push_back({repositories_index(), infra.text(), 1});
    seen.index.push_back({repositories_index(), other.text(), 2});
    run_task(api.io, api.queue->commit(std::move(seen)));

    CHECK(api.call("/api/v1/pulls/8").status == 404);
    CHECK(api.call("/api/v1/pulls/x").status == 400);
    CHECK(api.call("/api/v1/pulls/7", {{"repository", other.text()}}).status == 404);
    const auto reply = api.call("/api/v1/pulls/7");
    REQUIRE(reply.status == 200);
    const auto pull = *parse_json(reply.body);
    CHECK(pull["repository"].text() == "forge.test/acme/infra");
    CHECK(pull["summary"]["status"].text() == "completed");
    CHECK(pull["summary"]["conclusion"].text() == "failure");
    CHECK(pull["stacks"][0]["state"].text() == "applying");

    record.pull.name.repository = other;
    api.put(pull_key(record.pull.name), record);
    const auto several = api.call("/api/v1/pulls/7");
    CHECK(several.status == 400);
    CHECK(detail_of(several) ==
          "Pull request #7 exists in forge.test/acme/other and forge.test/acme/infra: name the "
          "repository.");
    CHECK(api.call("/api/v1/pulls/7", {{"repository", other.text()}}).status == 200);
}

TEST_CASE("what looks for drift found last is listed by stack, in numbers and words") {
    Api api;
    for (const char* stack : {"web", "net"}) {
        DriftRecord record;
        record.stack = StackId(stack);
        record.run = RunId(std::string("of-") + stack);
        record.at_ms = 10;
        if (record.stack == StackId("web")) record.counts.update = 2, record.counts.remove = 1;
        api.put(drift_key(stack), record);
        Commit listed;
        listed.index.push_back({drift_index(), stack, 10});
        REQUIRE(run_task(api.io, api.queue->commit(std::move(listed))) == Committed::done);
    }
    const auto found = (*parse_json(api.call("/api/v1/drift").body))["drift"];
    CHECK(found[0]["stack"].text() == "net");
    CHECK_FALSE(found[0]["drifted"].bool_or(true));
    CHECK(found[0]["summary"].text() == "nothing drifted");
    CHECK(found[1]["drifted"].bool_or(false));
    CHECK(found[1]["summary"].text() == "2 changed, 1 gone");
    CHECK(found[1]["run"].text() == "of-web");
    // Whoever may not read is not told.
    api.is_local = false;
    CHECK(api.call("/api/v1/drift").status == 401);
}

TEST_CASE("S2, W2: a look for drift asks for the role writer, a destroy for the role admin") {
    Api api;
    api.is_local = false;
    for (const auto role : {Role::reader, Role::writer}) {
        api.token = std::string(word(role));
        api.put(token_key(sha256_hex(api.token)), TokenRecord{"ci", role});
        CHECK(api.call("/api/v1/destroy", {}, "POST").status == 403);
        const auto look = api.call("/api/v1/drift", {}, "POST").status;
        CHECK(look == (role == Role::reader ? 403 : 400));  // it names no stack
    }
    api.token = "admin";
    api.put(token_key(sha256_hex(api.token)), TokenRecord{"ci", Role::admin});
    CHECK(api.call("/api/v1/destroy", {}, "POST").status == 400);
}
