// Why an output cannot be handed to a stack that reads it, in one sentence that names both, and the
// variable.
#pragma once
#include <string>

#include "service/model/stack.hpp"

namespace slipway {

enum class OutputTrouble {
    sensitive,
    not_planned,   // the upstream's plan on the pull request does not lead to it
    never_seen,    // no run of the upstream has finished
    not_seen_yet,  // nobody saw it after the upstream's last apply
    absent,
    too_large,
};

std::string output_trouble(OutputTrouble trouble, const StackId& reader,
                           const OutputReference& reads);

}  // namespace slipway
