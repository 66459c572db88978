// What is said of outputs that go from one stack to another: values that a plan had to do without,
// and runs that were not needed.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

// Planned with a placeholder for a value that is known only once its upstream is applied.
bool is_provisional(const Run& run);

// Names of those that are queued behind one that waits for a person: nobody is at work for them.
std::vector<std::string> followers(const std::vector<StackView>& views, const Voice& voice);

std::string outputs_notices(const std::vector<StackView>& views, const Voice& voice,
                            std::size_t bytes);

}  // namespace slipway
