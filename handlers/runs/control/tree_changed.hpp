// Whether a stack of a pull request was planned, or judged, by other rules than those of the tree
// that is in force. Private to this folder.
#pragma once
#include "handlers/runs/control/control.hpp"

namespace slipway {

enum class OtherRules {
    none,
    of_approval,  // it is enough to ask the approval policies again
    of_plan,      // other settings, push or plan policies: it is planned again
};
OtherRules by_other_rules(const Organisation& organisation, const PullStack& stack,
                          const Run& proposed);

}  // namespace slipway
