// What is said of stacks that other open pull requests change, too.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

// A sentence for each stack, with the resources that both plans change.
std::string also_changed_notices(const std::vector<StackView>& views, const Voice& voice,
                                 std::size_t bytes);

}  // namespace slipway
