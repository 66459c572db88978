// A job as Redis holds it:
//
//     stored = mac LF body            body = the job as JSON
//     mac    = HMAC-SHA256(record key, "job" LF body), 64 lower-case hex digits
//
// The body names id and queue, so a job that somebody wrote, edited, or moved to another id or
// queue is told from ours (rule S1). What it cannot tell: a job removed, or put back as it once
// was; what must happen once is guarded by records.
#pragma once
#include <optional>
#include <string>

#include "queue/queue.hpp"

namespace slipway {

std::string stored_job(const Secret& record_key, const Job& job);

// nullopt, counted and logged: it was not us who left it under this id.
std::optional<Job> verified_job(const Secret& record_key, const std::string& id,
                                std::string_view stored);

}  // namespace slipway
