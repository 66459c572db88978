#include "queue/places.hpp"

#include <doctest/doctest.h>

namespace slipway {

using Names = std::vector<std::string>;

TEST_CASE("a repository, an owner and a forge are full at their limits, and not before") {
    Places places({.all = 16, .of_forge = 6, .of_owner = 4, .of_repository = 2, .at_once = 100});
    places.begin("hub/acme/a");
    CHECK(places.full().empty());
    places.begin("hub/acme/a");
    CHECK(places.full() == Names{"hub/acme/a"});
    places.begin("hub/acme/b");
    places.begin("hub/acme/c");
    CHECK(places.full() == Names{"hub/acme/", "hub/acme/a"});
    places.begin("hub/other/a");
    places.begin("hub/third/a");
    CHECK(places.full() == Names{"hub/", "hub/acme/", "hub/acme/a"});

    CHECK(!places.end("elsewhere/x/y", true));
    CHECK(places.end("hub/acme/a", true));
    CHECK(places.full().empty());
}

TEST_CASE("a job that gives its place away counts for its repository alone") {
    Places places({.all = 2, .of_forge = 2, .of_owner = 2, .of_repository = 2, .at_once = 100});
    places.begin("hub/acme/a");
    places.begin("hub/acme/a");
    CHECK(!places.has_room());
    CHECK(places.give_away("hub/acme/a"));
    CHECK(places.has_room());
    CHECK(places.full() == Names{"hub/acme/a"});
    CHECK(places.end("hub/acme/a", false));
    CHECK(places.full().empty());
}

TEST_CASE("jobs of one forge are at most half of all, so that another one is always heard") {
    Places places({.all = 1, .of_forge = 1, .of_owner = 1, .of_repository = 1, .at_once = 4});
    for (const char* repository : {"hub/acme/a", "hub/acme/b"}) {
        places.begin(repository);
        places.give_away(repository);
    }
    CHECK(places.full() == Names{"hub/", "hub/acme/a", "hub/acme/b"});
    CHECK(places.has_room());
}

TEST_CASE("events whose repository is not known count for their forge, other jobs for nobody") {
    Places places({.all = 16, .of_forge = 2, .of_owner = 1, .of_repository = 1, .at_once = 100});
    places.begin("hub/");
    places.begin("");
    CHECK(places.full().empty());
    places.begin("hub/");
    CHECK(places.full() == Names{"hub/"});
}

}  // namespace slipway
