// What `slipway forge check` and `setup` say: a line for each finding, and what to do about it.
#pragma once
#include <string>
#include <vector>

#include "service/model/setup.hpp"

namespace slipway {

// False: nothing would happen on pull requests, or less than it should.
bool is_in_order(const std::vector<SetupFinding>& findings);
std::string setup_text(const SetupRequest& setup, const std::vector<SetupFinding>& findings);

}  // namespace slipway
