// The forms in which tools print a secret: as it is, without control characters, URL-encoded,
// JSON-escaped, base64 at any alignment, hexadecimal, and each line of many for itself.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// Appends the forms of one secret, some of them more than once.
void add_secret_forms(std::string_view secret, std::vector<std::string>& out);

}  // namespace slipway
