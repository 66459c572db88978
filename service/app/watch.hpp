// The organisation tree while the service runs: read again when it changes, and what it changes for
// open pull requests.
#pragma once
#include "service/app/engine.hpp"

namespace slipway {

Task<void> watch_tree(Catalog& catalog, Engine& engine);

}  // namespace slipway
