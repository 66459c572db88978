// The model as a Queue: the clock comes from outside, claims wait on a signal.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "queue/cancelled.hpp"
#include "queue/memory/model.hpp"
#include "service/base/clock.hpp"

namespace slipway {
namespace {

using std::chrono::milliseconds;

class MemoryQueue : public Queue {
  public:
    MemoryQueue(asio::any_io_executor executor, const Clock& clock)
        : changed_(std::move(executor)), clock_(clock) {}

    Task<Accepted> accept(Delivery delivery) override {
        auto accepted = model_.accept(delivery, now());
        changed_.notify();
        co_return accepted;
    }
    Task<std::optional<Delivery>> delivery(std::string forge, std::string id) override {
        co_return model_.delivery(forge, id, now());
    }

    Task<Record> read(std::string key) override { co_return model_.read(key); }
    Task<std::vector<Record>> read_many(std::vector<std::string> keys) override {
        std::vector<Record> out;
        for (const auto& key : keys) out.push_back(model_.read(key));
        co_return out;
    }
    Task<Committed> commit(Commit commit) override {
        auto committed = model_.commit(commit, now());
        changed_.notify();
        co_return committed;
    }
    Task<std::vector<std::pair<std::string, std::int64_t>>> list(std::string index,
                                                                 std::int64_t before,
                                                                 int count) override {
        co_return model_.list(index, before, count);
    }
    Task<std::vector<std::string>> lane(std::string lane) override { co_return model_.lane(lane); }
    Task<std::optional<int>> place_in_queue(JobId job) override {
        co_return model_.place_in_queue(job);
    }

    Task<std::optional<ClaimedJob>> claim(std::string queue, std::string, milliseconds lease,
                                          milliseconds wait, Exceptions except) override {
        const auto end = std::chrono::steady_clock::now() + wait;
        for (;;) {
            const auto excepted = except ? except() : std::vector<std::string>();
            if (auto claimed = model_.claim(queue, lease, excepted, now())) co_return claimed;
            auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
            if (left.count() <= 0) co_return std::nullopt;
            if (auto due = model_.next_due())
                left = std::min(left, milliseconds(std::max<std::int64_t>(*due - now(), 1)));
            co_await changed_.wait(left);
            if (co_await cancelled())
                throw boost::system::system_error(asio::error::operation_aborted);
        }
    }
    void look_again() override { changed_.notify(); }
    Task<Renewed> renew(Lease lease, milliseconds for_another) override {
        co_return model_.renew(lease, for_another, now());
    }
    Task<std::optional<Job>> leased(Lease lease) override { co_return model_.leased(lease); }
    Task<bool> finish(Lease lease) override {
        auto ours = model_.finish(lease, now());
        changed_.notify();
        co_return ours;
    }
    Task<bool> retry(Lease lease, milliseconds delay, std::string why) override {
        auto ours = model_.retry(lease, delay, why, now());
        changed_.notify();
        co_return ours;
    }
    Task<bool> put_back(Lease lease, milliseconds delay, std::string why) override {
        auto ours = model_.put_back(lease, delay, why, now());
        changed_.notify();
        co_return ours;
    }
    Task<bool> dead_letter(Lease lease, std::string why) override {
        auto ours = model_.dead_letter(lease, why, now());
        changed_.notify();
        co_return ours;
    }
    Task<std::vector<Lapsed>> expire(std::int64_t as_of) override {
        auto lapsed = model_.expire(now(), as_of);
        changed_.notify();
        co_return lapsed;
    }
    Task<std::int64_t> now_ms() override { co_return now(); }
    Task<int> end_leases() override { co_return model_.end_leases(now()); }
    Task<void> acknowledge_expired(JobId job) override {
        model_.acknowledge_expired(job);
        co_return;
    }
    Task<bool> begin_apply(Lease lease, std::string once) override {
        co_return model_.begin_apply(lease, once);
    }

    Task<bool> append_log(std::string run, std::uint64_t fence, std::string bytes) override {
        co_return model_.append_log(run, fence, bytes);
    }
    Task<std::string> read_log(std::string run, std::size_t offset, std::size_t at_most) override {
        co_return model_.read_log(run, offset, at_most);
    }

    Task<std::string> installation(std::string ours) override { co_return ours; }
    Task<QueueStatus> status() override { co_return model_.status(); }
    Task<void> check_storable() override { co_return; }

  private:
    std::int64_t now() const { return clock_.now_ms(); }

    QueueModel model_;
    Signal changed_;
    const Clock& clock_;
};

}  // namespace

std::unique_ptr<Queue> make_memory_queue(asio::any_io_executor executor, const Clock& clock) {
    return std::make_unique<MemoryQueue>(std::move(executor), clock);
}

}  // namespace slipway
