// Names that must not be mixed up get types of their own: a RunId is not a StackId, although both
// are text.
#pragma once
#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace slipway {

template <class Tag>
struct Id {
    std::string value;

    Id() = default;
    explicit Id(std::string text) : value(std::move(text)) {}
    bool empty() const { return value.empty(); }
    auto operator<=>(const Id&) const = default;
};

using RunId = Id<struct RunTag>;
using StackId = Id<struct StackTag>;
using SpaceId = Id<struct SpaceTag>;     // "" is the root, else "production/eu"
using CommitSha = Id<struct CommitTag>;  // 40 lower-case hex digits
using TreeId = Id<struct TreeTag>;       // a git tree, 40 lower-case hex digits
using BlobId = Id<struct BlobTag>;       // SHA-256 of the content, 64 lower-case hex digits
using JobId = Id<struct JobTag>;

// What a person reads of a commit or digest.
inline std::string_view shortened(std::string_view hex, std::size_t digits = 7) {
    return hex.substr(0, digits);
}

}  // namespace slipway

template <class Tag>
struct std::hash<slipway::Id<Tag>> {
    std::size_t operator()(const slipway::Id<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.value);
    }
};
