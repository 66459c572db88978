// Each function of the queue as one script or command; what the scripts promise stands on top of
// each of them.
#include "queue/redis/redis_queue.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "queue/cancelled.hpp"
#include "queue/limits.hpp"
#include "queue/redis/claim.hpp"
#include "queue/redis/script_words.hpp"
#include "queue/redis/scripted_redis.hpp"
#include "queue/redis/stored_delivery.hpp"
#include "queue/redis/stored_record.hpp"
#include "queue/redis/wake.hpp"
#include "service/model/keys.hpp"

namespace slipway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds poll_interval{1'000};

class RedisQueue : public Queue {
  public:
    RedisQueue(asio::any_io_executor executor, RedisAddress address, Secret record_key,
               const Clock* clock)
        : executor_(executor),
          address_(address),
          record_key_(std::move(record_key)),
          server_(std::make_shared<ScriptedRedis>(executor, std::move(address), clock)) {}

    Task<Accepted> accept(Delivery delivery) override {
        const auto value = stored_delivery(delivery);
        for (const auto& id : {delivery.id, delivery.id + "~" + delivery.event}) {
            Job job;
            job.id = jobs::event(delivery.forge, id).id;
            job.repository = delivery.repository;
            Words words;
            words.reserve(10);
            words.push_back(delivery_head(delivery.event));
            words.push_back(value);
            words.push_back(std::to_string(delivery_kept_ms / 1000));
            words.push_back(delivery.forge + "/" + id);
            add_job(words, job, record_key_);
            auto reply = co_await server_->call(scripts::accept, std::move(words));
            if (reply.text != "taken") co_return answered_word<Accepted>(reply);
        }
        co_return Accepted::duplicate;
    }

    Task<std::optional<Delivery>> delivery(std::string forge, std::string id) override {
        Words words{"GET", redis_key("delivery", forge + "/" + id)};
        auto reply = co_await server_->command(std::move(words));
        if (reply.is_nil()) co_return std::nullopt;
        co_return opened_delivery(std::move(forge), std::move(id), reply.text);
    }

    Task<Record> read(std::string key) override {
        Words words{"GET", redis_key("record", key)};
        auto reply = co_await server_->command(std::move(words));
        co_return opened(key, reply);
    }

    Task<std::vector<Record>> read_many(std::vector<std::string> keys) override {
        std::vector<Record> out;
        if (keys.empty()) co_return out;
        Words words{"MGET"};
        for (const auto& key : keys) words.push_back(redis_key("record", key));
        auto reply = co_await server_->command(std::move(words));
        if (reply.items.size() != keys.size()) not_understood();
        for (std::size_t i = 0; i < keys.size(); ++i)
            out.push_back(opened(keys[i], reply.items[i]));
        co_return out;
    }

    Task<Committed> commit(Commit commit) override {
        check(commit);
        auto words = commit_words(commit, record_key_);
        auto reply = co_await server_->call(scripts::commit, std::move(words));
        co_return answered_word<Committed>(reply);
    }

    Task<std::vector<std::pair<std::string, std::int64_t>>> list(std::string index,
                                                                 std::int64_t before,
                                                                 int count) override {
        Words words{"ZREVRANGEBYSCORE",
                    redis_key("index", index),
                    before == 0 ? "+inf" : "(" + std::to_string(before),
                    "-inf",
                    "WITHSCORES",
                    "LIMIT",
                    "0",
                    std::to_string(std::max(count, 0))};
        auto reply = co_await server_->command(std::move(words));
        std::vector<std::pair<std::string, std::int64_t>> out;
        for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2)
            out.emplace_back(std::move(reply.items[i].text),
                             static_cast<std::int64_t>(std::stod(reply.items[i + 1].text)));
        co_return out;
    }

