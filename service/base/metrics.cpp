// One registry for the process; prometheus-cpp's families merge by name and its metrics by labels,
// and the handles that it returns live as long as the registry does.
#include "service/base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>

namespace slipway {

namespace {

prometheus::Registry& registry() {
    static auto* const all = new prometheus::Registry;  // outlives every thread that still counts
    return *all;
}

std::map<std::string, std::string> as_map(MetricLabels labels) {
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : labels) out.emplace(name, value);
    return out;
}

// Seconds: from a Redis round trip to an apply of two hours.
const prometheus::Histogram::BucketBoundaries boundaries = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1,      2.5,   5,      10,    30,   60,    300,  900, 3600, 7200};

}  // namespace

void Counter::add(double by) {
    if (handle) static_cast<prometheus::Counter*>(handle)->Increment(by);
}
void Gauge::set(double to) {
    if (handle) static_cast<prometheus::Gauge*>(handle)->Set(to);
}
void Histogram::observe(double value) {
    if (handle) static_cast<prometheus::Histogram*>(handle)->Observe(value);
}

Counter counter(const std::string& name, const std::string& help, MetricLabels labels) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry());
    Counter made;
    made.handle = &family.Add(as_map(labels));
    return made;
}

Gauge gauge(const std::string& name, const std::string& help, MetricLabels labels) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry());
    Gauge made;
    made.handle = &family.Add(as_map(labels));
    return made;
}

Histogram histogram(const std::string& name, const std::string& help, MetricLabels labels) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry());
    Histogram made;
    made.handle = &family.Add(as_map(labels), boundaries);
    return made;
}

std::string metrics_text() { return prometheus::TextSerializer().Serialize(registry().Collect()); }

}  // namespace slipway
