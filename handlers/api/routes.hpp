// The route tables of this folder's files. Private to it.
#pragma once
#include <string>

#include "handlers/api/api.hpp"

namespace slipway {

void add_run_routes(Router& router, ApiContext& context);
void add_explain_routes(Router& router, ApiContext& context);
void add_pull_routes(Router& router, ApiContext& context);
void add_lock_routes(Router& router, ApiContext& context);
void add_asked_run_routes(Router& router, ApiContext& context);
void add_cost_routes(Router& router, ApiContext& context);
void add_token_routes(Router& router, ApiContext& context);
std::string openapi_document();

// Sets the queue's gauges. A queue that is empty by now is shown as 0. For one thread.
void show_queue(const QueueStatus& status);

}  // namespace slipway
