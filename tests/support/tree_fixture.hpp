// A directory tree written from a map of path to text.
#pragma once
#include <map>
#include <string>

#include "tests/support/git_fixture.hpp"

namespace slipway {

inline void write_tree(const std::filesystem::path& root,
                       const std::map<std::string, std::string>& files) {
    for (const auto& [path, text] : files) write_file(root / path, text);
}

}  // namespace slipway
