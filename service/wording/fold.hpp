// A stack's plan as a page shows it: a diff of whole resources, cut to the bytes it is given.
#pragma once
#include <string>
#include <vector>

#include "service/wording/plan_diff.hpp"
#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

class Fold {
  public:
    // Reads no further into the plan than `at_most` bytes of diff.
    Fold(const Report& report, const StackView& view, std::size_t at_most);

    std::size_t wanted_bytes() const { return wanted_; }
    // The diff and what is left out of it, the findings, the outputs, the way to log and run.
    std::string body(std::size_t bytes) const;
    std::string summary_line() const;             // <summary>…</summary>
    std::string folded(std::size_t bytes) const;  // all of it inside <details>
    const StackView& view() const { return view_; }

  private:
    std::string below_the_diff() const;

    const Report& report_;
    StackView view_;
    std::vector<DiffBlock> blocks_;
    std::size_t wanted_ = 0;
};

}  // namespace slipway
