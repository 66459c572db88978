// Versions and Terraform's constraint syntax: "~> 1.10.0", ">= 1.5, < 2", "!= 1.6.1". Pure.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/result.hpp"

namespace slipway {

struct Version {
    int major = 0, minor = 0, patch = 0;
    std::string prerelease;  // "rc1"; comes before the version without one

    std::string text() const;
    bool operator==(const Version&) const = default;
    std::strong_ordering operator<=>(const Version& other) const;
};

std::optional<Version> parse_version(std::string_view text);  // "1", "1.5", "v1.5.7-rc1+build"

class VersionConstraint {
  public:
    static Result<VersionConstraint> parse(std::string_view text);  // "": every release
    // A prerelease is taken only where the constraint names exactly it.
    bool allows(const Version& version) const;

  private:
    enum class Operator { equal, unequal, greater, at_least, less, at_most, pessimistic };
    struct Term {
        Operator op = Operator::equal;
        Version version;
        int parts = 3;  // how many numbers were written
    };
    static bool holds(const Term& term, const Version& version);
    std::vector<Term> terms_;
};

}  // namespace slipway
