#pragma once
#include <string>

namespace slipway {

std::string os_user();  // the name of who runs this process

}  // namespace slipway
