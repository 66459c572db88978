#include "handlers/runs/worker/tools/drivers.hpp"

#include <algorithm>

#include "handlers/runs/worker/tools/custom/driver.hpp"
#include "handlers/runs/worker/tools/terraform/driver.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace {

constexpr DriverEntry drivers[] = {
    {ToolKind::terraform, terraform::reserves, terraform::make_driver},
    {ToolKind::opentofu, terraform::reserves, terraform::make_driver},
    {ToolKind::custom, custom::reserves, custom::make_driver},
};

}  // namespace

const DriverEntry& driver_of(ToolKind kind) {
    const auto found = std::find_if(std::begin(drivers), std::end(drivers),
                                    [&](const DriverEntry& entry) { return entry.kind == kind; });
    if (found == std::end(drivers))
        throw Failure("this worker has no driver for " + std::string(word(kind)), Retry::never);
    return *found;
}

}  // namespace slipway
