// Stacks whose directory or description is gone, and those that follow a rename: what that means,
// and the ways on.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

// "stacks/net no longer exists, but stack net still manages 14 resources"
std::string gone_sentence(const StackReport& stack, const Voice& voice);
// Of several at once; of one its own sentence.
std::string gone_sentence(const std::vector<StackView>& gone, const Voice& voice);

// Paragraphs: what there is to do about each, in at most about `bytes`.
std::string gone_notices(const Report& report, const std::vector<StackView>& views,
                         const Voice& voice, std::size_t bytes);

}  // namespace slipway