    Task<std::vector<std::string>> lane(std::string lane) override {
        Words words{"LRANGE", redis_key("lane", lane), "0", "-1"};
        auto reply = co_await server_->command(std::move(words));
        std::vector<std::string> out;
        for (auto& item : reply.items) out.push_back(std::move(item.text));
        co_return out;
    }

    Task<std::optional<int>> place_in_queue(JobId job) override {
        Words words{job.value};
        auto reply = co_await server_->call(scripts::place, std::move(words));
        if (reply.is_nil()) co_return std::nullopt;
        co_return static_cast<int>(reply.number);
    }

    Task<std::optional<ClaimedJob>> claim(std::string queue, std::string holder, milliseconds lease,
                                          milliseconds wait, Exceptions except) override {
        const auto end = std::chrono::steady_clock::now() + wait;
        std::optional<WakeWatch::Waiter> waiter;
        if (wait.count() > 0) waiter.emplace(watch_of(queue));
        for (;;) {
            if (waiter) waiter->look();
            const auto excepted = except ? except() : Words();
            Words words{queue, holder, std::to_string(lease.count()),
                        std::to_string(excepted.size())};
            words.insert(words.end(), excepted.begin(), excepted.end());
            auto claimed = co_await claim_once(executor_, server_, record_key_, std::move(words));
            if (claimed.job) co_return std::move(claimed.job);
            if (claimed.refused) continue;
            const auto left =
                std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
            if (!waiter || left.count() <= 0) co_return std::nullopt;
            co_await waiter->wait(std::min(left, poll_interval));
            if (co_await cancelled())
                throw boost::system::system_error(asio::error::operation_aborted);
        }
    }

    void look_again() override {
        for (auto& [queue, watch] : watches_) watch->nudge();
    }

    Task<Renewed> renew(Lease lease, milliseconds for_another) override {
        auto words = lease_words(lease);
        words.push_back(std::to_string(for_another.count()));
        auto reply = co_await server_->call(scripts::renew, std::move(words));
        co_return answered_word<Renewed>(reply);
    }

    Task<std::optional<Job>> leased(Lease lease) override {
        auto words = lease_words(lease);
        auto reply = co_await server_->call(scripts::leased, std::move(words));
        if (reply.is_nil()) co_return std::nullopt;
        if (reply.items.size() != 2) not_understood();
        co_return answered_job(record_key_, lease.job.value, reply.items[0].text,
                               reply.items[1].text);
    }

    Task<bool> finish(Lease lease) override {
        auto words = lease_words(lease);
        return yes(scripts::finish, std::move(words));
    }
    Task<bool> retry(Lease lease, milliseconds delay, std::string why) override {
        auto words = lease_words(lease);
        words.insert(words.end(), {std::to_string(delay.count()), std::move(why), "0", "0"});
        return yes(scripts::retry, std::move(words));
    }
    Task<bool> put_back(Lease lease, milliseconds delay, std::string why) override {
        auto words = lease_words(lease);
        words.insert(words.end(), {std::to_string(delay.count()), std::move(why), "0", "1"});
        return yes(scripts::retry, std::move(words));
    }
    Task<bool> dead_letter(Lease lease, std::string why) override {
        auto words = lease_words(lease);
        words.insert(words.end(), {"0", std::move(why), "1", "0"});
        return yes(scripts::retry, std::move(words));
    }
    Task<bool> begin_apply(Lease lease, std::string once) override {
        auto words = lease_words(lease);
        words.push_back(std::move(once));
        return yes(scripts::begin_apply, std::move(words));
    }
    Task<bool> append_log(std::string run, std::uint64_t fence, std::string bytes) override {
        Words words{std::move(run), std::to_string(fence), std::move(bytes)};
        return yes(scripts::append_log, std::move(words));
    }

