#include "service/base/metrics.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace slipway;

TEST_CASE("The same name and labels are the same metric, shown in Prometheus' text") {
    counter("slipway_test_total", "Things of this test.", {{"kind", "a"}}).add();
    counter("slipway_test_total", "Other words.", {{"kind", "a"}}).add(2);
    counter("slipway_test_total", "Things of this test.", {{"kind", "b"}}).add();
    gauge("slipway_test_waiting", "Waiting.").set(4);
    histogram("slipway_test_seconds", "Time.").observe(0.3);
    const auto text = metrics_text();
    CHECK(text.find("# HELP slipway_test_total Things of this test.\n") != text.npos);
    CHECK(text.find("# TYPE slipway_test_total counter\n") != text.npos);
    CHECK(text.find("slipway_test_total{kind=\"a\"} 3\n") != text.npos);
    CHECK(text.find("slipway_test_total{kind=\"b\"} 1\n") != text.npos);
    CHECK(text.find("slipway_test_waiting 4\n") != text.npos);
    CHECK(text.find("slipway_test_seconds_bucket{le=\"0.25\"} 0\n") != text.npos);
    CHECK(text.find("slipway_test_seconds_bucket{le=\"0.5\"} 1\n") != text.npos);
    CHECK(text.find("slipway_test_seconds_count 1\n") != text.npos);
}

TEST_CASE("Threads count together, and a handle that was never bound counts nothing") {
    Counter().add();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([] {
            auto mine = counter("slipway_test_threads_total", "Threads.");
            for (int n = 0; n < 1000; ++n) mine.add();
        });
    for (auto& thread : threads) thread.join();
    CHECK(metrics_text().find("slipway_test_threads_total 4000\n") != std::string::npos);
}
