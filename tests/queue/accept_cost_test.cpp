// Bar P4: what a webhook costs on the way to Redis, as Redis itself counts it.
#include <random>
#include <sstream>

#include "service/base/metrics.hpp"
#include "tests/queue/both_queues.hpp"

namespace slipway {

namespace {

// About 24 KB as forges send it: an account and a repository with their many links, over and over.
std::string webhook_body(std::mt19937& random) {
    auto hex = [&](int digits) {
        std::string out;
        while (digits-- > 0) out.push_back("0123456789abcdef"[random() % 16]);
        return out;
    };
    auto account = [&](const std::string& name) {
        std::ostringstream out;
        out << R"({"login":")" << name << R"(","id":)" << random() << R"(,"node_id":")" << hex(24)
            << '"';
        for (const char* what : {"followers", "following", "gists", "starred", "subscriptions",
                                 "organizations", "repos", "events", "received_events"})
            out << ",\"" << what << "_url\":\"https://api.github.com/users/" << name << "/" << what
                << '"';
        out << R"(,"type":"User","site_admin":false})";
        return out.str();
    };
    auto repository = [&](const std::string& name) {
        std::ostringstream out;
        out << R"({"id":)" << random() << R"(,"full_name":")" << name << R"(","owner":)"
            << account("acme");
        for (const char* what :
             {"forks",        "keys",        "collaborators", "teams",     "hooks",
              "issue_events", "assignees",   "branches",      "tags",      "blobs",
              "git_refs",     "trees",       "statuses",      "languages", "stargazers",
              "contributors", "subscribers", "commits",       "comments",  "contents",
              "compare",      "merges",      "archive",       "downloads", "issues",
              "pulls",        "milestones",  "labels",        "releases",  "deployments"})
            out << ",\"" << what << "_url\":\"https://api.github.com/repos/" << name << "/" << what
                << '"';
        out << R"(,"pushed_at":"2026-11-24T08:)" << random() % 60 << R"(:00Z","size":)" << random()
            << "}";
        return out.str();
    };
    std::ostringstream out;
    out << R"({"action":"synchronize","number":)" << random() % 1000 << R"(,"before":")" << hex(40)
        << R"(","after":")" << hex(40) << '"';
    for (const char* place : {"head", "base", "merge"})
        out << ",\"" << place << R"(":{"sha":")" << hex(40) << R"(","user":)" << account("ann")
            << ",\"repo\":" << repository("acme/infra") << "}";
    for (int i = 0; i < 12; ++i) out << ",\"reviewer" << i << "\":" << account("user" + hex(5));
    out << ",\"repository\":" << repository("acme/infra") << ",\"sender\":" << account("ann")
        << "}";
    return out.str();
}

std::int64_t counted(const RedisServer& server, const std::string& section,
                     const std::string& name) {
    const auto text = server.ask("INFO " + section);
    const auto at = text.find(name);
    return at == text.npos ? 0 : std::stoll(text.substr(at + name.size()));
}

// As our own metrics say it.
std::int64_t round_trips() {
    const auto text = metrics_text();
    const std::string name = "\nslipway_redis_round_trips_total ";
    const auto at = text.find(name);
    return at == text.npos ? 0 : std::stoll(text.substr(at + name.size()));
}

}  // namespace

TEST_CASE("P4: a webhook costs one round trip and a fifth of its bytes at most") {
    REQUIRE_MESSAGE(redis_server_installed(), "these cases need redis-server");
    RedisServer server;
    asio::io_context io;
    std::mt19937 random(1);
    auto queue = make_redis_queue(io.get_executor(), server.address(), Secret("record key"));
    auto accept = [&](int i) {
        Delivery delivery{"github.com",
                          "72d3162e-cc78-11e3-81ab-4c9367dc0" + std::to_string(100 + i),
                          "pull_request", webhook_body(random), 1'900'000'000'000};
        const auto size = static_cast<std::int64_t>(delivery.body.size());
        CHECK(run_task(io, queue->accept(std::move(delivery))) == Accepted::stored);
        return size;
    };
    accept(0);  // connects and tells the script

    const std::string calls = "cmdstat_evalsha:calls=", bytes = "total_net_input_bytes:";
    const auto calls_before = counted(server, "commandstats", calls);
    const auto trips_before = round_trips();
    const auto bytes_before = counted(server, "stats", bytes);
    std::int64_t sent = 0;
    constexpr int deliveries = 50;
    for (int i = 1; i <= deliveries; ++i) sent += accept(i);
    const auto bytes_after = counted(server, "stats", bytes);

    CHECK(counted(server, "commandstats", calls) - calls_before == deliveries);
    CHECK(round_trips() - trips_before == deliveries);
    const double ratio =
        static_cast<double>(bytes_after - bytes_before) / static_cast<double>(sent);
    MESSAGE("body " << sent / deliveries << " bytes, ratio " << ratio);
    CHECK(sent / deliveries > 20'000);
    CHECK(ratio <= 0.2);
}

}  // namespace slipway