    Task<std::vector<Lapsed>> expire(std::int64_t as_of) override {
        Words words{std::to_string(as_of)};
        auto reply = co_await server_->call(scripts::expire, std::move(words));
        std::vector<Lapsed> out;
        for (std::size_t i = 0; i + 4 < reply.items.size(); i += 5) {
            const auto text = [&](std::size_t of) -> std::string& {
                return reply.items[i + of].text;
            };
            const auto fate = answered_word<Lapsed::Fate>(reply.items[i + 3]);
            auto job = answered_job(record_key_, text(0), text(1), text(2));
            if (job)
                out.push_back({std::move(*job), fate, std::move(text(4))});
            else if (fate != Lapsed::Fate::again)  // else it is refused when it is claimed
                co_await acknowledge_expired(JobId(text(0)));
        }
        co_return out;
    }

    Task<std::int64_t> now_ms() override {
        Words none;
        auto reply = co_await server_->call(scripts::time, std::move(none));
        co_return reply.number;
    }

    Task<int> end_leases() override {
        Words none;
        auto reply = co_await server_->call(scripts::end_leases, std::move(none));
        co_return static_cast<int>(reply.number);
    }

    Task<void> acknowledge_expired(JobId job) override {
        Words words{job.value};
        co_await server_->call(scripts::acknowledge_expired, std::move(words));
    }

    Task<std::string> read_log(std::string run, std::size_t offset, std::size_t at_most) override {
        if (at_most == 0) co_return "";
        Words words{"GETRANGE", redis_key("log", run), std::to_string(offset),
                    std::to_string(offset + at_most - 1)};
        auto reply = co_await server_->command(std::move(words));
        co_return std::move(reply.text);
    }

    Task<QueueStatus> status() override {
        Words none;
        auto reply = co_await server_->call(scripts::status, std::move(none));
        if (reply.items.size() < 3) not_understood();
        QueueStatus out;
        out.leased = reply.items[0].number;
        out.delayed = reply.items[1].number;
        out.dead = reply.items[2].number;
        for (std::size_t i = 3; i + 1 < reply.items.size(); i += 2)
            if (reply.items[i + 1].number > 0)
                out.waiting[reply.items[i].text] = reply.items[i + 1].number;
        co_return out;
    }

    Task<std::string> installation(std::string ours) override {
        const auto key = std::string(key_prefix) + "installation";
        Words claim{"SET", key, std::move(ours), "NX"}, ask{"GET", key};
        co_await server_->command(std::move(claim));
        auto reply = co_await server_->command(std::move(ask));
        co_return std::move(reply.text);
    }

    // By a write: a server that is out of memory or a replica still answers reads.
    Task<void> check_storable() override {
        Words words{"SET", std::string(key_prefix) + "probe", "1", "EX", "60"};
        co_await server_->command(std::move(words));
    }

  private:
    Record opened(const std::string& key, const RedisReply& reply) const {
        return reply.is_nil() ? Record{} : opened_record(record_key_, key, reply.text);
    }

    Task<bool> yes(const Script& script, Words words) {
        auto reply = co_await server_->call(script, std::move(words));
        co_return reply.number == 1;
    }

    WakeWatch& watch_of(const std::string& queue) {
        auto& watch = watches_[queue];
        if (!watch)
            watch = std::make_unique<WakeWatch>(executor_, address_, redis_key("wake", queue));
        return *watch;
    }

    asio::any_io_executor executor_;
    RedisAddress address_;
    Secret record_key_;
    std::shared_ptr<ScriptedRedis> server_;
    std::map<std::string, std::unique_ptr<WakeWatch>> watches_;
};

}  // namespace

std::unique_ptr<Queue> make_redis_queue(asio::any_io_executor executor, RedisAddress address,
                                        Secret record_key, const Clock* clock) {
    return std::make_unique<RedisQueue>(std::move(executor), std::move(address),
                                        std::move(record_key), clock);
}

std::unique_ptr<Queue> make_redis_queue(asio::any_io_executor executor, RedisAddress address,
                                        Secret record_key) {
    return make_redis_queue(std::move(executor), std::move(address), std::move(record_key),
                            nullptr);
}

}  // namespace slipway
