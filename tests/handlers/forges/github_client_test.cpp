// What the foreign parts do not play: limits, worn-out tokens, renames, lost answers, lag. The
// forge here is a script of replies.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>

#include "handlers/forges/github/client.hpp"
#include "handlers/forges/rest/status.hpp"
#include "service/base/codec.hpp"
#include "service/base/digest.hpp"
#include "service/base/metrics.hpp"
#include "service/base/pause.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/support/test_key.hpp"

using namespace slipway;
using namespace slipway::github;
using rest::Spacing;
using std::chrono::milliseconds;

namespace {

constexpr const char* sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
constexpr const char* other_sha = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";

constexpr std::int64_t start_ms = 1'800'000'000'000;

struct Bench {
    asio::io_context io;
    FixedClock clock{start_ms}, steady{1'000};
    ScriptedHttp http;
    std::unique_ptr<GithubForge> forge;
    RepositoryName repository{"github.com", "acme/infra"};
    PullRequestName pull{repository, 7};

    enum class With { token, app };
    explicit Bench(With with = With::token, Spacing spacing = documented_spacing()) {
        GithubConfig github;
        github.deployments = true;
        github.api_url = "https://api.test/";
        if (with == With::token) {
            github.token = Secret("pat");
        } else {
            github.app_id = "4711";
            github.app_private_key = Secret(test_key());
            http.on("GET /repos/acme/infra/installation", 200, R"({"id":100})");
            http.on("POST /app/installations/100/access_tokens", 201, token("first"));
            http.on("POST /app/installations/100/access_tokens", 201, token("second"));
        }
        spacing.lag = {milliseconds(0), milliseconds(0)};
        const ForgeConfig config{"github.com", {}, github};
        forge = std::make_unique<GithubForge>(config, http, clock, steady, spacing);
    }
    std::string token(const std::string& text) const {
        return R"({"token":")" + text + R"(","expires_at":")" +
               utc_iso(clock.now_ms() + 3'600'000) + R"("})";
    }
    template <class T>
    T run(Task<T> task) {
        return run_task(io, std::move(task));
    }
    // The Failure that a task ends with.
    template <class T>
    std::optional<Failure> failure(Task<T> task) {
        try {
            run(std::move(task));
        } catch (const Failure& e) {
            return e;
        }
        return std::nullopt;
    }
};

Check check_of(std::string name = "slipway/network") {
    Check check;
    check.name = std::move(name);
    check.commit = CommitSha(sha);
    check.external_id = "01RUN";
    check.status = CheckStatus::done;
    check.title = "No changes";
    return check;
}

}  // namespace

