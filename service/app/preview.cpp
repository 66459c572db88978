#include "service/app/preview.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>
#include <set>

#include "service/app/engine.hpp"
#include "service/app/preview_copy.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/process/sandbox.hpp"

namespace slipway {

namespace {

std::vector<RepositoryName> repositories_of(const Organisation& organisation) {
    std::set<RepositoryName> names;
    for (const auto& stack : organisation.stacks) names.insert(stack.repository);
    return {names.begin(), names.end()};
}

std::shared_ptr<const Organisation> read_organisation(const PreviewOptions& options) {
    if (options.organisation.empty()) return std::make_shared<Organisation>();
    auto loaded = load_organisation(options.organisation);
    if (!loaded.findings.empty()) {
        std::string all = "the organisation tree has mistakes:";
        for (const auto& finding : loaded.findings) all += "\n  " + finding.text();
        throw Failure(all, Retry::never);
    }
    return std::make_shared<Organisation>(std::move(loaded.organisation));
}

// Which stacks `--stack` means; a pattern that means none is most likely a slip.
class ChosenStacks {
  public:
    explicit ChosenStacks(std::vector<std::string> patterns)
        : patterns_(std::move(patterns)), useless_(patterns_.begin(), patterns_.end()) {}

    bool contains(const Stack& stack) {
        known_.insert(stack.id.value);
        bool any = patterns_.empty();
        for (const auto& pattern : patterns_)
            if (target_matches(CommandTarget{pattern, ""}, stack))
                any = true, useless_.erase(pattern);
        return any;
    }
    bool none_known() const { return known_.empty(); }
    void refuse_useless() const {
        if (useless_.empty()) return;
        std::string all;
        for (const auto& id : known_) all += (all.empty() ? "" : ", ") + id;
        throw Failure("no stack is like " + *useless_.begin() +
                          (known_.empty() ? ": none is described here" : "; stacks here: " + all),
                      Retry::never);
    }

  private:
    std::vector<std::string> patterns_;
    std::set<std::string> useless_, known_;
};

MirrorOptions without_delays() {
    MirrorOptions options;
    options.delays.clear();
    return options;
}

// Until nothing waits, runs or is delayed.
Task<void> until_idle(Queue& queue) {
    for (int idle = 0; idle < 2;) {
        auto status = co_await queue.status();
        std::int64_t busy = status.leased + status.delayed;
        for (const auto& [name, waiting] : status.waiting) busy += waiting;
        idle = busy == 0 ? idle + 1 : 0;
        co_await sleep_for(std::chrono::milliseconds(10));
    }
}

class Preview {
  public:
    explicit Preview(const PreviewOptions& options)
        : options_(options),
          organisation_(read_organisation(options)),
          chosen_(options.stacks),
          copy_(make_working_copy(options, repositories_of(*organisation_), scratch_.path())),
          pool_(2),
          queue_(make_memory_queue(io_.get_executor(), clock_)),
          blobs_(make_memory_blobs()),
          mirrors_(std::make_unique<Mirrors>(scratch_.path() / "git", io_.get_executor(),
                                             without_delays())),
          children_(io_.get_executor()) {
        forges_.emplace(copy_->config.name, make_working_copy_forge(copy_));
        config_.data = scratch_.path() / "data";
        config_.sandbox = options.sandbox;
        EngineParts parts{io_.get_executor(),
                          clock_,
                          pool_,
                          *queue_,
                          *blobs_,
                          forges_,
                          *mirrors_,
                          [this] { return organisation_; },
                          !options.organisation.empty(),
                          SealingKey(Secret(random_bytes(32))),
                          scratch_.path() / "scratch",
                          "",
                          [this](const Stack& stack) { return chosen_.contains(stack); },
                          true};
        engine_ = std::make_unique<Engine>(std::move(parts), config_);
    }

