// P2: accepting webhooks, against Node with @octokit/webhooks and ioredis doing the same: verify,
// deduplicate, XADD, 202. Requests a second at saturation, and the processor's time for each.
#include <cstdlib>

#include "tests/bench/intake_server.hpp"
#include "tests/support/redis_server.hpp"

using namespace slipway;

namespace {
constexpr int rounds = 21, of_ours = 6'000, of_node = 1'500;
}

int main() {
    const std::string install = SLIPWAY_SOURCE_DIR "/tests/bench/node/install " SLIPWAY_BINARY_DIR;
    if (std::system(install.c_str()) != 0) {
        std::puts("P2 needs node, npm and its registry: the packages could not be installed");
        return 1;
    }
    // A rewrite of its file, most of which is the other's, would fall into anybody's round.
    RedisServer redis({"--auto-aof-rewrite-percentage", "0"});
    bench::ServerProcess ours(bench::intake_server(redis.address()));
    bench::ServerProcess node(
        std::vector<std::string>{"node", SLIPWAY_BINARY_DIR "/bench-node/server.mjs",
                                 redis.socket(), bench::webhook_secret.reveal()});
    const auto body = bench::webhook_body();
    bench::Load load(body);
    load.run(ours, 1'000);
    load.run(node, 1'000);
    std::vector<double> our_seconds, our_processor, node_seconds, node_processor;
    std::vector<double> faster_by,
        cheaper_by;  // of each pair: the machine's speed changes between them
    for (int i = 0; i < rounds; ++i) {
        const auto a = load.run(ours, of_ours), b = load.run(node, of_node);
        our_seconds.push_back(a.seconds / of_ours);
        our_processor.push_back(a.processor / of_ours);
        node_seconds.push_back(b.seconds / of_node);
        node_processor.push_back(b.processor / of_node);
        faster_by.push_back(node_seconds.back() / our_seconds.back());
        cheaper_by.push_back(our_processor.back() / node_processor.back());
    }
    const double faster = bench::median(faster_by);
    const double cheaper = bench::median(cheaper_by);
    std::printf("%.0f webhooks a second against %.0f; %.1f us of the processor against %.1f us\n",
                1 / bench::median(our_seconds), 1 / bench::median(node_seconds),
                bench::median(our_processor) * 1e6, bench::median(node_processor) * 1e6);
    std::printf("P2 processor %.3f (at most 0.20)\n", cheaper);
    std::printf("P2 requests a second %.2f (at least 5)\n", faster);
    return faster >= 5 && cheaper <= 0.2 ? 0 : 1;
}
