// Tools that the worker's configuration defines: an argument vector for each step. What they do
// with their plan file is theirs, so their plans are predictions.
#pragma once
#include <memory>
#include <string_view>

#include "handlers/runs/worker/tools/tool_driver.hpp"

namespace slipway::custom {

bool reserves(std::string_view variable);
std::unique_ptr<ToolDriver> make_driver(Steps& steps);

}  // namespace slipway::custom
