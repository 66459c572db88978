// Which of a plan's changes an apply has made, as its output tells while it comes.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "handlers/runs/worker/masking.hpp"
#include "handlers/runs/worker/tools/tool_driver.hpp"
#include "service/model/apply_progress.hpp"

namespace slipway {

class ApplyRecord {
  public:
    // What a line tells, as the tool's driver reads it.
    using Read = std::function<std::optional<DoneResource>(std::string_view line)>;
    void take(std::string_view bytes, const Read& read);
    // Against the plan, whose addresses are masked as `masker` does.
    ApplyProgress progress(const Plan& plan, const Masker& masker) const;

  private:
    static constexpr std::size_t longest_line = 4096;
    std::string line_;
    std::set<std::string, std::less<>> made_, destroyed_;
};

}  // namespace slipway
