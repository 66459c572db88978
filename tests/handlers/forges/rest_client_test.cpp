// The calls that every REST forge needs, on a forge that is not GitHub: other headers, other pages.
#include "handlers/forges/rest/client.hpp"

#include <doctest/doctest.h>

#include "service/base/pause.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scripted_http.hpp"

using namespace slipway;
using namespace slipway::rest;

namespace {

const Dialect& plain() {
    static const Dialect all = [] {
        Dialect out;
        out.title = "Example Forge";
        out.headers = {{"Accept", "application/json"}};
        out.limit = "ratelimit-limit";
        out.left = "ratelimit-remaining";
        out.next_page = "x-next-page";
        return out;
    }();
    return all;
}

class PlainClient final : public Client {
  public:
    PlainClient(HttpClient& http, Clocks clocks, Spacing spacing)
        : Client("forge.test", plain(), "https://api.test/v1/", http, clocks, std::move(spacing)) {}
    int renewals = 0;

  private:
    Task<std::string> account(std::string) override { co_return ""; }
    Task<Secret> authorization(std::string) override {
        co_return Secret("token " + std::to_string(renewals));
    }
    bool renews(const Secret&) override {
        ++renewals;
        return true;
    }
};

struct Bench {
    asio::io_context io;
    FixedClock day{1'800'000'000'000}, steady{1'000};
    ScriptedHttp http;
    PlainClient client{http, {day, steady}, Spacing{}};

    HttpReply get(const char* path) {
        Request request("GET", path);
        return run_task(io, client.call("acme/infra", std::move(request), missing_too));
    }
    Json::Array list(const char* path, int most_pages = 5) {
        Request request("GET", path);
        return run_task(io, client.list("acme/infra", std::move(request), "", most_pages));
    }
};

}  // namespace

TEST_CASE("The pages of a list are found by Link, and by the header with the next page's number") {
    Bench bench;
    bench.http.on("GET /v1/notes?per_page=2", 200, "[1, 2]", {{"x-next-page", "2"}});
    bench.http.on("GET /v1/notes?per_page=2&page=2", 200, "[3, 4]",
                  {{"link", "<https://api.test/v1/notes?per_page=2&page=3>; rel=\"next\""}});
    bench.http.on("GET /v1/notes?per_page=2&page=3", 200, "[5]", {{"x-next-page", ""}});
    CHECK(bench.list("/notes?per_page=2").size() == 5);
    CHECK(bench.http.sent.size() == 3);

    Bench endless;
    endless.http.on("GET /v1/notes", 200, "[1]", {{"x-next-page", "2"}});
    endless.http.on("GET /v1/notes?page=2", 200, "[1]", {{"x-next-page", "2"}});
    CHECK_THROWS_WITH_AS(endless.list("/notes", 3),
                         "Example Forge's answer to GET /notes has more than 3 pages", Failure);

    Bench foreign;
    foreign.http.on("GET /v1/notes", 200, "[1]", {{"x-next-page", "2&admin=true"}});
    CHECK(foreign.list("/notes").size() == 1);
}

TEST_CASE("A path's page is set and nothing else of its query") {
    CHECK(with_page("/notes", "2") == "/notes?page=2");
    CHECK(with_page("/notes?page=1", "2") == "/notes?page=2");
    CHECK(with_page("/notes?per_page=9&page=1&state=a", "2") == "/notes?per_page=9&state=a&page=2");
}

TEST_CASE("What is refused is asked for once more with another credential, and then told") {
    Bench bench;
    bench.http.on("GET /v1/x", 401);
    bench.http.on("GET /v1/x", 200, "{}");
    CHECK(bench.get("/x").status == 200);
    CHECK(bench.http.sent[0].authorization == "token 0");
    CHECK(bench.http.sent[1].authorization == "token 1");

    Bench refused;
    refused.http.on("GET /v1/x", 401);
    CHECK_THROWS_AS(refused.get("/x"), Failure);
    CHECK(refused.http.sent.size() == 2);
    CHECK(bench.client.renewals == 1);
}

TEST_CASE("A limited forge is left alone for its own time, and named in the sentence") {
    Bench bench;
    bench.http.on("GET /v1/x", 429, "{}", {{"retry-after", "20"}});
    bench.http.on("GET /v1/x", 404);
    const auto why = [&]() -> std::string {
        try {
            bench.get("/x");
        } catch (const Pause& pause) {
            return std::string(pause.what()) + " / " + std::to_string(pause.after().count());
        }
        return "";
    };
    CHECK(why() ==
          "Example Forge limits our calls; GET /x has to wait (429: no reason given) / 20000");
    bench.steady.advance(milliseconds(5'000));
    CHECK(why() == "Example Forge asked us to wait before calling again / 15000");
    CHECK(bench.http.sent.size() == 1);
    bench.steady.advance(milliseconds(15'000));
    CHECK(bench.get("/x").status == 404);
}
