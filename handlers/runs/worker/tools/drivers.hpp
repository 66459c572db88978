// The table of tools that a worker can drive.
#pragma once
#include <memory>
#include <string_view>

#include "service/model/stack.hpp"

namespace slipway {

class Steps;
class ToolDriver;

struct DriverEntry {
    ToolKind kind;
    // Variables that a stack may not set: they would move the tool's files or change its commands.
    bool (*reserves)(std::string_view variable);
    std::unique_ptr<ToolDriver> (*make)(Steps& steps);
};
const DriverEntry& driver_of(ToolKind kind);

}  // namespace slipway
