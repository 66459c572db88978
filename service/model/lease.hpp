// The right to work on a job, and to write what it is about.
#pragma once
#include <cstdint>
#include <string_view>

#include "service/model/id.hpp"
#include "service/model/words.hpp"

namespace slipway {

struct Lease {
    JobId job;
    std::uint64_t fence = 0;  // only rises: whoever comes with an older one is refused
    bool operator==(const Lease&) const = default;
};

enum class Renewed { held, cancel_wanted, lost };
BOOST_DESCRIBE_ENUM(Renewed, held, cancel_wanted, lost)

}  // namespace slipway
