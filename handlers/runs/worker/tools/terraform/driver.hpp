// Terraform and OpenTofu behind the driver's interface. Plan and show are started while the step
// before them runs: the tool waits where it reads its configuration.
#pragma once
#include <memory>
#include <string_view>

#include "handlers/runs/worker/tools/tool_driver.hpp"

namespace slipway::terraform {

bool reserves(std::string_view variable);
std::unique_ptr<ToolDriver> make_driver(Steps& steps);

}  // namespace slipway::terraform
