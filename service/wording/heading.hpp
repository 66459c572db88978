// The first sentence: what is going on, and whose turn it is. And the last ones: what merging will
// do, and what to type next.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

// "Slipway: net was applied". A check, whose name says who speaks, is titled with the rest alone.
struct Headline {
    enum class Lead { colon, is, verb };  // "Slipway: ", "Slipway is ", "Slipway "
    Lead lead = Lead::colon;
    std::string rest;  // behind a colon may stand a name, which keeps its letters
    std::string text() const;
};
Headline headline(const Report& report, const std::vector<StackView>& views, const Voice& voice);
std::string heading(const Report& report, const std::vector<StackView>& views, const Voice& voice);

// "destroys 2 resources and replaces 1", of what is ahead, was done, or would be done; "": nothing.
std::string danger_in_numbers(const std::vector<StackView>& views);

// In one sentence; "" where there is nothing to merge or to apply.
std::string merging(const Report& report, const std::vector<StackView>& views, const Voice& voice);
// The one thing that somebody must do, with the command where one does it.
std::string next_step(const Report& report, const std::vector<StackView>& views,
                      const Voice& voice);

// How somebody says how the apply of the stack ended, where nobody saw it.
std::string resolving(const Report& report, const StackId& stack, const Voice& voice);

// What lifts the lock of the stacks.
std::string unlocking(const Report& report, const std::vector<StackId>& stacks, const Voice& voice);

// "1 of team dba" of several stacks is one approval, since one review may give it.
std::size_t missing_approvals(const std::vector<StackView>& views);

}  // namespace slipway
