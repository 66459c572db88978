#include "service/net/router.hpp"

#include <doctest/doctest.h>

#include "service/net/target.hpp"

using namespace slipway;

namespace {

HttpHandler nobody() {
    return [](HttpRequest) -> Task<HttpResponse> { co_return HttpResponse{}; };
}

using Parameters = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("a route matches by method and segments, and hands out its parameters decoded") {
    Router router;
    router.add("GET", "/", nobody());
    router.add("GET", "/api/v1/runs/{id}", nobody());
    router.add("POST", "/webhooks/{forge}", nobody(), 25u << 20);
    router.add("GET", "/state/{stack...}", nobody());

    struct Case {
        std::string method;
        std::string path;
        int status;
        Parameters parameters;
    };
    const std::vector<Case> cases = {
        {"GET", "/", 200, {}},
        {"GET", "/api/v1/runs/01J", 200, {{"id", "01J"}}},
        {"HEAD", "/api/v1/runs/01J", 200, {{"id", "01J"}}},
        {"GET", "/api/v1/runs/a%2Fb%20c", 200, {{"id", "a/b c"}}},
        {"GET", "/api/v1/runs/a+b", 200, {{"id", "a+b"}}},
        {"GET", "/%61pi/v1/runs/1", 200, {{"id", "1"}}},
        {"POST", "/webhooks/github.com", 200, {{"forge", "github.com"}}},
        {"GET", "/state/prod/eu/payments", 200, {{"stack", "prod/eu/payments"}}},
        {"GET", "/state/", 200, {{"stack", ""}}},
        {"GET", "/state", 404, {}},
        {"GET", "/api/v1/runs/", 404, {}},
        {"GET", "/api/v1/runs/1/", 404, {}},
        {"GET", "/api/v1/runs/1/2", 404, {}},
        {"GET", "/API/v1/runs/1", 404, {}},
        {"GET", "/state/../secret", 404, {}},
        {"GET", "/state/%2e%2e/secret", 404, {}},
        {"GET", "/state/a%00b", 404, {}},
        {"GET", "/state/%zz", 404, {}},
        {"GET", "/state/%a", 404, {}},
        {"GET", "", 404, {}},
        {"DELETE", "/api/v1/runs/1", 405, {}},
        {"GET", "/webhooks/github.com", 405, {}},
    };
    for (const auto& c : cases) {
        CAPTURE(c.method);
        CAPTURE(c.path);
        const auto match = router.match(c.method, c.path);
        CHECK(match.status == c.status);
        CHECK((match.handler != nullptr) == (c.status == 200));
        CHECK(match.parameters == c.parameters);
    }
    CHECK(router.match("POST", "/webhooks/x").body_limit == 25u << 20);
    CHECK(router.match("GET", "/").body_limit == 1u << 20);
    CHECK(router.match("DELETE", "/api/v1/runs/1").allow == "GET, HEAD");
    CHECK(router.match("GET", "/webhooks/x").allow == "POST");
}

TEST_CASE("the more literal route wins in whatever order they were added") {
    for (const bool reversed : {false, true}) {
        std::vector<std::string> patterns = {"/runs/next", "/runs/{id}", "/{rest...}"};
        if (reversed) std::swap(patterns.front(), patterns.back());
        Router router;
        for (const auto& pattern : patterns) router.add("GET", pattern, nobody());
        CHECK(router.match("GET", "/runs/next").parameters == Parameters{});
        CHECK(router.match("GET", "/runs/other").parameters == Parameters{{"id", "other"}});
        CHECK(router.match("GET", "/a/b").parameters == Parameters{{"rest", "a/b"}});
    }
}

TEST_CASE("a target is taken apart, and refused where it is malformed") {
    const auto target = parse_target("/a%20b/c?x=1&y=a+b%2Bc&empty=&flag&x=2");
    REQUIRE(target);
    CHECK(target->path == "/a%20b/c");
    CHECK(target->query == Parameters{{"x", "2"}, {"y", "a b+c"}, {"empty", ""}, {"flag", ""}});
    CHECK(parse_target("/")->query.empty());
    CHECK(parse_target("/?")->query.empty());
    for (const std::string bad :
         {"", "a", "/a%zz", "/a?b=%4", "/a b", "/a#b", "/\"", "http://a/"}) {
        CAPTURE(bad);
        CHECK(!parse_target(bad));
    }
}
