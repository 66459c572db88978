// What a server may answer: the bytes make the same replies however they are cut, nothing is held
// beyond the limits, and what is stored in Redis is opened or refused, never believed.
#include "queue/redis/reply.hpp"
#include "queue/redis/stored_delivery.hpp"
#include "queue/redis/stored_record.hpp"
#include "service/base/result.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace slipway;

// The replies in the bytes, fed in pieces; and whether they ended in a refusal.
std::pair<std::vector<RedisReply>, bool> read_in_pieces(std::string_view bytes, std::size_t piece) {
    ReplyReader reader({1 << 16, 1 << 10});
    std::vector<RedisReply> out;
    try {
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            reader.feed(bytes.substr(at, piece));
            while (auto reply = reader.next()) out.push_back(std::move(*reply));
        }
    } catch (const Failure&) {
        return {std::move(out), true};
    }
    return {std::move(out), false};
}

std::size_t elements_of(const RedisReply& reply) {
    std::size_t out = reply.items.size();
    for (const auto& item : reply.items) out += elements_of(item);
    return out;
}

void open_whatever_it_is(std::string_view stored) {
    try {
        opened_delivery("forge", "id", stored);
    } catch (const Failure& failure) {
        must(failure.retry() == Retry::never, "what is stored wrongly stays wrong");
    }
}

}  // namespace

void fuzz_one(std::string_view bytes) {
    const auto whole = read_in_pieces(bytes, std::max<std::size_t>(bytes.size(), 1));
    const auto cut = read_in_pieces(bytes, 3);
    must(whole.second == cut.second, "a refusal does not depend on how bytes are cut");
    must(whole.first == cut.first, "replies do not depend on how bytes are cut");
    for (const auto& reply : whole.first)
        must(elements_of(reply) <= 1 << 10, "elements are bounded");

    const Secret key("record key");
    must(!verified_record(key, "run/1", bytes), "nobody forges a record");
    const auto body = std::string(bytes);
    must(opened_record(key, "run/1", stored_record(key, "run/1", 1, body)).body == body,
         "a record reads as it was written");
    open_whatever_it_is(bytes);
    const Delivery delivery{"forge", "id", body.substr(0, 20), body, 1};
    must(opened_delivery("forge", "id", stored_delivery(delivery)).body == body,
         "a delivery reads as it was written");
}
