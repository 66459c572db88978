// `slipway forge check` and `setup` on GitHub, with a token and with an App.
#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "handlers/forges/github/client.hpp"
#include "service/base/clock.hpp"
#include "service/wording/setup.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scripted_http.hpp"
#include "tests/support/test_key.hpp"

using namespace slipway;
using namespace slipway::github;

namespace {

const std::string address = "https://slipway.acme.test/webhooks/github.com";
const std::string subscribed =
    R"(["check_run","issue_comment","merge_group","pull_request","pull_request_review","push","repository"])";

struct Bench {
    asio::io_context io;
    FixedClock clock{1'800'000'000'000}, steady{1'000};
    ScriptedHttp http;
    SetupRequest setup;

    Bench() {
        setup.repository = {"github.com", "acme/infra"};
        setup.webhook_url = address;
        setup.check_name = "slipway";
        http.on("GET /repos/acme/infra", 200, R"({"id":5,"default_branch":"main"})");
        http.on("GET /rate_limit", 200,
                R"({"resources":{"core":{"limit":5000,"remaining":4876}}})");
    }
    std::string looked(GithubConfig github, bool change) {
        github.api_url = "https://api.test/";
        github.webhook_secrets = {Secret("a long random text")};
        const ForgeConfig config{"github.com", {}, github};
        auto spacing = documented_spacing();
        spacing.lag = {};
        GithubForge forge(config, http, clock, steady, spacing);
        setup.change = change;
        return setup_text(setup, run_task(io, forge.set_up(setup)));
    }
    std::string with_token(bool change) {
        GithubConfig github;
        github.token = Secret("pat");
        http.on("GET /user", 200, R"({"id":9,"login":"slipway"})");
        return looked(github, change);
    }
    // The body that was sent so, once.
    const Json& body_of(const std::string& request) const {
        REQUIRE(http.count(request) == 1);
        for (const auto& one : http.sent)
            if (one.method + " " + one.path == request) return one.body;
        throw Failure("unreached");
    }
};

bool says(const std::string& text, const std::string& line) {
    return text.find("  " + line + "\n") != text.npos;
}

std::string required(const std::string& check) {
    return R"([{"type":"required_status_checks","parameters":{"required_status_checks":[)"
           R"({"context":")" +
           check + R"("}]}}])";
}

}  // namespace

TEST_CASE("GitHub: a token's webhook is made in the repository, and asked for a ping") {
    Bench bench;
    bench.http.on(
        "GET /repos/acme/infra/hooks?per_page=100", 200,
        R"([{"id":3,"active":true,"events":["push"],"config":{"url":"https://x.test"}}])");
    bench.http.on("POST /repos/acme/infra/hooks", 201, R"({"id":4})");
    bench.http.on("POST /repos/acme/infra/hooks/4/pings", 204, "");
    bench.http.on("GET /repos/acme/infra/rules/branches/main", 200, "[]");
    const auto said = bench.with_token(true);
    CHECK(says(said, "changed  the webhook sends to " + address));
    CHECK(says(said,
               "advice   merging into main does not wait for the check slipway: require it in the "
               "branch protection"));
    CHECK(says(said, "ok       4876 of 5000 calls are left of the forge's limit"));
    CHECK(bench.http.count("POST /repos/acme/infra/hooks/4/pings") == 1);
    const auto& made = bench.body_of("POST /repos/acme/infra/hooks");
    CHECK(made["name"].text() == "web");
    CHECK(made["active"].bool_or(false));
    CHECK(made["events"].dump() == subscribed);
    CHECK(made["config"]["url"].text() == address);
    CHECK(made["config"]["content_type"].text() == "json");
    CHECK(made["config"]["secret"].text() == "a long random text");
}

TEST_CASE("GitHub: a webhook that lacks an event is written again, not made twice") {
    Bench bench;
    bench.http.on(
        "GET /repos/acme/infra/hooks?per_page=100", 200,
        R"([{"id":4,"active":true,"events":["push"],"config":{"url":")" + address + R"("}}])");
    bench.http.on("PATCH /repos/acme/infra/hooks/4", 200, R"({"id":4})");
    bench.http.on("POST /repos/acme/infra/hooks/4/pings", 204, "");
    bench.http.on("GET /repos/acme/infra/rules/branches/main", 200, required("slipway"));
    CHECK(says(bench.with_token(false), "missing  no complete webhook sends to " + address +
                                            ": `slipway forge setup` makes one"));
    CHECK(bench.http.count("PATCH /repos/acme/infra/hooks/4") == 0);
    const auto said = bench.with_token(true);
    CHECK(says(said, "changed  the webhook sends to " + address));
    CHECK(says(said, "ok       merging into main waits for the check slipway"));
    CHECK(bench.body_of("PATCH /repos/acme/infra/hooks/4")["events"].dump() == subscribed);
}

TEST_CASE("GitHub: who may not see webhooks is told so, and nothing is written") {
    Bench bench;
    bench.http.on("GET /repos/acme/infra/hooks?per_page=100", 404);
    bench.http.on("GET /repos/acme/infra/rules/branches/main", 200, "[]");
    CHECK(says(bench.with_token(true),
               "unknown  whether a webhook sends to " + address +
                   " cannot be seen: the credential's user must administer the repository"));
}

TEST_CASE("GitHub: an App's webhook is written, what its settings lack is said") {
    Bench bench;
    GithubConfig github;
    github.app_id = "4711";
    github.app_private_key = Secret(test_key());
    auto& http = bench.http;
    http.on("GET /app", 200, R"({"slug":"slipway","events":["push","pull_request"]})");
    http.on("GET /app/hook/config", 200, R"({"url":"https://elsewhere.test"})");
    http.on("PATCH /app/hook/config", 200, R"({"url":")" + address + R"("})");
    http.on("GET /repos/acme/infra/installation", 200,
            R"({"id":100,"permissions":{"checks":"write","contents":"read","issues":"read"}})");
    http.on("POST /app/installations/100/access_tokens", 201,
            R"({"token":"t","expires_at":"2099-01-01T00:00:00Z"})");
    http.on("GET /repos/acme/infra/rules/branches/main", 200, "[]");

    const auto checked = bench.looked(github, false);
    CHECK(
        says(checked,
             "missing  it lacks the right issues: write, pull_requests: write, statuses: write on "
             "acme/infra: give it that, then check again"));
    // What is missing in the first place hides nothing else.
    CHECK(says(checked,
               "missing  the App is not subscribed to check_run, issue_comment, merge_group, "
               "pull_request_review, repository: choose these in its settings, under Permissions & "
               "events"));
    CHECK(says(checked, "missing  no complete webhook sends to " + address +
                            ": `slipway forge setup` makes one"));
    CHECK(http.count("PATCH /app/hook/config") == 0);
    github.deployments = true;
    CHECK(bench.looked(github, false).find("lacks the right deployments: write, issues: write") !=
          std::string::npos);

    CHECK(says(bench.looked(github, true), "changed  the webhook sends to " + address));
    CHECK(bench.body_of("PATCH /app/hook/config")["secret"].text() == "a long random text");
}
