#include "service/net/http.hpp"

#include <doctest/doctest.h>

using namespace slipway;

TEST_CASE("an error is one line of JSON") {
    const auto response = error_response(401, "no \"secret\"\nhere");
    CHECK(response.status == 401);
    CHECK(response.content_type == "application/json");
    CHECK(response.body == "{\"error\": \"no \\\"secret\\\"\\nhere\"}\n");
    CHECK((*parse_json(response.body))["error"].text() == "no \"secret\"\nhere");
}

TEST_CASE("a problem follows RFC 9457") {
    const auto response =
        problem_response(404, "No such run", "Ask `slipway runs` for those there are.");
    CHECK(response.content_type == "application/problem+json");
    const auto body = *parse_json(response.body);
    CHECK(body["status"].int_or(0) == 404);
    CHECK(body["title"].text() == "No such run");
    CHECK(body["detail"].text() == "Ask `slipway runs` for those there are.");
    CHECK(!parse_json(problem_response(404, "No such run", "").body)->has("detail"));
}
