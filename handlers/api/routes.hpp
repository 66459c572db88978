// The route tables of this folder's files. Private to it.
#pragma once
#include <string>

#include "handlers/api/api.hpp"

namespace slipway {

void add_run_routes(Router& router, ApiContext& context);
void add_token_routes(Router& router, ApiContext& context);
std::string openapi_document();

}  // namespace slipway
