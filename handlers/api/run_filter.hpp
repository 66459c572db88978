// Which runs a list shows. Private to this folder.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "service/base/result.hpp"
#include "service/model/run.hpp"

namespace slipway {

struct RunFilter {
    std::vector<RunState> states;  // none: all
    std::optional<int> pull;

    bool empty() const { return states.empty() && !pull; }
};

// "waiting,applying": states by their names, and `waiting` (for a person), `running` and `over`.
Result<std::vector<RunState>> parse_states(std::string_view words);

bool shows(const RunFilter& filter, const Run& run);

}  // namespace slipway
