// A plan as a readable diff: one block a resource, what destroys first. Also what two plans differ
// in.
#pragma once
#include <string>
#include <vector>

#include "service/model/plan.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

struct DiffBlock {
    Action action = Action::none;
    std::vector<std::string> lines;  // without line ends; printable
    std::size_t bytes() const;       // with them
};

DiffBlock diff_block(const Change& change);
// What destroys or replaces first, else as the tool has it.
std::vector<const Change*> in_reading_order(const Plan& plan);
// For each resource that the two plans do not do the same to.
std::vector<DiffBlock> difference_blocks(const Plan& approved, const Plan& now);

// "`identifier` changes", or "" where nothing is known.
std::string reason_for(const Change& change, const Voice& voice);

}  // namespace slipway
