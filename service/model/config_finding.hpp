// A mistake in a configuration: where, and what.
#pragma once
#include <compare>
#include <string>

#include "service/model/stack.hpp"

namespace slipway {

struct ConfigFinding {
    Place place;
    std::string message;

    auto operator<=>(const ConfigFinding&) const = default;
    static void fields(auto& self, auto&& f) {
        f("place", self.place);
        f("message", self.message);
    }
    std::string text() const;  // file:line:column: message, without the parts that are unknown
};

}  // namespace slipway
