#include "queue/redis/script_words.hpp"

#include "queue/limits.hpp"
#include "queue/redis/stored_job.hpp"
#include "queue/redis/stored_record.hpp"

namespace slipway {

void add_job(Words& words, const Job& job, const Secret& record_key) {
    words.push_back(job.id.value);
    words.push_back(job.queue);
    words.push_back(job.repository);
    words.push_back(std::to_string(bounded_priority(job.priority)));
    words.push_back(std::to_string(job.not_before_ms));
    words.push_back(stored_job(record_key, job));
}

Words lease_words(const Lease& lease) { return {lease.job.value, std::to_string(lease.fence)}; }

Words commit_words(const Commit& commit, const Secret& record_key) {
    auto out = commit.holding ? lease_words(*commit.holding) : Words{"", "0"};
    out.push_back(commit.finish ? "finish" : commit.begin ? "begin" : "");
    auto count = [&](const auto& list) { out.push_back(std::to_string(list.size())); };
    count(commit.once);
    for (const auto& name : commit.once) out.push_back(name);
    count(commit.records);
    for (const auto& [key, expected, body] : commit.records) {
        out.push_back(key);
        out.push_back(std::to_string(expected));
        out.push_back(stored_record(record_key, key, expected + 1, body));
    }
    count(commit.leave);
    for (const auto& [lane, member] : commit.leave) out.insert(out.end(), {lane, member});
    count(commit.enter);
    for (const auto& [lane, member, job] : commit.enter) {
        out.insert(out.end(), {lane, member});
        add_job(out, job, record_key);
    }
    count(commit.index);
    for (const auto& [index, member, score] : commit.index)
        out.insert(out.end(), {index, member, std::to_string(score)});
    count(commit.cancel);
    for (const auto& id : commit.cancel) out.push_back(id.value);
    count(commit.jobs);
    for (const auto& job : commit.jobs) add_job(out, job, record_key);
    return out;
}

void not_understood() {
    throw Failure("Redis answered what this version does not understand", Retry::never);
}

std::optional<Job> answered_job(const Secret& record_key, const std::string& id,
                                const std::string& repository, const std::string& data) {
    auto job = verified_job(record_key, id, data);
    if (job) job->repository = repository;  // its own, or what it got from who left it
    return job;
}

}  // namespace slipway
