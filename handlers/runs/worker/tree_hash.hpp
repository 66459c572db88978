// Digests of directories: of an installed provider as the tools' lock files write it, and of a
// downloaded module.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace slipway {

// "h1:…" (Go's dirhash, Hash1): the SHA-256, in base64, over a line "HEX-OF-THE-CONTENT  NAME" for
// each file, sorted by name. nullopt: it holds a link or something else that is not a file, or
// cannot be read.
std::optional<std::string> package_hash(const std::filesystem::path& directory);

// Over names, contents, executable bits and links, in hexadecimal. nullopt: as above, or a link
// leads out of it.
std::optional<std::string> content_hash(const std::filesystem::path& directory);

}  // namespace slipway
