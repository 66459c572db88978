// The known word that somebody meant who typed another.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// nullopt: none is near, that is, within two mistakes and within half of the word's letters.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

// "; did you mean `branch`?", or "".
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known);

}  // namespace slipway
