#include "service/app/serve.hpp"

#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

#include "handlers/api/api.hpp"
#include "handlers/webhooks/receive.hpp"
#include "queue/embedded_server.hpp"
#include "service/app/engine.hpp"
#include "service/app/forges.hpp"
#include "service/app/installation.hpp"
#include "service/app/watch.hpp"
#include "service/base/log.hpp"
#include "service/net/http_client.hpp"
#include "service/net/http_server.hpp"
#include "service/process/run_user.hpp"
#include "service/process/sandbox.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

fs::path key_file(const Config& config) {
    if (!config.sealing_key.empty()) return config.sealing_key;
    auto beside = config.data;
    beside += ".key";
    return beside;
}

SealingKey load_key(const Config& config) {
    auto key = SealingKey::load_beside(key_file(config), config.data);
    if (!key) throw Failure(key.error().message, Retry::never);
    return std::move(key).value();
}

void make_private_directory(const fs::path& path) {
    fs::create_directories(path);
    fs::permissions(path, fs::perms::owner_all);
}

std::pair<std::string, int> host_and_port(const std::string& listen) {
    auto colon = listen.rfind(':');
    if (colon == listen.npos)
        throw Failure("listen is HOST:PORT, as in 127.0.0.1:8080; it is " + listen, Retry::never);
    return {listen.substr(0, colon), std::stoi(listen.substr(colon + 1))};
}

// As process 1 of a container nobody else reaps what programs leave behind.
Task<void> reap_strangers_for_ever() {
    for (;;) {
        co_await sleep_for(std::chrono::seconds(1));
        reap_strangers();
    }
}

// Everything of a running service, in the order of dependencies.
class Service {
  public:
    explicit Service(Config config)
        : config_(prepared(std::move(config))),
          key_(load_key(config_)),
          pool_(2),
          redis_(config_.redis_url.empty() ? start_embedded_server(io_.get_executor(), config_.data)
                                           : nullptr),
          queue_(make_redis_queue(io_.get_executor(), redis_address(), key_.derive("records"))),
          blobs_(make_directory_blobs(config_.data / "blobs", key_)),
          http_(make_http_client()),
          forges_(make_forges(config_, *http_, pool_, clock_)),
          mirrors_(std::make_unique<Mirrors>(config_.data / "git", io_.get_executor())),
          catalog_(config_.organisation.empty() ? std::nullopt
                                                : std::optional<fs::path>(config_.organisation)),
          api_{*queue_, clock_, [this] { return awaited(); }, blobs_.get()},
          children_(io_.get_executor()) {
        if (!catalog_.findings().empty()) {
            std::string all;
            for (const auto& finding : catalog_.findings()) all += "\n  " + finding.text();
            throw Failure("the organisation tree has mistakes:" + all, Retry::never);
        }
    }

    int run() {
        recognise_installation();
        routes();
        auto [host, port] = host_and_port(config_.listen);
        HttpServerOptions options;
        tcp_ = serve_tcp(io_.get_executor(), public_router_, host, port, options);
        local_ =
            serve_unix(io_.get_executor(), local_router_, config_.data / "slipway.sock", options);
        const auto url = "http://" + host + ":" + std::to_string(tcp_->port());
        if (config_.public_url.empty()) config_.public_url = url;
        build_engine();
        settle_forges(config_, url);
        asio::co_spawn(io_, until_told(), [this](std::exception_ptr error) {
            failure_ = error;
            io_.stop();
        });
        url_ = url;
        io_.run();
        if (failure_) std::rethrow_exception(failure_);
        return 0;
    }

  private:
    static Config prepared(Config config) {
        config.data = fs::absolute(config.data);
        make_private_directory(config.data);
        config.sealing_key = fs::absolute(key_file(config));
        return config;
    }

    // Before anything is accepted or worked on.
    void recognise_installation() {
        asio::co_spawn(io_, check_installation(*queue_, config_.data),
                       [this](std::exception_ptr error) {
                           failure_ = error;
                           io_.stop();
                       });
        io_.run();
        io_.restart();
        if (failure_) std::rethrow_exception(failure_);
    }

    RedisAddress redis_address() const {
        if (redis_) return redis_->address();
        RedisAddress address;
        address.url = config_.redis_url;
        address.password = config_.redis_password;
        return address;
    }

    void routes() {
        for (auto* router : {&public_router_, &local_router_}) {
            add_health_routes(*router, api_);
            add_run_page(*router);
            add_api_routes(*router, api_);
            router->add("POST", "/webhooks/{forge}", receive_webhook(*queue_, forges_),
                        webhook_body_limit);
        }
    }

    void build_engine() {
        EngineParts parts{io_.get_executor(),
                          clock_,
                          pool_,
                          *queue_,
                          *blobs_,
                          forges_,
                          *mirrors_,
                          [this] { return catalog_.current(); },
                          !config_.organisation.empty(),
                          key_,
                          config_.data / "scratch",
                          config_.public_url};
        engine_ = std::make_unique<Engine>(std::move(parts), config_);
    }

    void start_children() {
        children_.on_error = [](std::exception_ptr error) {
            try {
                std::rethrow_exception(error);
            } catch (const std::exception& e) {
                log_error("a part of the service ended", {{"error", e.what()}});
            }
        };
        ConsumerOptions options;
        options.holder = "service";
        options.lease = std::chrono::seconds(config_.lease_seconds);
        options.renew_every = options.lease / 3;
        children_.start(consume(
            *queue_, options, [this](ClaimedJob job) { return engine_->handle(std::move(job)); }));
        children_.start(engine_->catch_up_for_ever());
        children_.start(reap_strangers_for_ever());
        children_.start(watch_forges(config_, url_, pool_));
        children_.start(reap(
            *queue_, [this](Lapsed lapsed) { return engine_->handle_lapsed(std::move(lapsed)); },
            options.lease));
        if (!config_.organisation.empty()) children_.start(watch_tree(catalog_, *engine_));
    }

