// Gitea's client against a script of replies; what the real Gitea does is in tests/end_to_end.
#include "handlers/forges/gitea/client.hpp"

#include <doctest/doctest.h>

#include "tests/support/run_task.hpp"
#include "tests/support/scripted_http.hpp"

using namespace slipway;
using namespace slipway::gitea;
using std::chrono::milliseconds;

namespace {

constexpr const char* sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
constexpr const char* base_sha = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";

struct Bench {
    asio::io_context io;
    FixedClock clock{1'800'000'000'000}, steady{1'000};
    ScriptedHttp http;
    std::unique_ptr<GiteaForge> forge;
    RepositoryName repository{"git.acme.test", "acme/infra"};
    PullRequestName pull{repository, 7};

    Bench() {
        GiteaConfig gitea;
        gitea.api_url = "https://api.test/api/v1";
        gitea.git_url = "https://api.test/{path}.git";
        gitea.token = Secret("tok");
        gitea.webhook_secrets = {Secret("hook")};
        rest::Spacing spacing;
        spacing.lag = {milliseconds(0), milliseconds(0)};
        const ForgeConfig config{"git.acme.test", {}, gitea};
        forge = std::make_unique<GiteaForge>(config, http, clock, steady, spacing);
        http.on("GET /api/v1/user", 200, R"({"login":"slipway"})");
    }
    Actor grace() const { return {"git.acme.test", "grace"}; }
    template <class T>
    T run(Task<T> task) {
        return run_task(io, std::move(task));
    }
};

std::string path(const std::string& rest) { return "/api/v1/repos/acme/infra" + rest; }

Check check_of(Conclusion conclusion = Conclusion::passed) {
    Check check;
    check.name = "slipway/network";
    check.commit = CommitSha(sha);
    check.status = CheckStatus::done;
    check.conclusion = conclusion;
    check.title = "1 to add";
    return check;
}

}  // namespace

TEST_CASE("Gitea: a pull request is read, and a fork is one whose head lies elsewhere") {
    Bench bench;
    const auto body = [](const std::string& head) {
        return R"({"number":7,"title":"A","user":{"login":"linus"},"state":"open","merged":false,
            "draft":true,"head":)" +
               head + R"(,"base":{"ref":"main","sha":")" + base_sha +
               R"(","repo_id":5,"repo":{"default_branch":"main"}},"labels":[{"name":"db"}]})";
    };
    const std::string same =
        std::string(R"({"ref":"topic","sha":")") + sha + R"(","repo_id":5,"repo":{"id":5}})";
    const std::string gone =
        std::string(R"({"ref":"refs/pull/7/head","sha":")") + sha + R"(","repo_id":5,"repo":null})";
    bench.http.on("GET " + path("/pulls/7"), 200, body(same));
    bench.http.on("GET " + path("/pulls/7"), 200, body(gone));
    auto pull = bench.run(bench.forge->pull_request(bench.pull));
    REQUIRE(pull);
    CHECK_FALSE(pull->fork);
    CHECK(pull->draft);
    CHECK(pull->head.value == sha);
    CHECK(pull->base_branch == "main");
    CHECK(pull->labels == std::vector<std::string>{"db"});
    CHECK(bench.http.sent.front().authorization == "token tok");
    pull = bench.run(bench.forge->pull_request(bench.pull));
    REQUIRE(pull);
    CHECK(pull->fork);
}

TEST_CASE("Gitea: a merged pull request carries the commit that its branch got") {
    Bench bench;
    bench.http.on(
        "GET " + path("/pulls/7"), 200,
        std::string(R"({"number":7,"state":"closed","merged":true,"merge_commit_sha":")") +
            base_sha + R"(","head":{"ref":"t","sha":")" + sha +
            R"(","repo_id":5,"repo":{"id":5}},"base":{"ref":"main","repo_id":5}})");
    auto pull = bench.run(bench.forge->pull_request(bench.pull));
    REQUIRE(pull);
    CHECK(pull->state == PullState::merged);
    CHECK(pull->merge_commit.value == base_sha);
}

TEST_CASE(
    "F5: probot#1283: a pull request that is not there yet is asked for again, then believed") {
    Bench bench;
    bench.http.on("GET " + path("/pulls/7"), 404);
    CHECK_FALSE(bench.run(bench.forge->pull_request(bench.pull)));
    CHECK(bench.http.count("GET " + path("/pulls/7")) == 3);
}

