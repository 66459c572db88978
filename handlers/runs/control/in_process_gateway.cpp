// The gateway of the built-in worker slots: a worker's call is carried to the service's loop and
// the answer back to the worker's, so that neither thread touches the other's state.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "handlers/runs/control/transition.hpp"

namespace slipway {

namespace {

class InProcessGateway : public RunGateway {
  public:
    InProcessGateway(asio::any_io_executor service, ControlContext& context)
        : service_(std::move(service)), context_(context), queue_(context.queue) {}

    Task<std::optional<Work>> next(std::string worker, std::string pool,
                                   std::chrono::milliseconds wait) override {
        return on_service_executor(claim(std::move(worker), work_queue(pool), wait));
    }
    Task<Renewed> renew(Lease lease) override {
        return on_service_executor(queue_.renew(lease, context_.lease));
    }
    Task<bool> append_log(RunId run, Lease lease, std::string bytes) override {
        return on_service_executor(queue_.append_log(run.value, lease.fence, std::move(bytes)));
    }
    Task<std::optional<std::string>> get_blob(BlobId id) override {
        return on_service_executor(get(std::move(id)));
    }
    Task<BlobId> put_blob(std::string bytes, bool sealed) override {
        return on_service_executor(put(std::move(bytes), sealed));
    }
    Task<BlobId> put_plan(RunId run, Plan plan) override {
        return on_service_executor(store_plan(context_, std::move(run), std::move(plan)));
    }
    Task<BeginAnswer> begin_apply(RunId run, Lease lease, std::string plan_digest) override {
        return on_service_executor(
            slipway::begin_apply(context_, std::move(run), lease, std::move(plan_digest)));
    }
    Task<bool> report(RunId run, Lease lease, PhaseResult result) override {
        return on_service_executor(store(std::move(run), lease, std::move(result)));
    }
    Task<void> give_back(Lease lease) override { return on_service_executor(retry(lease)); }
    Task<void> ask_for_its_end(RunId run) override {
        return on_service_executor(look_into_journal(std::move(run)));
    }

  private:
    template <class T>
    Task<T> on_service_executor(Task<T> task) {
        co_return co_await asio::co_spawn(service_, std::move(task), asio::use_awaitable);
    }

    Task<std::optional<Work>> claim(std::string worker, std::string queue,
                                    std::chrono::milliseconds wait) {
        auto job = co_await queue_.claim(std::move(queue), std::move(worker), context_.lease, wait);
        if (!job) co_return std::nullopt;
        Work work;
        work.spec = job_payload<RunSpec>(job->job);
        work.lease = job->lease;
        co_return work;
    }
    Task<std::optional<std::string>> get(BlobId id) {
        auto read = [this, &id] { return context_.blobs.get_sealed(id); };
        co_return co_await context_.pool.run(read);
    }
    Task<BlobId> put(std::string bytes, bool sealed) {
        auto write = [this, &bytes, sealed] {
            return sealed ? context_.blobs.put_sealed(bytes) : context_.blobs.put(bytes);
        };
        co_return co_await context_.pool.run(write);
    }
    Task<void> retry(Lease lease) {
        std::string why = "its worker was asked to end";
        co_await queue_.retry(lease, std::chrono::milliseconds(0), std::move(why));
    }
    Task<void> look_into_journal(RunId id) {
        const auto run = co_await load<Run>(queue_, run_key(id));
        if (!run.version || is_terminal(run.value.state)) co_return;
        Commit commit;
        commit.jobs.push_back(perform_job(context_, run.value, Phase::find_out));
        co_await queue_.commit(std::move(commit));
    }
    Task<bool> store(RunId run, Lease lease, PhaseResult result) {
        const auto performed = jobs::parse_perform(lease.job);
        if (!performed || performed->run != run) co_return false;
        const auto& which = *performed;
        auto stored = co_await load<PhaseResult>(queue_, result_key(which));
        stored.value = std::move(result);
        Commit commit;
        commit.records.push_back(save(result_key(which), stored));
        commit.jobs.push_back(make_job(jobs::judge(which), which));
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
