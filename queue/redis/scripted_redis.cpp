#include "queue/redis/scripted_redis.hpp"

#include "queue/probe.hpp"
#include "service/base/log.hpp"

namespace slipway {
namespace {

constexpr std::string_view schema = "4";

// CONFIG GET answers name, value; an error where the server keeps its configuration to itself.
std::string setting(const RedisReply& reply) {
    return reply.kind == RedisReply::Kind::list && reply.items.size() == 2 ? reply.items[1].text
                                                                           : "";
}

void check_schema(const RedisReply& stored) {
    if (stored.kind == RedisReply::Kind::text && stored.text != schema)
        throw Failure("this Redis holds data of another version of Slipway (schema " + stored.text +
                          "): run that version, or one that migrates it",
                      Retry::never);
}

std::string schema_key() { return std::string(key_prefix) + "schema"; }

void look_at(const std::vector<RedisReply>& replies) {
    const auto policy = setting(replies[0]);
    const auto append_only = setting(replies[1]);
    if (policy.empty() || append_only.empty())
        log_warning(
            "Redis does not tell its configuration; make sure of appendonly yes and "
            "maxmemory-policy noeviction");
    if (!policy.empty() && policy != "noeviction")
        log_error("REDIS MAY EVICT WHAT SLIPWAY STORES: set maxmemory-policy noeviction",
                  {{"maxmemory_policy", policy}});
    if (append_only == "no")
        log_error("REDIS LOSES WHAT SLIPWAY STORES WHEN IT RESTARTS: set appendonly yes");
    check_schema(replies[3]);
}

RedisConnection::Options greeting() {
    const auto key = schema_key();
    RedisConnection::Options out;
    out.greeting = {{"CONFIG", "GET", "maxmemory-policy"},
                    {"CONFIG", "GET", "appendonly"},
                    {"SETNX", key, std::string(schema)},
                    {"GET", key}};
    out.on_greeting = look_at;
    return out;
}

}  // namespace

Task<void> probe_redis(RedisAddress address) {
    auto executor = co_await this_executor();
    RedisConnection connection(executor, std::move(address), {});
    const RedisConnection::Words get{"GET", schema_key()};
    auto stored = co_await connection.command(get);
    check_schema(expect_no_error(std::move(stored)));
    const RedisConnection::Words policy{"CONFIG", "GET", "maxmemory-policy"};
    const auto evicts = co_await connection.command(policy);
    if (auto said = setting(evicts); !said.empty() && said != "noeviction")
        throw Failure("this Redis may evict what is stored (maxmemory-policy " + said +
                          "): set maxmemory-policy noeviction",
                      Retry::never);
    const RedisConnection::Words append{"CONFIG", "GET", "appendonly"};
    const auto appends = co_await connection.command(append);
    if (setting(appends) == "no")
        throw Failure("this Redis loses what is stored when it restarts: set appendonly yes",
                      Retry::never);
}

ScriptedRedis::ScriptedRedis(asio::any_io_executor executor, RedisAddress address,
                             const Clock* clock)
    : connection_(std::move(executor), std::move(address), greeting()), clock_(clock) {}

Task<RedisReply> ScriptedRedis::call(const Script& script, Words arguments) {
    Words words{"EVALSHA", std::string(script.sha1), "1", std::string(key_prefix),
                clock_ ? std::to_string(clock_->now_ms()) : "0"};
    words.reserve(words.size() + arguments.size());
    words.insert(words.end(), std::make_move_iterator(arguments.begin()),
                 std::make_move_iterator(arguments.end()));
    auto reply = co_await connection_.command(words);
    if (reply.is_error() && reply.text.starts_with("NOSCRIPT")) {
        words[0] = "EVAL";
        words[1] = script.text;
        reply = co_await connection_.command(words);
    }
    co_return expect_no_error(std::move(reply));
}

Task<RedisReply> ScriptedRedis::command(Words words) {
    auto reply = co_await connection_.command(words);
    co_return expect_no_error(std::move(reply));
}

}  // namespace slipway