TEST_CASE("Gitea: a dismissed approval is none, and a review names its commit") {
    Bench bench;
    bench.http.on("GET " + path("/pulls/7/reviews?limit=50"), 200,
                  std::string(R"([
        {"id":3,"user":{"login":"grace"},"state":"APPROVED","dismissed":true,"commit_id":")") +
                      sha + R"(","submitted_at":"2026-11-28T18:00:02+01:00"},
        {"id":2,"user":{"login":"linus"},"state":"REQUEST_CHANGES","commit_id":")" +
                      sha + R"(","submitted_at":"2026-11-28T17:00:01Z"},
        {"id":4,"user":{"login":"linus"},"state":"PENDING"},
        {"id":5,"user":null,"state":"APPROVED"}])");
    const auto reviews = bench.run(bench.forge->reviews(bench.pull));
    REQUIRE(reviews.size() == 2);
    CHECK(reviews[0].state == ReviewState::changes_requested);
    CHECK(reviews[1].state == ReviewState::dismissed);
    REQUIRE(reviews[1].commit);
    CHECK(reviews[1].commit->value == sha);
    CHECK(reviews[1].submitted_at_ms - reviews[0].submitted_at_ms == 1'000);
}

TEST_CASE("Gitea: permissions are asked for, and who is unknown has none") {
    Bench bench;
    const auto request = "GET " + path("/collaborators/grace/permission");
    bench.http.on(request, 200, R"({"permission":"owner"})");
    bench.http.on(request, 200, R"({"permission":"write"})");
    bench.http.on(request, 200, R"({"permission":"something new"})");
    bench.http.on(request, 404);
    const auto ask = [&] {
        return bench.run(bench.forge->permission(bench.repository, bench.grace()));
    };
    CHECK(ask() == Permission::admin);
    CHECK(ask() == Permission::write);
    CHECK(ask() == Permission::none);
    CHECK(ask() == Permission::none);
    const Actor stranger{"github.com", "grace"};
    CHECK(bench.run(bench.forge->permission(bench.repository, stranger)) == Permission::none);
}

TEST_CASE("Gitea: a team is found by its whole name") {
    Bench bench;
    bench.http.on("GET /api/v1/orgs/acme/teams/search?q=dba&limit=50", 200,
                  R"({"ok":true,"data":[{"id":8,"name":"dba-interns"},{"id":9,"name":"dba"}]})");
    bench.http.on("GET /api/v1/teams/9/members/grace", 200);
    CHECK(bench.run(bench.forge->is_team_member("acme/dba", bench.grace())));
    bench.http.answers["GET /api/v1/teams/9/members/grace"] = {reply(404)};
    CHECK_FALSE(bench.run(bench.forge->is_team_member("acme/dba", bench.grace())));
    CHECK_FALSE(bench.run(bench.forge->is_team_member("../dba", bench.grace())));
}

TEST_CASE("Gitea: a status is written once for what it says") {
    Bench bench;
    const auto request = "POST " + path("/statuses/") + sha;
    bench.http.on(request, 201, R"({"id":1})");
    const auto first = bench.run(bench.forge->put_check(bench.repository, "", check_of()));
    const auto again = bench.run(bench.forge->put_check(bench.repository, first, check_of()));
    CHECK(again == first);
    CHECK(bench.http.count(request) == 1);
    CHECK(bench.http.sent.front().body["state"].text() == "success");
    CHECK(bench.http.sent.front().body["context"].text() == "slipway/network");
    bench.run(bench.forge->put_check(bench.repository, first, check_of(Conclusion::needs_action)));
    CHECK(bench.http.sent.back().body["state"].text() == "failure");
}

TEST_CASE("Gitea: the sticky comment is found by its marker and its author, and edited in place") {
    Bench bench;
    bench.http.on("GET " + path("/issues/7/comments"), 200,
                  R"([{"id":1,"user":{"login":"mallory"},"body":"<!-- slipway -->\nmine"},
                      {"id":2,"user":{"login":"slipway"},"body":"<!-- slipway -->\nold"}])");
    bench.http.on("PATCH " + path("/issues/comments/2"), 200);
    CHECK(bench.run(bench.forge->put_comment(bench.pull, "", "<!-- slipway -->", "new")) == "2");
    CHECK(bench.http.sent.back().body["body"].text() == "<!-- slipway -->\nnew");
}

TEST_CASE("Gitea: a sticky comment that somebody deleted is written anew") {
    Bench bench;
    bench.http.on("PATCH " + path("/issues/comments/2"), 404);
    bench.http.on("GET " + path("/issues/7/comments"), 200, "[]");
    bench.http.on("POST " + path("/issues/7/comments"), 201, R"({"id":5})");
    CHECK(bench.run(bench.forge->put_comment(bench.pull, "2", "<!-- slipway -->", "new")) == "5");
}

TEST_CASE("Gitea: a comment of another pull request is not taken for this one's") {
    Bench bench;
    bench.http.on("GET " + path("/issues/comments/2"), 200,
                  R"({"id":2,"user":{"login":"grace"},"body":"/slipway apply",
                      "pull_request_url":"https://git.acme.test/acme/infra/pulls/17"})");
    CHECK_FALSE(bench.run(bench.forge->comment(bench.pull, "2")));
}
