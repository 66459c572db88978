#include "service/wording/setup.hpp"

#include <doctest/doctest.h>

using namespace slipway;

namespace {

SetupRequest request() {
    SetupRequest setup;
    setup.repository = {"git.acme.test", "acme/infra"};
    setup.check_name = "slipway";
    return setup;
}

}  // namespace

TEST_CASE("what is set up on a forge is one line each, and what is missing says what to do") {
    const std::vector<SetupFinding> findings = {
        {SetupPart::credential, SetupState::good, "slipway"},
        {SetupPart::permission, SetupState::missing, "admin"},
        {SetupPart::webhook, SetupState::changed, "https://slipway.acme.test/webhooks/hub"},
        {SetupPart::required_check, SetupState::advised, "main"},
        {SetupPart::calls_left, SetupState::good, "4876 of 5000"},
        {SetupPart::test_event, SetupState::good, "https://slipway.acme.test/webhooks/hub"},
        {SetupPart::test_event, SetupState::missing, "https://slipway.acme.test/webhooks/hub"},
        {SetupPart::test_event, SetupState::unknown, "https://slipway.acme.test/webhooks/hub"},
    };
    CHECK(
        setup_text(request(), findings) ==
        "git.acme.test/acme/infra\n"
        "  ok       the credential is slipway's\n"
        "  missing  it lacks the right admin on acme/infra: give it that, then check again\n"
        "  changed  the webhook sends to https://slipway.acme.test/webhooks/hub\n"
        "  advice   merging into main does not wait for the check slipway: require it in the "
        "branch protection\n"
        "  ok       4876 of 5000 calls are left of the forge's limit\n"
        "  ok       a test event arrived at the service\n"
        "  missing  a test event did not arrive at the service: can the forge reach "
        "https://slipway.acme.test/webhooks/hub?\n"
        "  unknown  whether a test event arrived cannot be seen: the service does not run here\n");
}

TEST_CASE("a setup is in order when nothing is missing, and advice does not change that") {
    CHECK_FALSE(is_in_order({}));
    CHECK(is_in_order({{SetupPart::required_check, SetupState::advised, "main"}}));
    CHECK_FALSE(is_in_order({{SetupPart::webhook, SetupState::missing, "https://x"}}));
}
