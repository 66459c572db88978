// A delivery as Redis holds it, kept apart from the job so that the queue stays small:
//
//     stored = head received SP size LF block        all but the block in decimal
//     head   = size of event ":" event " "           what accept.lua compares
//     block  = the body, size bytes of it, as one LZ4 block
#pragma once
#include <string>

#include "queue/queue.hpp"

namespace slipway {

std::string delivery_head(const std::string& event);
std::string stored_delivery(const Delivery& delivery);  // throws Failure(never) beyond 64 MB
// Throws Failure(never) where it is none.
Delivery opened_delivery(std::string forge, std::string id, std::string_view stored);

}  // namespace slipway
