// The ready-made policies, as text inside the program: policies/library, without its tests.
#pragma once
#include <string_view>
#include <vector>

namespace slipway {

struct LibraryPolicy {
    std::string_view path;  // "push/default.rego"
    std::string_view text;
};

const std::vector<LibraryPolicy>& policy_library();
// Empty where there is none of that name.
std::string_view library_policy(std::string_view path);

}  // namespace slipway