    // What is weaker than it could be.
    void warn_about(const SandboxLevel& level) const {
        if (level.name == "none")
            log_warning("runs are not sandboxed: `sandbox: {kind: none}` is configured");
        if (::geteuid() == 0)
            log_warning(
                "the service runs as root, which it does not need: give it a user of its own",
                {{"user_ids_of_runs", static_cast<std::int64_t>(config_.sandbox.first_uid)}});
        if (level.name != "none" && level.network == SandboxConfig::Network::shared)
            log_warning(
                "runs share the network of this machine, with what listens on it and the metadata "
                "of its cloud",
                {{"reason", level.network_trouble.empty()
                                ? "`network: shared` is configured"
                                : level.network_trouble + "; install passt"}});
    }

    // Nobody else works on a private Redis: whoever held a lease there is dead, and nobody need
    // wait for its end.
    Task<void> end_leases_of_the_dead() {
        if (!redis_) co_return;
        const int ended = co_await queue_->end_leases();
        if (ended > 0) log_info("work of a process that died is taken back", {{"leases", ended}});
    }

    std::optional<std::vector<RunId>> awaited() const {
        if (!draining_) return std::nullopt;
        return worker_ ? worker_->applying() : std::vector<RunId>();
    }

    Task<void> another_signal() { co_await signals_.async_wait(asio::use_awaitable); }

    // One graceful signal to the tools, when somebody wants that or the time is over.
    Task<void> interrupt_applies() {
        std::string why = "another signal came";
        try {
            co_await within(std::chrono::minutes(config_.drain_minutes), another_signal());
        } catch (const TimedOut&) {
            why = "drain_minutes are over";
        }
        log_warning("ending: the applies are interrupted", {{"reason", why}});
        worker_->stop();
    }

    // Until what applies have left in the service's queue is done: verdicts, checks, comments.
    Task<void> finish_jobs() {
        constexpr auto step = std::chrono::milliseconds(50),
                       patience = std::chrono::milliseconds(10'000);
        for (auto waited = step; waited < patience; waited += step) {
            auto status = co_await queue_->status();
            if (status.waiting[service_queue] == 0 && status.leased == 0) co_return;
            co_await sleep_for(step);
        }
    }

    // Takes no new work and gives plans back; applies that have begun are waited for, while
    // everything else goes on: forges do not send their events again.
    Task<void> drain() {
        if (!worker_) co_return;
        worker_->drain();
        draining_ = true;
        std::string runs;
        for (const auto& run : worker_->applying()) runs += (runs.empty() ? "" : " ") + run.value;
        log_info("ending: no new work",
                 {{"applies", runs}, {"at_most_minutes", config_.drain_minutes}});
        auto executor = co_await this_executor();
        TaskGroup watching(executor);
        watching.start(interrupt_applies());
        co_await worker_->join();  // its last reports need this loop
        watching.cancel();
        co_await watching.join();
        worker_.reset();
        if (!runs.empty()) co_await finish_jobs();
    }

    // The whole life: sandbox probed, parts started, a signal awaited, everything ended.
    Task<void> until_told() {
        auto level = co_await probe_sandbox(config_.sandbox);
        if (!level.trouble.empty())
            throw Failure(
                "the sandbox does not work here: " + level.trouble +
                    "; write `sandbox: {kind: none}` into the configuration to run without it",
                Retry::never);
        config_.sandbox.network = level.network;
        warn_about(level);
        if (config_.workers > 0) give_writable_directories(config_.sandbox);
        co_await end_leases_of_the_dead();
        start_children();
        if (config_.workers > 0)
            worker_ = std::make_unique<Worker>(engine_->gateway(), engine_->worker_options(config_),
                                               clock_);
        std::cout << "listening on " << url_ << std::endl;
        log_info("serving",
                 {{"url", url_}, {"data", config_.data.string()}, {"workers", config_.workers}});
        co_await signals_.async_wait(asio::use_awaitable);
        co_await drain();
        log_info("ending: no new requests");
        co_await tcp_->stop(std::chrono::seconds(5));
        co_await local_->stop(std::chrono::seconds(1));
        children_.cancel();
        co_await children_.join();
    }

    Config config_;
    asio::io_context io_{1};
    asio::signal_set signals_{io_, SIGTERM, SIGINT};  // from the first moment on
    std::string url_;
    SystemClock clock_;
    SealingKey key_;
    Pool pool_;
    std::unique_ptr<EmbeddedServer> redis_;
    std::unique_ptr<Queue> queue_;
    std::unique_ptr<Blobs> blobs_;
    std::unique_ptr<HttpClient> http_;
    Forges forges_;
    std::unique_ptr<Mirrors> mirrors_;
    Catalog catalog_;
    ApiContext api_;
    Router public_router_, local_router_;
    std::unique_ptr<HttpServer> tcp_, local_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Worker> worker_;
    TaskGroup children_;
    bool draining_ = false;
    std::exception_ptr failure_;
};

}  // namespace

int serve(Config config) {
    Service service(std::move(config));
    return service.run();
}

}  // namespace slipway
