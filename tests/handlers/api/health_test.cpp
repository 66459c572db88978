// What monitoring is told: a figure that is not told again would stay for ever.
#include <doctest/doctest.h>

#include "handlers/api/routes.hpp"
#include "service/base/metrics.hpp"

using namespace slipway;

TEST_CASE("a queue that is empty again is shown as empty") {
    const std::string line = "slipway_jobs_waiting{queue=\"shown\"} ";
    QueueStatus status;
    status.waiting["shown"] = 3;
    show_queue(status);
    CHECK(metrics_text().find(line + "3\n") != std::string::npos);
    status.waiting.clear();
    show_queue(status);
    CHECK(metrics_text().find(line + "0\n") != std::string::npos);
}
