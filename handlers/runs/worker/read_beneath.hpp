// Reads and makes files where a run may have put something in their place: a link to our own files,
// a pipe, a device. The kernel resolves the path and refuses every link and every way out.
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "service/base/chunks.hpp"

namespace slipway {

// nullopt: absent, not a plain file, reached through a link, or larger than `at_most`.
std::optional<std::string> read_beneath(const std::filesystem::path& root,
                                        const std::filesystem::path& relative, std::size_t at_most);

// The same piece by piece. False likewise; then the sink may have been given a beginning.
bool read_beneath(const std::filesystem::path& root, const std::filesystem::path& relative,
                  std::size_t at_most, const ChunkSink& sink);

// Makes a file that is not there yet, readable by its owner alone: `user`, where one is given.
// false: it cannot be made, or something stands in its place.
bool write_beneath(const std::filesystem::path& root, const std::filesystem::path& relative,
                   const ChunkSource& bytes, std::optional<unsigned> user);

}  // namespace slipway
