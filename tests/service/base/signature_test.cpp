// GitHub's published vector, rotation, and every way to be wrong.
#include "service/base/signature.hpp"

#include <doctest/doctest.h>

#include "service/base/digest.hpp"

using namespace slipway;

namespace {
const Secret secret("It's a Secret to Everybody");
const std::string body = "Hello, World!";
const std::string right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
}  // namespace

TEST_CASE("The published signature of the published secret and body is right, again and again") {
    SignatureCheck check({secret});
    for (int i = 0; i < 3; ++i) {
        CHECK(check.matches(right, body));
        CHECK_FALSE(check.matches(right, body + "!"));
    }
    SignatureCheck moved = std::move(check);
    CHECK(moved.matches(right, body));
}

TEST_CASE("A signature that is missing, empty, cut, of another kind or digest is wrong") {
    SignatureCheck check({secret});
    const std::string bad[] = {"",
                               "sha256=",
                               right.substr(0, right.size() - 1),
                               right + "0",
                               "SHA256=" + right.substr(7),
                               "sha1=" + right.substr(7),
                               "sha1=0000000000000000000000000000000000000000",
                               right.substr(7),
                               " " + right,
                               "sha256=" + std::string(64, '0'),
                               "sha256=" + std::string(64, 'g'),
                               "sha256=" + hmac_sha256_hex(Secret("another"), body)};
    for (const auto& header : bad) {
        CAPTURE(header);
        CHECK_FALSE(check.matches(header, body));
    }
}

TEST_CASE("During a rotation the old and the new secret sign, and a dropped one no more") {
    const auto signed_by = [](const char* key) {
        return "sha256=" + hmac_sha256_hex(Secret(key), body);
    };
    SignatureCheck both({Secret("old"), Secret("new")});
    CHECK(both.matches(signed_by("old"), body));
    CHECK(both.matches(signed_by("new"), body));
    CHECK_FALSE(both.matches(signed_by("older"), body));
    SignatureCheck rotated({Secret("new")});
    CHECK_FALSE(rotated.matches(signed_by("old"), body));
}
