#include "handlers/runs/worker/tools/version.hpp"

#include <doctest/doctest.h>

namespace slipway {
namespace {

TEST_CASE("constraints choose versions as Terraform does") {
    struct {
        const char* constraint;
        const char* version;
        bool allowed;
    } cases[] = {
        {"", "1.11.4", true},
        {"", "1.12.0-rc1", false},
        {"1.11.4", "1.11.4", true},
        {"= 1.11.4", "1.11.5", false},
        {"~> 1.10.0", "1.10.9", true},
        {"~> 1.10.0", "1.11.0", false},
        {"~> 1.10.3", "1.10.2", false},
        {"~> 1.10", "1.11.4", true},
        {"~> 1.10", "2.0.0", false},
        {"~> 1", "2.0.0", true},
        {">= 1.5, < 2", "1.5.0", true},
        {">= 1.5, < 2", "2.0.0", false},
        {">=1.5,<2,!=1.6.1", "1.6.1", false},
        {"!= 1.6.1", "1.6.2", true},
        {"> 1.11.3", "1.11.4", true},
        {"<= 1.11.4", "1.11.4", true},
        {"1.12.0-rc1", "1.12.0-rc1", true},
        {">= 1.12.0-alpha", "1.12.0-rc1", false},
        {"v1.2.3", "1.2.3", true},
    };
    for (const auto& c : cases) {
        CAPTURE(c.constraint);
        CAPTURE(c.version);
        auto constraint = VersionConstraint::parse(c.constraint);
        REQUIRE(constraint);
        CHECK(constraint->allows(*parse_version(c.version)) == c.allowed);
    }
}

TEST_CASE("what is not a constraint is refused with an example") {
    for (const char* text :
         {"latest", "~>", ">= 1.x", "1.2.3.4", "=> 1", "1..2", "-1", ">= 1,,", "1.2-"}) {
        CAPTURE(text);
        auto constraint = VersionConstraint::parse(text);
        REQUIRE_FALSE(constraint);
        CHECK(constraint.error().message.find("~> 1.10.0") != std::string::npos);
    }
}

TEST_CASE("versions are ordered by number, releases after their candidates") {
    const char* rising[] = {"0.9.9", "1.2.0-alpha", "1.2.0-rc1", "1.2.0",
                            "1.2.9", "1.2.10",      "1.10.0",    "2.0.0"};
    for (std::size_t i = 0; i + 1 < std::size(rising); ++i) {
        CAPTURE(rising[i]);
        CHECK(*parse_version(rising[i]) < *parse_version(rising[i + 1]));
        CHECK(parse_version(rising[i])->text() == rising[i]);
    }
}

}  // namespace
}  // namespace slipway
