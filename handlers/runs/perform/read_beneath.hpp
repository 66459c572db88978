// Reads a file that a run may have put there, or something in its place: a link to our own files, a
// pipe, a device. The kernel resolves the path and refuses every link and every way out.
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace slipway {

// nullopt: absent, not a plain file, reached through a link, or larger than `at_most`.
std::optional<std::string> read_beneath(const std::filesystem::path& root,
                                        const std::filesystem::path& relative, std::size_t at_most);

}  // namespace slipway
