#include "service/model/request.hpp"

#include <doctest/doctest.h>

namespace slipway {

TEST_CASE("a target means stacks by name, pattern, label, space, or a self-described one's key") {
    Stack stack;
    stack.id = StackId("github.com/acme/shop/network/prod");
    stack.repository = {"github.com", "acme/shop"};
    stack.space = SpaceId("production/shop");
    stack.labels = {"env:prod"};
    stack.self_described = true;
    auto means = [&](const char* pattern) {
        return target_matches(CommandTarget{pattern, ""}, stack);
    };
    for (const char* yes :
         {"github.com/acme/shop/network/prod", "github.com/acme/**", "network/prod",
          "label:env:prod", "space:production", "space:production/shop", "space:"}) {
        CAPTURE(yes);
        CHECK(means(yes));
    }
    for (const char* no : {"", "prod", "od", "/prod", "network", "github.com/acme", "label:env",
                           "space:prod", "*"}) {
        CAPTURE(no);
        CHECK_FALSE(means(no));
    }
    auto is_named = [&](const char* pattern) { return names(CommandTarget{pattern, ""}, stack); };
    CHECK(is_named("github.com/acme/shop/network/prod"));
    CHECK(is_named("network/prod"));
    for (const char* in_passing :
         {"", "github.com/acme/**", "label:env:prod", "space:production", "network/*"}) {
        CAPTURE(in_passing);
        CHECK_FALSE(is_named(in_passing));
    }
    stack.self_described = false;
    CHECK_FALSE(is_named("network/prod"));
    CHECK_FALSE(means("network/prod"));
    CHECK(means("**/prod"));
}

}  // namespace slipway
