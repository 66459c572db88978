// The intake as the service runs it: server, GitHub adapter, queue in a redis-server.
#pragma once
#include <boost/asio/io_context.hpp>

#include "handlers/webhooks/receive.hpp"
#include "service/net/http_client.hpp"
#include "service/net/http_server.hpp"
#include "tests/bench/load.hpp"

namespace slipway::bench {

inline std::function<void(ServerProcess::Ready)> intake_server(RedisAddress redis) {
    return [redis](ServerProcess::Ready ready) {
        asio::io_context io(1);
        SystemClock clock;
        auto http = make_http_client();
        GithubConfig github;
        github.api_url = "http://127.0.0.1:1";
        github.token = Secret("unused");
        github.webhook_secrets = {webhook_secret};
        ForgeConfig config{"github.com", {}, github};
        Forges forges;
        forges["github.com"] = make_github_forge(config, *http, clock);
        auto queue = make_redis_queue(io.get_executor(), redis, Secret("a key for records"));
        Router router;
        router.add("POST", "/webhooks/{forge}", receive_webhook(*queue, forges),
                   webhook_body_limit);
        auto server = serve_tcp(io.get_executor(), router, "127.0.0.1", 0);
        ready(server->port());
        io.run();
    };
}

}  // namespace slipway::bench
