// Who acts, and what they may.
#pragma once
#include <compare>
#include <string>
#include <string_view>

#include "service/model/words.hpp"

namespace slipway {

struct Actor {
    std::string forge;  // "github.com"; "" for somebody on the machine itself
    std::string login;
    bool bot = false;

    auto operator<=>(const Actor&) const = default;
    std::string text() const { return forge.empty() ? login : forge + "/" + login; }
    static void fields(auto& self, auto&& f) {
        f("forge", self.forge);
        f("login", self.login);
        f("bot", self.bot);
    }
};

// What a forge says of somebody's right to one repository. Missing answers are `none`.
enum class Permission { none, read, write, admin };
BOOST_DESCRIBE_ENUM(Permission, none, read, write, admin)

// What the organisation tree says of somebody's right in one space.
enum class Role { none, reader, writer, admin };
BOOST_DESCRIBE_ENUM(Role, none, reader, writer, admin)

}  // namespace slipway
