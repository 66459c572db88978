// Who speaks on the built-in forge where nobody else is named (rule S6): the user of the process.
#pragma once
#include <string>

namespace slipway {

std::string os_user();  // the name of who runs this process

}  // namespace slipway
