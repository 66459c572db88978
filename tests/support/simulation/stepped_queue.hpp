// A queue whose every call is a step of an activity. Redis may be away before a call, or after it,
// so that the answer is lost and nobody knows whether it was done. Who watches is told of each
// commit that was done, before anybody else can go on.
#pragma once
#include "queue/queue.hpp"
#include "tests/support/simulation/schedule.hpp"

namespace slipway::simulation {

class SteppedQueue final : public Queue {
  public:
    SteppedQueue(Queue& inner, Schedule& schedule) : inner_(inner), schedule_(schedule) {}
    std::function<void(const Commit&)> on_commit;

    Task<Accepted> accept(Delivery delivery) override {
        co_await before("accept " + delivery.id);
        const auto accepted = co_await inner_.accept(std::move(delivery));
        lose_answer("accept");
        co_return accepted;
    }
    Task<std::optional<Delivery>> delivery(std::string forge, std::string id) override {
        return inner_.delivery(std::move(forge), std::move(id));
    }
    Task<Record> read(std::string key) override {
        co_await before("read " + key);
        co_return co_await inner_.read(std::move(key));
    }
    Task<std::vector<Record>> read_many(std::vector<std::string> keys) override {
        co_await before("read");
        co_return co_await inner_.read_many(std::move(keys));
    }
    Task<Committed> commit(Commit commit) override {
        co_await before("commit" + said(commit));
        const auto committed = co_await inner_.commit(commit);
        if (committed != Committed::done) schedule_.note("  " + std::string(word(committed)));
        if (committed == Committed::done && on_commit) on_commit(commit);
        lose_answer("commit");
        co_return committed;
    }
    Task<std::vector<std::pair<std::string, std::int64_t>>> list(std::string index, std::int64_t at,
                                                                 int count) override {
        return inner_.list(std::move(index), at, count);
    }
    Task<std::vector<std::string>> lane(std::string lane) override {
        return inner_.lane(std::move(lane));
    }
    Task<std::optional<int>> place_in_queue(JobId job) override {
        return inner_.place_in_queue(std::move(job));
    }
    Task<std::optional<ClaimedJob>> claim(std::string queue, std::string holder,
                                          std::chrono::milliseconds lease,
                                          std::chrono::milliseconds wait,
                                          Exceptions except) override {
        return inner_.claim(std::move(queue), std::move(holder), lease, wait, std::move(except));
    }
    void look_again() override { inner_.look_again(); }
    Task<Renewed> renew(Lease lease, std::chrono::milliseconds for_another) override {
        return inner_.renew(std::move(lease), for_another);
    }
    Task<std::optional<Job>> leased(Lease lease) override {
        co_await before("leased");
        co_return co_await inner_.leased(std::move(lease));
    }
    Task<bool> finish(Lease lease) override {
        co_await before("finish");
        const bool done = co_await inner_.finish(std::move(lease));
        lose_answer("finish");
        co_return done;
    }
    Task<bool> retry(Lease lease, std::chrono::milliseconds delay, std::string why) override {
        co_await before("retry, " + why);
        co_return co_await inner_.retry(std::move(lease), delay, std::move(why));
    }
    Task<bool> dead_letter(Lease lease, std::string why) override {
        co_await before("dead letter, " + why);
        co_return co_await inner_.dead_letter(std::move(lease), std::move(why));
    }
    Task<bool> put_back(Lease lease, std::chrono::milliseconds delay, std::string why) override {
        co_await before("put back, " + why);
        co_return co_await inner_.put_back(std::move(lease), delay, std::move(why));
    }
    Task<std::vector<Lapsed>> expire(std::int64_t as_of) override { return inner_.expire(as_of); }
    Task<std::int64_t> now_ms() override { return inner_.now_ms(); }
    Task<int> end_leases() override { return inner_.end_leases(); }
    Task<void> acknowledge_expired(JobId job) override {
        co_await before("acknowledge " + job.value);
        co_await inner_.acknowledge_expired(std::move(job));
    }
    Task<bool> begin_apply(Lease lease, std::string once) override {
        co_await before("begin apply");
        co_return co_await inner_.begin_apply(std::move(lease), std::move(once));
    }
    Task<bool> append_log(std::string run, std::uint64_t fence, std::string bytes) override {
        return inner_.append_log(std::move(run), fence, std::move(bytes));
    }
    Task<std::string> read_log(std::string run, std::size_t offset, std::size_t most) override {
        return inner_.read_log(std::move(run), offset, most);
    }
    Task<QueueStatus> status() override { return inner_.status(); }
    Task<std::string> installation(std::string ours) override {
        return inner_.installation(std::move(ours));
    }
    Task<void> check_storable() override { return inner_.check_storable(); }

  private:
    static std::string said(const Commit& commit) {
        std::string out;
        for (const auto& record : commit.records) out += " " + record.key;
        for (const auto& job : commit.jobs) out += " +" + job.id.value;
        if (commit.begin) out += " begin";
        if (commit.finish) out += " finish";
        return out;
    }
    Task<void> before(std::string what) {
        co_await schedule_.step(std::move(what));
        if (schedule_.fault_in(250)) fail("Redis is away");
    }
    void lose_answer(const char* of) {
        if (schedule_.fault_in(60)) fail(std::string("the answer is lost: ") + of);
    }
    [[noreturn]] void fail(const std::string& why) {
        schedule_.note("  " + why);
        throw Failure(why);
    }

    Queue& inner_;
    Schedule& schedule_;
};

}  // namespace slipway::simulation
