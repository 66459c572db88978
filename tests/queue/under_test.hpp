// Both implementations behind one fixture, so that every case about the queue is written once. Time
// is a clock of the test's own for both: Redis' scripts are told it in place of the server's.
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "queue/queue.hpp"
#include "service/base/clock.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {

inline constexpr std::int64_t test_start_ms = 1'900'000'000'000;

class InMemory {
  public:
    InMemory() : queue_(make_memory_queue(io.get_executor(), clock)) {}
    Queue& queue() { return *queue_; }

    asio::io_context io;
    FixedClock clock{test_start_ms};

  private:
    std::unique_ptr<Queue> queue_;
};

// What tests say often, without coroutines.
template <class Where>
struct Fixture : Where {
    template <class T>
    T get(Task<T> task) {
        return run_task(this->io, std::move(task));
    }
    void pass(std::chrono::milliseconds time) { this->clock.advance(time); }

    Committed commit(Commit commit) { return get(this->queue().commit(std::move(commit))); }
    Committed leave(std::vector<Job> jobs) {
        Commit out;
        out.jobs = std::move(jobs);
        return commit(std::move(out));
    }
    Committed leave(Job job) { return leave(std::vector<Job>{std::move(job)}); }
    std::optional<ClaimedJob> claim(std::string queue = "service",
                                    std::chrono::milliseconds wait = std::chrono::milliseconds(0)) {
        return get(this->queue().claim(queue, "tester", std::chrono::seconds(30), wait));
    }
    std::string claimed_id(std::string queue = "service") {
        auto job = claim(queue);
        return job ? job->job.id.value : "";
    }
    std::vector<std::string> expire() {  // "id fate"
        std::vector<std::string> out;
        for (const auto& lapsed : get(this->queue().expire()))
            out.push_back(lapsed.job.id.value + " " + std::string(word(lapsed.fate)));
        return out;
    }
};

inline Job job(std::string id, int priority = 0, std::int64_t not_before_ms = 0) {
    Job out;
    out.id = JobId(std::move(id));
    out.kind = JobKind::report;
    out.payload = R"({"of":")" + out.id.value + "\"}";
    out.priority = priority;
    out.not_before_ms = not_before_ms;
    return out;
}

inline Commit record(std::string key, std::uint64_t expected, std::string body) {
    Commit out;
    out.records.push_back({std::move(key), expected, std::move(body)});
    return out;
}

using Words = std::vector<std::string>;

}  // namespace slipway

TYPE_TO_STRING_AS("memory", slipway::InMemory);