    int run() {
        if (isatty(STDERR_FILENO)) {
            copy_->on_check = [](const Check& check) {
                std::cerr << "\r\033[K" << check.name << ": " << check.title << std::flush;
            };
        }
        std::exception_ptr failure;
        asio::co_spawn(io_, whole(), [&](std::exception_ptr error) {
            failure = error;
            io_.stop();
        });
        io_.run();
        if (isatty(STDERR_FILENO)) std::cerr << "\r\033[K";
        if (failure) std::rethrow_exception(failure);
        chosen_.refuse_useless();
        return print();
    }

  private:
    Task<void> whole() {
        auto level = co_await probe_sandbox(config_.sandbox);
        if (!level.trouble.empty())
            throw Failure("the sandbox does not work here: " + level.trouble +
                              "; `--sandbox none` plans without it",
                          Retry::never);
        config_.sandbox.network = level.network;
        if (!level.network_trouble.empty())
            log_warning("the plans have the network of this machine",
                        {{"reason", level.network_trouble}});
        ConsumerOptions consumer;
        consumer.holder = "preview";
        children_.start(
            consume(*queue_, consumer, [this](ClaimedJob job) { return handle(std::move(job)); }));
        auto worker = engine_->worker_options(config_);
        worker.tools.clear();  // nothing that counts rests on these plans: not worth a copy
        worker_ = std::make_unique<Worker>(engine_->gateway(), std::move(worker), clock_);
        Delivery delivery;
        delivery.forge = copy_->config.name;
        delivery.id = "preview";
        delivery.event = "pull_request";
        delivery.body = "{}";
        delivery.received_at_ms = clock_.now_ms();
        co_await queue_->accept(std::move(delivery));
        co_await until_idle(*queue_);
        worker_->stop();
        co_await worker_->join();
        worker_.reset();
        children_.cancel();
        co_await children_.join();
    }

    // What fails here fails for good: there is no forge that lags, and somebody waits.
    Task<void> handle(ClaimedJob job) {
        try {
            co_await engine_->handle(std::move(job));
        } catch (const Failure& failure) {
            if (failure.retry() == Retry::after) throw;
            if (trouble_.empty()) trouble_ = failure.what();
        }
    }

    int print() const {
        if (!trouble_.empty()) throw Failure(trouble_, Retry::never);
        auto summary = copy_->checks.find(config_.check_name);
        if (summary == copy_->checks.end()) throw Failure("nothing was decided");
        const auto conclusion = summary->second.conclusion;
        if (conclusion == Conclusion::passed && chosen_.none_known())
            throw Failure(options_.organisation.empty()
                              ? "nothing describes stacks of this repository: name an organisation "
                                "tree with --org, or "
                                "add a .slipway.yaml or an atlantis.yaml"
                              : "the organisation tree has no stacks of " +
                                    copy_->pull.name.repository.text() + " on " +
                                    copy_->pull.base_branch +
                                    "; --name says what this repository is called there",
                          Retry::never);
        if (options_.json) {
            Json checks = Json::array();
            for (const auto& [name, check] : copy_->checks) checks.push(encode(check));
            std::cout
                << Json::object({{"comment", Json(copy_->comment)}, {"checks", checks}}).dump()
                << "\n";
        } else {
            std::cout << (copy_->comment.empty() ? summary->second.title : copy_->comment) << "\n";
        }
        return conclusion == Conclusion::failed ? 1 : 0;
    }

    PreviewOptions options_;
    Config config_;
    TemporaryDirectory scratch_;
    std::shared_ptr<const Organisation> organisation_;
    ChosenStacks chosen_;
    std::string trouble_;  // the first failure
    std::shared_ptr<WorkingCopy> copy_;
    asio::io_context io_{1};
    SystemClock clock_;
    Pool pool_;
    std::unique_ptr<Queue> queue_;
    std::unique_ptr<Blobs> blobs_;
    std::unique_ptr<Mirrors> mirrors_;
    Forges forges_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Worker> worker_;
    TaskGroup children_;
};

}  // namespace

int preview(PreviewOptions options) {
    set_log(LogLevel::error, LogFormat::text);
    Preview preview(options);
    return preview.run();
}

}  // namespace slipway
