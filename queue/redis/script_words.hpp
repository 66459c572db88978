// What scripts are told and what they answer, as words. The order of the words is that of the ARGV
// line on top of each script.
#pragma once
#include "queue/queue.hpp"
#include "queue/redis/connection.hpp"

namespace slipway {

using Words = RedisConnection::Words;

void add_job(Words& words, const Job& job, const Secret& record_key);
Words lease_words(const Lease& lease);
Words commit_words(const Commit& commit, const Secret& record_key);

[[noreturn]] void not_understood();  // throws Failure(never)
// nullopt: nobody of us left it; see stored_job.hpp.
std::optional<Job> answered_job(const Secret& record_key, const std::string& id,
                                const std::string& repository, const std::string& data);

template <class E>
E answered_word(const RedisReply& reply) {
    auto out = parse_word<E>(reply.text);
    if (!out) not_understood();
    return *out;
}

}  // namespace slipway
