// Takes jobs of one queue and hands them to a function, a bounded number at once, of which no
// repository, owner or forge has all (see places.hpp); renews their leases; turns exceptions into
// retry, delay or burial. Full-jitter backoff: backoff(attempt) is pure.
#pragma once
#include <functional>

#include "queue/places.hpp"
#include "queue/queue.hpp"

namespace slipway {

std::chrono::milliseconds backoff(int attempt, double random);  // random in [0, 1)

struct ConsumerOptions {
    std::string queue = service_queue;
    std::string holder;
    PlaceLimits places;
    std::chrono::milliseconds place_time{
        200};  // after this a job goes on, and its place is somebody else's
    std::chrono::milliseconds lease{30'000};
    std::chrono::milliseconds renew_every{10'000};
};

// Runs until cancelled. `perform` finishes the job by a commit with `finish`, or returns and it is
// finished for it. Called on the caller's executor.
Task<void> consume(Queue& queue, ConsumerOptions options,
                   std::function<Task<void>(ClaimedJob)> perform);

// Once a second: leases that ran out. `on_lapsed` is told of each. After a pause of this very
// process, or of the queue, everybody may renew first: half a `lease` is waited before one is taken
// back.
Task<void> reap(Queue& queue, std::function<Task<void>(Lapsed)> on_lapsed,
                std::chrono::milliseconds lease = std::chrono::milliseconds(30'000));

}  // namespace slipway
