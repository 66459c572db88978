// The gateway of the built-in worker slots: a worker's call is carried to the service's loop and
// the answer back to the worker's, so that neither thread touches the other's state. What a lease
// permits is decided here (rule R6), for every transport alike.
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
    Task<bool> append_log(Lease lease, std::string bytes) override {
        return on_service_executor(append(std::move(lease), std::move(bytes)));
    }
    Task<bool> get_blob(Lease lease, BlobId id, ChunkSink sink) override {
        return on_service_executor(get(std::move(lease), std::move(id), std::move(sink)));
    }
    Task<BlobId> put_blob(Lease lease, BlobKind kind, ChunkSource source) override {
        return on_service_executor(put(std::move(lease), kind, std::move(source)));
    }
    Task<BlobId> put_plan(Lease lease, Plan plan) override {
        return on_service_executor(put_places_and_plan(std::move(lease), std::move(plan)));
    }
    Task<BeginAnswer> begin_apply(Lease lease, std::string plan_digest) override {
        return on_service_executor(begin(std::move(lease), std::move(plan_digest)));
    }
    Task<bool> report(Lease lease, PhaseResult result) override {
        return on_service_executor(store(std::move(lease), std::move(result)));
    }
    Task<void> give_back(Lease lease) override { return on_service_executor(retry(lease)); }
    Task<void> ask_for_its_end(Lease lease) override {
        return on_service_executor(look_into_journal(std::move(lease)));
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
    static std::string named(const Lease& lease) { return "the work " + lease.job.value; }

    static RunPhase phase_of(const Lease& lease) {
        auto which = jobs::parse_perform(lease.job);
        if (!which) throw Failure(named(lease) + " is not a worker's", Retry::never);
        return std::move(*which);
    }

    // What the work of a lease that holds is.
    Task<RunSpec> spec_of(Lease lease) {
        const auto job = co_await queue_.leased(lease);
        if (!job)
            throw Failure(named(lease) + " was taken from this worker: its lease has gone",
                          Retry::never);
        phase_of(lease);
        co_return job_payload<RunSpec>(*job);
    }

    // An apply that began goes on after its lease has gone, since nobody else can say what it did:
    // its log, and the outputs that the journal's result names, are still taken. Nothing decides by
    // them until a lease that holds reports that result.
    Task<bool> has_begun_apply(Lease lease) {
        const auto which = phase_of(lease);
        if (which.phase != Phase::apply) co_return false;
        const auto run = co_await load<Run>(queue_, run_key(which.run));
        co_return run.value.state == RunState::applying || run.value.state == RunState::unknown;
    }

    Task<bool> append(Lease lease, std::string bytes) {
        const auto held = co_await queue_.leased(lease);
        if (!held && !co_await has_begun_apply(lease)) co_return false;
        // Of two that write, the queue takes the one with the newer lease.
        co_return co_await queue_.append_log(phase_of(lease).run.value, lease.fence,
                                             std::move(bytes));
    }

    // The source and, for an apply, its plan: all that a worker needs of what others stored.
    Task<bool> get(Lease lease, BlobId id, ChunkSink sink) {
        const auto spec = co_await spec_of(lease);
        if (id.empty() || (id != spec.source && id != spec.plan_file))
            throw Failure(named(lease) + " does not name this blob", Retry::never);
        auto read = [this, &id, &sink] { return context_.blobs.get_sealed(id, sink); };
        co_return co_await context_.pool.run(read);
    }

    Task<BlobId> put(Lease lease, BlobKind kind, ChunkSource source) {
        const auto held = co_await queue_.leased(lease);
        const bool may = held || (kind == BlobKind::document && co_await has_begun_apply(lease));
        if (!may)
            throw Failure(named(lease) + " was taken from this worker: its lease has gone",
                          Retry::never);
        auto write = [this, &source, kind] {
            return kind == BlobKind::sealed ? context_.blobs.put_sealed(std::move(source))
                                            : context_.blobs.put(source);
        };
        co_return co_await context_.pool.run(write);
    }

    Task<BlobId> put_places_and_plan(Lease lease, Plan plan) {
        const auto spec = co_await spec_of(lease);
        if (spec.phase != Phase::plan) throw Failure(named(lease) + " does not plan", Retry::never);
        co_return co_await store_plan(context_, spec.run, std::move(plan));
    }

    // That the lease holds is checked with the commit that lets it begin.
    Task<BeginAnswer> begin(Lease lease, std::string plan_digest) {
        auto which = phase_of(lease);
        if (which.phase != Phase::apply)
            throw Failure(named(lease) + " is not an apply", Retry::never);
        co_return co_await slipway::begin_apply(context_, std::move(which.run), lease,
                                                std::move(plan_digest));
    }

    Task<void> retry(Lease lease) {
        std::string why = "its worker was asked to end";
        co_await queue_.retry(lease, std::chrono::milliseconds(0), std::move(why));
    }
    // Allowed without a lease that holds, which is when it is called: it brings nothing, and only
    // leaves work that some worker takes under a lease of its own.
    Task<void> look_into_journal(Lease lease) {
        const auto which = phase_of(lease);
        if (which.phase == Phase::plan)
            throw Failure(named(lease) + " has no apply whose end could be asked for",
                          Retry::never);
        const auto run = co_await load<Run>(queue_, run_key(which.run));
        if (!run.version || is_terminal(run.value.state)) co_return;
        Commit commit;
        commit.jobs.push_back(perform_job(context_, run.value, Phase::find_out));
        co_await queue_.commit(std::move(commit));
    }

    Task<bool> store(Lease lease, PhaseResult result) {
        const auto which = phase_of(lease);
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
