// Counters, gauges and histograms as Prometheus shows them (prometheus-cpp underneath). Names are
// slipway_<noun>_<unit>, counters end in _total. Handles are cheap to keep and safe from any
// thread.
#pragma once
#include <initializer_list>
#include <string>
#include <utility>

namespace slipway {

using MetricLabels = std::initializer_list<std::pair<const char*, std::string>>;

class Counter {
  public:
    void add(double by = 1);
    void* handle = nullptr;
};
class Gauge {
  public:
    void set(double to);
    void* handle = nullptr;
};
class Histogram {
  public:
    void observe(double value);
    void* handle = nullptr;
};

// The same name and labels give the same metric. `help` is kept from the first call.
Counter counter(const std::string& name, const std::string& help, MetricLabels labels = {});
Gauge gauge(const std::string& name, const std::string& help, MetricLabels labels = {});
// Buckets are for seconds.
Histogram histogram(const std::string& name, const std::string& help, MetricLabels labels = {});

std::string metrics_text();  // Prometheus text format 0.0.4

}  // namespace slipway