TEST_CASE("Who must wait gives its place away and comes back with its time") {
    Spacing spacing;
    spacing.limits = {2, 500, 900, 0, 0, 5};
    Bench bench(Bench::With::token, spacing);
    bench.http.on("POST /repos/acme/infra/issues/comments/5/reactions", 201);
    auto acknowledge = [&] { return bench.forge->acknowledge(bench.pull, "5"); };
    bench.run(acknowledge());
    bench.steady.advance(milliseconds(58'500));
    bench.run(acknowledge());
    auto paused = [&]() -> std::int64_t {
        try {
            bench.run(acknowledge());
        } catch (const Pause& pause) {
            return pause.after().count();
        }
        return 0;
    };
    CHECK(paused() == 1'750);
    CHECK(bench.http.count("POST /repos/acme/infra/issues/comments/5/reactions") == 2);
    CHECK(bench.run(bench.forge->wait_for_rest(bench.repository, WriteKind::creates)).count() ==
          1'750);
    CHECK(bench.run(bench.forge->wait_for_rest(bench.repository, WriteKind::edits)).count() == 0);
    bench.steady.advance(milliseconds(1'750));
    bench.run(acknowledge());
}

TEST_CASE("After a limit nobody asks again before GitHub's own time") {
    Bench bench;
    const std::string get = "GET /repos/acme/infra";
    bench.http.on(
        get, 403, "{}",
        {{"retry-after", "30"}, {"x-ratelimit-limit", "5000"}, {"x-ratelimit-remaining", "17"}});
    bench.http.on(get, 200, R"({"default_branch":"main"})");
    auto limited = bench.failure(bench.forge->default_branch(bench.repository));
    REQUIRE(limited);
    CHECK(limited->retry() == Retry::after);
    CHECK(limited->after().count() == 30'000);
    bench.steady.advance(milliseconds(10'000));
    auto held = bench.failure(bench.forge->default_branch(bench.repository));
    REQUIRE(held);
    CHECK(held->after().count() == 20'000);
    CHECK(bench.http.count(get) == 1);
    const auto metrics = metrics_text();
    CHECK(metrics.find(R"(slipway_forge_calls_total{forge="github.com",outcome="limited"} 1)") !=
          metrics.npos);
    CHECK(metrics.find(R"(slipway_forge_calls_remaining{forge="github.com",installation=""} 17)") !=
          metrics.npos);
    bench.steady.advance(milliseconds(20'000));
    CHECK(bench.run(bench.forge->default_branch(bench.repository)) == "main");
}

TEST_CASE("A clock that is set back by an hour holds nobody up") {
    Bench bench;
    const std::string get = "GET /repos/acme/infra";
    const auto there = start_ms / 1'000;  // GitHub's clock is right
    bench.http.on(get, 200, R"({"default_branch":"main"})");
    bench.http.on(get, 403, "{}",
                  {{"x-ratelimit-remaining", "0"},
                   {"x-ratelimit-limit", "5000"},
                   {"x-ratelimit-reset", std::to_string(there + 30)},
                   {"date", "Fri, 15 Jan 2027 08:00:00 GMT"}});
    bench.http.on(get, 200, R"({"default_branch":"main"})",
                  {{"x-ratelimit-remaining", "5000"}, {"x-ratelimit-limit", "5000"}});
    for (int i = 0; i < 2; ++i)
        bench.http.on("POST /repos/acme/infra/issues/comments/5/reactions", 201);
    bench.run(bench.forge->acknowledge(bench.pull, "5"));
    CHECK(bench.run(bench.forge->default_branch(bench.repository)) == "main");
    bench.clock.advance(std::chrono::hours(-1));
    auto limited = bench.failure(bench.forge->default_branch(bench.repository));
    REQUIRE(limited);
    CHECK(limited->after().count() == 30'000);
    bench.steady.advance(milliseconds(30'000));
    CHECK(bench.run(bench.forge->default_branch(bench.repository)) == "main");
    bench.run(bench.forge->acknowledge(bench.pull, "5"));
}

TEST_CASE("A refusal says what to do next, and whether asking again can help") {
    struct Case {
        int status;
        std::string body;
        std::map<std::string, std::string, std::less<>> headers;
        Retry retry;
        const char* says;
    };
    const Case cases[] = {
        {403,
         R"({"message":"Resource not accessible by integration"})",
         {{"x-accepted-github-permissions", "checks=write"}},
         Retry::never,
         "one of checks=write"},
        {404, R"({"message":"Not Found"})", {}, Retry::never, "may see the repository"},
        {422,
         R"({"message":"Validation Failed","errors":[{"field":"head_sha","code":"invalid"}]})",
         {},
         Retry::never,
         "head_sha invalid"},
        {401,
         R"({"message":"Bad credentials"})",
         {},
         Retry::later,
         "check them in the configuration"},
        {500, "<html>", {}, Retry::later, "could not do"},
        {301,
         "",
         {{"location", "https://elsewhere.test/repos/acme/infra"}},
         Retry::never,
         "another host"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.status);
        Bench bench;
        bench.http.on("GET /repos/acme/infra", c.status, c.body, c.headers);
        auto failure = bench.failure(bench.forge->default_branch(bench.repository));
        REQUIRE(failure);
        CHECK(failure->retry() == c.retry);
        CHECK(std::string(failure->what()).find(c.says) != std::string::npos);
    }
    Bench bench;
    bench.http.on("GET /repos/acme/infra", 500,
                  "{\"message\":\"" + std::string(5'000, 'x') + "\\n\"}");
    auto failure = bench.failure(bench.forge->default_branch(bench.repository));
    CHECK(std::string(failure->what()).size() < 500);
}

TEST_CASE("A forge without credentials says so") {
    asio::io_context io;
    FixedClock clock(0);
    ScriptedHttp http;
    const ForgeConfig config{"github.com", {}, GithubConfig()};
    GithubForge forge(config, http, clock, clock, Spacing{});
    RepositoryName repository{"github.com", "acme/infra"};
    CHECK_THROWS_WITH_AS(run_task(io, forge.default_branch(repository)),
                         "The forge github.com has no credentials; give it app_id and "
                         "app_private_key, or a token",
                         Failure);
}

TEST_CASE("F23: A renamed repository is followed on its host, with method and body") {
    Bench bench;
    bench.http.on("POST /repos/acme/infra/issues/7/comments", 301, "",
                  {{"location", "https://api.test/repositories/5/issues/7/comments"}});
    bench.http.on("POST /repositories/5/issues/7/comments", 201, R"({"id":99})");
    bench.http.on("GET /repos/acme/infra/issues/7/comments?per_page=100", 200, "[]");
    bench.http.on("GET /user", 200, R"({"login":"robot"})");
    CHECK(bench.run(bench.forge->put_comment(bench.pull, "", "<!-- slipway -->", "Hello")) == "99");
    CHECK(bench.http.sent.back().body["body"].text() == "<!-- slipway -->\nHello");
    CHECK(bench.http.sent.back().authorization == "Bearer pat");
}

TEST_CASE("Rename circles end") {
    Bench bench;
    bench.http.on("GET /repos/acme/infra", 301, "", {{"location", "/repos/acme/infra"}});
    auto failure = bench.failure(bench.forge->default_branch(bench.repository));
    REQUIRE(failure);
    CHECK(failure->retry() == Retry::never);
    CHECK(bench.http.sent.size() == 4);
}

TEST_CASE("An installation token is kept until five minutes before its end") {
    Bench bench(Bench::With::app);
    const std::string mint = "POST /app/installations/100/access_tokens";
    bench.http.on("GET /repos/acme/infra", 200, R"({"default_branch":"main"})");
    auto ask = [&] { return bench.run(bench.forge->default_branch(bench.repository)); };
    ask();
    CHECK(bench.http.sent.back().authorization == "Bearer first");
    bench.clock.advance(std::chrono::minutes(54));
    ask();
    CHECK(bench.http.count(mint) == 1);
    bench.clock.advance(std::chrono::minutes(1));
    ask();
    CHECK(bench.http.count(mint) == 2);
    CHECK(bench.http.sent.back().authorization == "Bearer second");
    CHECK(bench.http.count("GET /repos/acme/infra/installation") == 1);
}

TEST_CASE("Many who need a token wait for one") {
    Bench bench(Bench::With::app);
    bench.http.on("GET /repos/acme/infra", 200, R"({"default_branch":"main"})");
    auto many = [](Bench& b) -> Task<void> {
        auto executor = co_await this_executor();
        TaskGroup group(executor);
        auto one = [](Bench& inner) -> Task<void> {
            co_await inner.forge->default_branch(inner.repository);
        };
        for (int i = 0; i < 10; ++i) group.start(one(b));
        co_await group.join();
    };
    bench.run(many(bench));
    CHECK(bench.http.count("POST /app/installations/100/access_tokens") == 1);
    CHECK(bench.http.count("GET /repos/acme/infra") == 10);
}

TEST_CASE("A refused token is renewed once") {
    Bench bench(Bench::With::app);
    bench.http.on("GET /repos/acme/infra", 401);
    bench.http.on("GET /repos/acme/infra", 200, R"({"default_branch":"main"})");
    CHECK(bench.run(bench.forge->default_branch(bench.repository)) == "main");
    CHECK(bench.http.sent.back().authorization == "Bearer second");

    Bench twice(Bench::With::app);
    twice.http.on("GET /repos/acme/infra", 401);
    CHECK(twice.failure(twice.forge->default_branch(twice.repository)));
    CHECK(twice.http.count("GET /repos/acme/infra") == 2);
}

TEST_CASE("The JWT lives from a minute ago for ten minutes, and GitHub's clock counts") {
    auto claims = [](const std::string& authorization) {
        auto text = authorization.substr(authorization.find('.') + 1);
        text = text.substr(0, text.find('.'));
        for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
        while (text.size() % 4 != 0) text += '=';
        auto decoded = from_base64(text);
        REQUIRE(decoded);
        return *parse_json(*decoded);
    };
    Bench bench(Bench::With::app);
    const std::string where = "GET /repos/acme/infra/installation";
    bench.http.answers[where].clear();
    bench.http.on(where, 401, "{}", {{"date", "Fri, 15 Jan 2027 09:00:00 GMT"}});  // an hour ahead
    bench.http.on(where, 200, R"({"id":100})");
    bench.http.on("GET /repos/acme/infra", 200, R"({"default_branch":"main"})");
    bench.run(bench.forge->default_branch(bench.repository));
    auto first = claims(bench.http.sent[0].authorization);
    CHECK(first["iat"].int_or(0) == start_ms / 1'000 - 60);
    CHECK(first["exp"].int_or(0) == start_ms / 1'000 + 540);
    CHECK(first["iss"].text() == "4711");
    auto second = claims(bench.http.sent[1].authorization);
    CHECK(second["iat"].int_or(0) == start_ms / 1'000 - 60 + 3'600);
}

TEST_CASE("Rule R5: git gets a token that reads the contents of one repository") {
    Bench bench(Bench::With::app);
    auto remote = bench.run(bench.forge->git_remote(bench.repository));
    CHECK(remote.url == "https://github.com/acme/infra.git");
    CHECK(remote.password.reveal() == "first");
    const auto& asked = bench.http.sent.back().body;
    CHECK(asked.dump() == R"({"repositories":["infra"],"permissions":{"contents":"read"}})");
    bench.http.on("GET /repos/acme/infra", 200, R"({"default_branch":"main"})");
    bench.run(bench.forge->default_branch(bench.repository));
    CHECK(bench.http.sent.back().authorization == "Bearer second");  // another scope, another token
}

TEST_CASE("F5: A pull request that is not there yet is asked for again") {
    Bench bench;
    const std::string get = "GET /repos/acme/infra/pulls/7";
    bench.http.on(get, 404);
    bench.http.on(get, 200,
                  std::string(R"({"state":"open","user":null,"head":{"ref":"t","sha":")") + sha +
                      R"(","repo":null},"base":{"ref":"main","sha":")" + other_sha +
                      R"(","repo":{"id":1}},"merge_commit_sha":")" + sha + R"("})");
    auto pull = bench.run(bench.forge->pull_request(bench.pull));
    REQUIRE(pull);
    CHECK(pull->fork);  // its repository is gone
    CHECK(pull->author.login == "ghost");
    CHECK(pull->merge_commit.empty());  // a test merge is not a merge

    Bench gone;
    gone.http.on(get, 404);
    CHECK(!gone.run(gone.forge->pull_request(gone.pull)));
    CHECK(gone.http.count(get) == 3);
}

TEST_CASE("F10: what somebody may do is asked for, whatever a payload calls them") {
    Bench bench;
    const std::string get = "GET /repos/acme/infra/collaborators/grace/permission";
    const Actor grace{"github.com", "grace"};
    bench.http.on(get, 200, R"({"permission":"write","role_name":"write"})");
    CHECK(bench.run(bench.forge->permission(bench.repository, grace)) == Permission::write);

    Bench stranger;
    stranger.http.on(get, 404);
    CHECK(stranger.run(stranger.forge->permission(stranger.repository, grace)) == Permission::none);
    const std::string comment = "GET /repos/acme/infra/issues/comments/5";
    stranger.http.on("GET /user", 200, R"({"id":9,"login":"slipway"})");
    stranger.http.on(comment, 200,
                     R"({"id":5,"body":"/slipway apply","author_association":"OWNER",)"
                     R"("user":{"login":"grace","type":"User"},)"
                     R"("issue_url":"https://api.test/repos/acme/infra/issues/7",)"
                     R"("created_at":"2026-11-24T07:00:00Z","updated_at":"2026-11-24T07:00:00Z"})");
    const auto said = stranger.run(stranger.forge->comment(stranger.pull, "5"));
    REQUIRE(said);
    CHECK(said->author.login == "grace");
    CHECK(stranger.run(stranger.forge->permission(stranger.repository, said->author)) ==
          Permission::none);
}

TEST_CASE("F17: whether GitHub calls it mergeable, which depends on our check, changes nothing") {
    std::vector<std::string> read;
    for (const char* state : {R"("mergeable":true,"mergeable_state":"clean")",
                              R"("mergeable":false,"mergeable_state":"blocked")",
                              R"("mergeable":null,"mergeable_state":"unknown")"}) {
        Bench bench;
        bench.http.on("GET /repos/acme/infra/pulls/7", 200,
                      std::string(R"({"state":"open","user":{"login":"linus"},)") + state +
                          R"(,"head":{"ref":"t","sha":")" + sha +
                          R"(","repo":{"id":1}},"base":{"ref":"main","sha":")" + other_sha +
                          R"(","repo":{"id":1}}})");
        const auto pull = bench.run(bench.forge->pull_request(bench.pull));
        REQUIRE(pull);
        read.push_back(encode(*pull).dump());
    }
    CHECK(read[0] == read[1]);
    CHECK(read[0] == read[2]);
}

TEST_CASE("Half a list is never taken for a whole one") {
    Bench bench;
    const std::string page = "GET /repos/acme/infra/pulls/7/reviews?per_page=100";
    auto review = [](int id, const char* state) {
        return R"([{"id":)" + std::to_string(id) + R"(,"state":")" + state +
               R"(","user":{"login":"ada","type":"User"},"commit_id":")" + sha +
               R"(","submitted_at":"2026-11-24T07:00:0)" + std::to_string(id) + R"(Z"}])";
    };
    bench.http.on(page, 200, review(1, "APPROVED"),
                  {{"link",
                    "<https://api.test/repositories/5/pulls/7/reviews?page=2>; rel=\"next\", "
                    "<https://api.test/repositories/5/pulls/7/reviews?page=2>; rel=\"last\""}});
    bench.http.on("GET /repositories/5/pulls/7/reviews?page=2", 200, review(2, "DISMISSED"));
    auto reviews = bench.run(bench.forge->reviews(bench.pull));
    REQUIRE(reviews.size() == 2);
    CHECK(reviews[1].state == ReviewState::dismissed);

    Bench endless;
    endless.http.on(page, 200, review(1, "APPROVED"),
                    {{"link", "</repos/acme/infra/pulls/7/reviews?per_page=100>; rel=\"next\""}});
    auto failure = endless.failure(endless.forge->reviews(endless.pull));
    REQUIRE(failure);
    CHECK(failure->retry() == Retry::never);
}

TEST_CASE("A check whose answer was lost is found and not made twice") {
    Bench bench(Bench::With::app);
    const std::string list = std::string("GET /repos/acme/infra/commits/") + sha +
                             "/check-runs?filter=latest&per_page=100&app_id=4711";
    const std::string make = "POST /repos/acme/infra/check-runs";
    bench.http.on(list, 200, R"({"check_runs":[]})");
    bench.http.on(list, 200, R"({"check_runs":[
        {"id":1,"name":"slipway/network","external_id":"00OLD","app":{"id":4711}},
        {"id":2,"name":"slipway/network","external_id":"01RUN","app":{"id":5}},
        {"id":3,"name":"slipway/network","external_id":"01RUN","app":{"id":4711}}]})");
    bench.http.on(make, 0);  // made, but the answer never came
    bench.http.on("PATCH /repos/acme/infra/check-runs/3", 200);
    auto put = [&] { return bench.forge->put_check(bench.repository, "", check_of()); };
    auto broke = bench.failure(put());
    REQUIRE(broke);
    CHECK(broke->retry() == Retry::later);
    CHECK(bench.run(put()) == "3");
    CHECK(bench.http.count(make) == 1);
}

TEST_CASE("Fifty checks of one commit cost one look") {
    Bench bench(Bench::With::app);
    const std::string list = std::string("GET /repos/acme/infra/commits/") + sha +
                             "/check-runs?filter=latest&per_page=100&app_id=4711";
    bench.http.on(list, 200, R"({"check_runs":[]})");
    for (int i = 0; i < 50; ++i)
        bench.http.on("POST /repos/acme/infra/check-runs", 201,
                      R"({"id":)" + std::to_string(i + 1) + "}");
    for (int i = 0; i < 50; ++i) {
        auto id = bench.run(
            bench.forge->put_check(bench.repository, "", check_of("slipway/" + std::to_string(i))));
        CHECK(id == std::to_string(i + 1));
    }
    CHECK(bench.http.count(list) == 1);
}

TEST_CASE("Annotations are sent once, and others want a new check") {
    Bench bench(Bench::With::app);
    bench.http.on("POST /repos/acme/infra/check-runs", 201, R"({"id":8})");
    bench.http.on("PATCH /repos/acme/infra/check-runs/7", 200);
    auto put = [&](std::string id, Check check) {
        return bench.run(bench.forge->put_check(bench.repository, std::move(id), std::move(check)));
    };
    auto last = [&]() -> const Json& {
        return bench.http.sent.back().body["output"]["annotations"];
    };
    auto check = check_of();
    check.annotations = {{"main.tf", 3, true, "require-tags", "No tag"}};
    auto id = put("7", check);
    CHECK(id.starts_with("7+"));
    CHECK(last().items().size() == 1);
    CHECK(put(id, check) == id);
    CHECK(last().items().empty());
    auto running = check;
    running.status = CheckStatus::running;
    CHECK(put(id, running) == id);
    check.annotations[0].line = 4;
    CHECK(put(id, check).starts_with("8+"));
    check.annotations.clear();
    CHECK(put(id, check) == "8");
}

TEST_CASE("With a token checks are statuses, written where they change") {
    Bench bench;
    const std::string post = std::string("POST /repos/acme/infra/statuses/") + sha;
    bench.http.on(post, 201);
    CHECK(!bench.forge->traits().has_checks);
    auto check = check_of();
    check.title = "A title of several words, ";
    for (int i = 0; i < 5; ++i) check.title += "with ünïcödé in ever more words\n";
    auto put = [&](std::string id) {
        return bench.run(bench.forge->put_check(bench.repository, std::move(id), check));
    };
    auto id = put("");
    auto description = bench.http.sent.back().body["description"].text();
    auto characters = std::ranges::count_if(description, [](char c) { return (c & 0xC0) != 0x80; });
    CHECK(characters == 140);
    CHECK(description.find('\n') == std::string::npos);
    CHECK(put(id) == id);
    CHECK(bench.http.count(post) == 1);
    check.conclusion = Conclusion::failed;
    CHECK(put(id) != id);
    CHECK(bench.http.count(post) == 2);
}

TEST_CASE("A check is sent in the words of GitHub's API") {
    auto sent = [](CheckStatus status, Conclusion conclusion) {
        auto check = check_of();
        check.status = status;
        check.conclusion = conclusion;
        auto body = check_body(check, CheckBody::create, false);
        return body["status"].text() + " " + std::string(body["conclusion"].string_or("-"));
    };
    CHECK(sent(CheckStatus::waiting, Conclusion::passed) == "queued -");
    CHECK(sent(CheckStatus::running, Conclusion::passed) == "in_progress -");
    CHECK(sent(CheckStatus::done, Conclusion::passed) == "completed success");
    CHECK(sent(CheckStatus::done, Conclusion::failed) == "completed failure");
    CHECK(sent(CheckStatus::done, Conclusion::neutral) == "completed neutral");
    CHECK(sent(CheckStatus::done, Conclusion::needs_action) == "completed action_required");
    CHECK(sent(CheckStatus::done, Conclusion::cancelled) == "completed cancelled");
}

TEST_CASE("Rule W4: as a status, what waits for somebody is neither green nor pending") {
    auto state = [](CheckStatus status, Conclusion conclusion) {
        auto check = check_of();
        check.status = status;
        check.conclusion = conclusion;
        return rest::status_body(check, 140)["state"].text();
    };
    CHECK(state(CheckStatus::done, Conclusion::needs_action) == "failure");
    CHECK(state(CheckStatus::done, Conclusion::failed) == "failure");
    CHECK(state(CheckStatus::done, Conclusion::cancelled) == "error");
    CHECK(state(CheckStatus::done, Conclusion::passed) == "success");
    CHECK(state(CheckStatus::done, Conclusion::neutral) == "success");
    CHECK(state(CheckStatus::waiting, Conclusion::passed) == "pending");
    CHECK(state(CheckStatus::running, Conclusion::passed) == "pending");
}

TEST_CASE("F21: A comment is looked for among the oldest and the newest, and only among our own") {
    Bench bench;
    const std::string page = "GET /repos/acme/infra/issues/7/comments?per_page=100";
    auto at = [](int number) {
        return "/repositories/5/issues/7/comments?per_page=100&page=" + std::to_string(number);
    };
    bench.http.on("GET /user", 200, R"({"login":"Robot"})");
    bench.http.on(page, 200,
                  R"([{"id":1,"body":"<!-- slipway --> me","user":{"login":"mallory"}}])",
                  {{"link", "<https://api.test" + at(2) + ">; rel=\"next\", <https://api.test" +
                                at(40) + ">; rel=\"last\""}});
    for (int i = 40; i > 1; --i)
        bench.http.on("GET " + at(i), 200, "[]",
                      {{"link", "<https://api.test" + at(i - 1) + ">; rel=\"prev\""}});
    bench.http.answers["GET " + at(38)].front().body =
        R"([{"id":5,"body":"<!-- slipway -->\nold","user":{"login":"robot"}}])";
    bench.http.on("PATCH /repos/acme/infra/issues/comments/5", 200);
    CHECK(bench.run(bench.forge->put_comment(bench.pull, "", "<!-- slipway -->", "x")) == "5");

    bench.http.answers["GET " + at(38)].front().body = "[]";
    bench.http.on("POST /repos/acme/infra/issues/7/comments", 201, R"({"id":6})");
    auto before = bench.http.sent.size();
    CHECK(bench.run(bench.forge->put_comment(bench.pull, "", "<!-- slipway -->", "x")) == "6");
    CHECK(bench.http.sent.size() - before == 11);  // ten pages, one write
}

TEST_CASE("A pull request that was just read without comments is not searched for our own") {
    Bench bench;
    const std::string search = "GET /repos/acme/infra/issues/7/comments?per_page=100";
    bench.http.on("GET /repos/acme/infra/pulls/7", 200,
                  std::string(R"({"number":7,"state":"open","comments":0,"head":{"sha":")") + sha +
                      R"("},"base":{"ref":"main","repo":{"default_branch":"trunk"}}})");
    bench.http.on("GET /user", 200, R"({"login":"robot"})");
    bench.http.on(search, 200, "[]");
    bench.http.on("POST /repos/acme/infra/issues/7/comments", 201, R"({"id":6})");
    auto put = [&] { return bench.forge->put_comment(bench.pull, "", "<!-- slipway -->", "x"); };
    CHECK(bench.run(bench.forge->pull_request(bench.pull))->default_branch == "trunk");
    CHECK(bench.run(put()) == "6");
    CHECK(bench.http.count(search) == 0);
    CHECK(bench.run(put()) == "6");  // by now there may be one
    CHECK(bench.http.count(search) == 1);
    bench.run(bench.forge->pull_request(bench.pull));
    bench.steady.advance(milliseconds(3'000));
    CHECK(bench.run(put()) == "6");
    CHECK(bench.http.count(search) == 2);
}

TEST_CASE("A deleted comment is written anew") {
    Bench bench;
    bench.http.on("GET /user", 200, R"({"login":"robot"})");
    bench.http.on("PATCH /repos/acme/infra/issues/comments/5", 404);
    bench.http.on("GET /repos/acme/infra/issues/7/comments?per_page=100", 200, "[]");
    bench.http.on("POST /repos/acme/infra/issues/7/comments", 201, R"({"id":6})");
    CHECK(bench.run(bench.forge->put_comment(bench.pull, "5", "<!-- slipway -->", "x")) == "6");
}

namespace {

const std::string deployments = "/repos/acme/infra/deployments";
const std::string deployments_there =
    "GET " + deployments + "?sha=" + sha + "&environment=network&per_page=100";

Deployment deployment(DeploymentState state) {
    Deployment out;
    out.environment = "network";
    out.commit = CommitSha(sha);
    out.key = "01RUN";
    out.state = state;
    out.description = "1 to add";
    return out;
}

}  // namespace

TEST_CASE("An apply is one deployment, with a status for each state") {
    Bench bench;
    CHECK(bench.forge->traits().records_deployments);
    bench.http.on(deployments_there, 200, R"([{"id":3,"payload":{"slipway_run":"02RUN"}}])");
    bench.http.on("POST " + deployments, 201, R"({"id":4})");
    bench.http.on("POST " + deployments + "/4/statuses", 201, R"({"id":9})");
    const auto id = bench.run(bench.forge->put_deployment(
        bench.repository, "", deployment(DeploymentState::in_progress)));
    CHECK(id == "4");
    auto last = deployment(DeploymentState::success);
    last.url = "https://slipway.test/runs/01RUN";
    CHECK(bench.run(bench.forge->put_deployment(bench.repository, id, last)) == "4");
    CHECK(bench.http.count("POST " + deployments) == 1);
    CHECK(bench.http.count(deployments_there) == 1);
    const auto& sent = bench.http.sent;
    const auto made = std::find_if(sent.begin(), sent.end(), [](const Sent& one) {
        return one.method == "POST" && one.path == deployments;
    });
    CHECK(made->body["ref"].text() == sha);
    CHECK(made->body["required_contexts"].items().empty());
    CHECK_FALSE(made->body["auto_merge"].bool_or(true));
    CHECK(sent.back().body["state"].text() == "success");
    CHECK(sent.back().body["log_url"].text() == last.url);
}

TEST_CASE("A deployment whose making was not answered is found by its run, and not made twice") {
    for (const char* payload : {R"({"slipway_run":"01RUN"})", R"("{\"slipway_run\":\"01RUN\"}")"}) {
        Bench bench;
        bench.http.on(deployments_there, 200,
                      "[{\"id\":4,\"payload\":" + std::string(payload) + "}]");
        bench.http.on("POST " + deployments + "/4/statuses", 201, R"({"id":9})");
        CHECK(bench.run(bench.forge->put_deployment(bench.repository, "",
                                                    deployment(DeploymentState::failure))) == "4");
        CHECK(bench.http.count("POST " + deployments) == 0);
    }
}
