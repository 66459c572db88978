// A repository's name, as people write it and as every record keeps it.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

// "github.com/acme/infra": the forge instance's name in the configuration, then the path there
// (with all subgroups). Text of users; the forge's numeric id is what survives a rename.
struct RepositoryName {
    std::string forge;
    std::string path;

    auto operator<=>(const RepositoryName&) const = default;
    std::string text() const { return forge + "/" + path; }
    static std::optional<RepositoryName> parse(std::string_view text) {
        auto slash = text.find('/');
        if (slash == text.npos || slash == 0 || slash + 1 == text.size()) return std::nullopt;
        return RepositoryName{std::string(text.substr(0, slash)),
                              std::string(text.substr(slash + 1))};
    }
    static void fields(auto& self, auto&& f) {
        f("forge", self.forge);
        f("path", self.path);
    }
};

}  // namespace slipway
