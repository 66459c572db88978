// Two tasks at once.
#pragma once
#include "service/base/task.hpp"

namespace slipway {

// Waits for both, also where one fails, and then throws what the first of them, in this order,
// failed with. Cancelling the caller cancels both.
Task<void> both(Task<void> first, Task<void> second);

}  // namespace slipway
