/// What Google's machine types consist of: their price is that of vCPUs and of memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policies/cost/decimal.hpp"

namespace slipway::cost {

struct MachineShape {
    std::string family;  ///< sku of instance-core and instance-ram: "n2", "n2-custom"
    Decimal vcpus;       ///< that are billed: 0.25 of an e2-micro
    Decimal memory_gb;   ///< at the family's rate; zero for f1 and g1, whose core rate is for the
                         ///< whole machine
    /// Above what is billed at the family's ordinary rate; at the rate of sku FAMILY-extended.
    Decimal extended_memory_gb;
    Decimal sustained_use;  ///< factor on the price of a whole month: 0.7, 0.8 or 1
};

/// Of a predefined type ("n2-standard-4") or of a custom one ("n2-custom-4-8192",
/// "custom-2-4096-ext", in MB); nullopt for a type that is not known.
std::optional<MachineShape> machine_shape(std::string_view machine_type);

}  // namespace slipway::cost
