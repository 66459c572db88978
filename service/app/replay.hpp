// `slipway test DIR --replay FILE`: what the policies of a folder say to an input that was kept.
#pragma once
#include <string>

namespace slipway {

// Returns the exit code: 0 it is decided as it was, 1 otherwise, 2 it cannot be asked.
int replay(const std::string& directory, const std::string& file, bool json);

}  // namespace slipway
