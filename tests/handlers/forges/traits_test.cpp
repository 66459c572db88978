// What each adapter says that its forge can do: code outside the adapters decides by nothing else.
#include <doctest/doctest.h>

#include "handlers/forges/forge.hpp"
#include "service/base/codec.hpp"
#include "service/net/http_client.hpp"

using namespace slipway;

namespace {

ForgeTraits github_traits(bool as_app) {
    const FixedClock clock{0};
    const auto http = make_http_client();
    GithubConfig github;
    github.token = Secret(as_app ? "" : "ghp_token");
    github.app_id = as_app ? "1" : "";
    const ForgeConfig config{"github.com", {}, github};
    return make_github_forge(config, *http, clock)->traits();
}

}  // namespace

TEST_CASE("GitHub has checks for an App, statuses for a token") {
    const auto app = github_traits(true);
    CHECK(app.has_checks);
    CHECK_FALSE(app.is_owners_folder);
    CHECK(app.limits.comment_bytes == 65'535);
    CHECK(app.limits.check_bytes == 65'535);
    CHECK(app.limits.annotations == 50);
    const auto token = github_traits(false);
    CHECK_FALSE(token.has_checks);
}

TEST_CASE("a check that was stored once is read for ever") {
    const auto check = decode<Check>(std::string_view(
        R"({"name": "slipway", "status": "completed", "conclusion": "action_required"})"));
    REQUIRE(check);
    CHECK(check->status == CheckStatus::done);
    CHECK(check->conclusion == Conclusion::needs_action);
    CHECK(encode(*check)["status"].text() == "completed");
    CHECK(encode(*check)["conclusion"].text() == "action_required");
}

TEST_CASE("S6: the built-in forge and a working copy are folders of their owner") {
    const FixedClock clock{0};
    Pool pool{1};
    for (const auto& traits :
         {make_builtin_forge(ForgeConfig{"local", {}, BuiltinConfig()}, pool, clock)->traits(),
          make_working_copy_forge(std::make_shared<WorkingCopy>())->traits()}) {
        CHECK(traits.is_owners_folder);
        CHECK(traits.has_checks);
    }
}
