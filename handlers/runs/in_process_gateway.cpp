// The gateway of the built-in worker slots: a worker's call is carried to the service's loop and the answer
// back to the worker's, so that neither thread touches the other's state.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "handlers/runs/transition.hpp"

namespace slipway {

namespace {

class InProcessGateway : public RunGateway {
  public:
    InProcessGateway(asio::any_io_executor service, ControlContext& context)
        : service_(std::move(service)), context_(context), queue_(context.queue) {}

    Task<std::optional<Work>> next(std::string worker, std::string pool,
                                   std::chrono::milliseconds wait) override {
        return there(claim(std::move(worker), "work/" + pool, wait));
    }
    Task<Renewed> renew(Lease lease) override { return there(queue_.renew(lease, lease_time)); }
    Task<bool> append_log(RunId run, Lease lease, std::string bytes) override {
        return there(queue_.append_log(run.value, lease.fence, std::move(bytes)));
    }
    Task<std::optional<std::string>> get_blob(BlobId id) override { return there(get(std::move(id))); }
    Task<BlobId> put_blob(std::string bytes, bool sealed) override {
        return there(put(std::move(bytes), sealed));
    }
    Task<BlobId> put_plan(RunId run, Plan plan) override {
        return there(store_plan(context_, std::move(run), std::move(plan)));
    }
    Task<bool> begin_apply(RunId run, Lease lease, std::string plan_digest) override {
        return there(begin(std::move(run), lease, "done/" + plan_digest));
    }
    Task<bool> report(RunId run, Lease lease, PhaseResult result) override {
        return there(store(std::move(run), lease, std::move(result)));
    }

  private:
    static constexpr std::chrono::milliseconds lease_time{30'000};

    template <class T>
    Task<T> there(Task<T> task) {
        co_return co_await asio::co_spawn(service_, std::move(task), asio::use_awaitable);
    }

    Task<std::optional<Work>> claim(std::string worker, std::string queue,
                                    std::chrono::milliseconds wait) {
        auto job = co_await queue_.claim(std::move(queue), std::move(worker), lease_time, wait);
        if (!job) co_return std::nullopt;
        Work work;
        work.spec = job_payload<RunSpec>(job->job);
        work.lease = job->lease;
        co_return work;
    }
    Task<std::optional<std::string>> get(BlobId id) {
        auto read = [this, &id] {
            auto sealed = context_.blobs.get_sealed(id);
            return sealed ? sealed : context_.blobs.get(id);
        };
        co_return co_await context_.pool.run(read);
    }
    Task<BlobId> put(std::string bytes, bool sealed) {
        auto write = [this, &bytes, sealed] {
            return sealed ? context_.blobs.put_sealed(bytes) : context_.blobs.put(bytes);
        };
        co_return co_await context_.pool.run(write);
    }
    Task<bool> begin(RunId id, Lease lease, std::string once) {
        auto run = co_await load<Run>(queue_, run_key(id));
        if (run.value.state != RunState::confirmed) co_return false;
        const bool begun = co_await queue_.begin_apply(lease, std::move(once));
        if (!begun) co_return false;
        advance(run.value, RunEvent::begun, context_.clock.now_ms(), "slipway");
        Commit commit;
        store_run(commit, run);
        commit.holding = lease;
        const auto stored = co_await queue_.commit(std::move(commit));
        co_return stored == Committed::done;
    }
    Task<bool> store(RunId run, Lease lease, PhaseResult result) {
        const bool apply = lease.job.value.ends_with("/apply");
        RunPhase which{std::move(run), apply ? Phase::apply : Phase::plan};
        auto stored = co_await load<PhaseResult>(queue_, result_key(which));
        stored.value = std::move(result);
        Commit commit;
        commit.records.push_back(save(result_key(which), stored));
        commit.jobs.push_back(make_job(JobKind::judge, which.text(), which));
        commit.holding = lease;
        commit.finish = true;
        auto done = co_await queue_.commit(std::move(commit));
        co_return done == Committed::done;
    }

    asio::any_io_executor service_;
    ControlContext& context_;
    Queue& queue_;
};

}  // namespace

std::unique_ptr<RunGateway> make_in_process_gateway(asio::any_io_executor service,
                                                    ControlContext& context) {
    return std::make_unique<InProcessGateway>(std::move(service), context);
}

}  // namespace slipway
