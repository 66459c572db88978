// Two things measured in turn (A B A B …), because a shared machine is never equally fast twice:
// what counts is the ratio of their medians.
#pragma once
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace slipway::bench {

inline double seconds_of(auto&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Of this thread alone: for what computes and waits for nobody, so that neighbours cannot interrupt
// it.
inline double cpu_seconds_of(auto&& work) {
    const auto now = [] {
        timespec at{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
        return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
    };
    const auto begin = now();
    work();
    return now() - begin;
}

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Rounds {
    double measured = 0, yardstick = 0;  // medians in seconds
    double ratio() const { return measured / yardstick; }
};

Rounds in_turn_by_cpu(int rounds, auto&& measured, auto&& yardstick) {
    std::vector<double> a, b;
    for (int i = 0; i < rounds; ++i) {
        a.push_back(cpu_seconds_of(measured));
        b.push_back(cpu_seconds_of(yardstick));
    }
    return {median(a), median(b)};
}

Rounds in_turn(int rounds, auto&& measured, auto&& yardstick) {
    std::vector<double> a, b;
    for (int i = 0; i < rounds; ++i) {
        a.push_back(seconds_of(measured));
        b.push_back(seconds_of(yardstick));
    }
    return {median(a), median(b)};
}

// The last line of every bench. Returns the exit code: 0 where the bar is met.
inline int verdict(const char* bar, double ratio, double most) {
    std::printf("%s %.3f (at most %.2f)\n", bar, ratio, most);
    return ratio <= most ? 0 : 1;
}

}  // namespace slipway::bench
