// Records as values: load() reads and decodes, save() is the write that goes into a commit.
#pragma once
#include <optional>
#include <string>
#include <utility>

#include "queue/queue.hpp"
#include "service/base/record_codecs.hpp"
#include "service/model/keys.hpp"

namespace slipway {

template <class T>
struct Stored {
    T value{};
    std::uint64_t version = 0;  // 0: there was none, value is the default
};

template <class T>
T decoded_record(const std::string& key, const Record& record) {
    auto value = decode<T>(std::string_view(record.body));
    if (!value)
        throw Failure("the record " + key + " cannot be read: " + value.error().message,
                      Retry::never);
    return std::move(*value);
}

template <class T>
Task<Stored<T>> load(Queue& queue, std::string key) {
    auto record = co_await queue.read(key);
    Stored<T> out;
    out.version = record.version;
    if (record.version) out.value = decoded_record<T>(key, record);
    co_return out;
}

// Those that an index names, newest first; `key_of` makes a record's key from the index's member.
template <class T>
Task<std::vector<T>> load_listed(Queue& queue, std::string index,
                                 std::string (*key_of)(const std::string& member)) {
    constexpr int most = 100'000;
    const auto listed = co_await queue.list(std::move(index), 0, most);
    std::vector<std::string> keys;
    for (const auto& [member, score] : listed) keys.push_back(key_of(member));
    const auto records = co_await queue.read_many(keys);
    std::vector<T> out;
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (records[i].version) out.push_back(decoded_record<T>(keys[i], records[i]));
    co_return out;
}

template <class T>
WriteRecord save(std::string key, const Stored<T>& stored) {
    return {std::move(key), stored.version, encode(stored.value).dump()};
}

// Where the payload says it; else the queue takes that of the job which leaves this one.
template <class T>
std::string repository_of(const T& payload) {
    if constexpr (requires { payload.repository.text(); })
        return payload.repository.text();
    else if constexpr (requires { payload.pull.repository.text(); })
        return payload.pull.repository.text();
    else if constexpr (requires { payload.pull->repository.text(); })
        return payload.pull ? payload.pull->repository.text() : "";
    else
        return "";
}

template <class T>
Job make_job(JobName name, const T& payload, std::string queue = service_queue) {
    Job job;
    job.kind = name.kind;
    job.id = std::move(name.id);
    job.payload = encode(payload).dump();
    job.repository = repository_of(payload);
    job.queue = std::move(queue);
    return job;
}

template <class T>
T job_payload(const Job& job) {
    return decoded_record<T>(job.id.value, Record{1, job.payload});
}

// Compiled once, in store.cpp.
extern template Task<Stored<Run>> load<Run>(Queue&, std::string);
extern template Task<Stored<PullRecord>> load<PullRecord>(Queue&, std::string);
extern template Task<Stored<PostedRecord>> load<PostedRecord>(Queue&, std::string);
extern template Run decoded_record<Run>(const std::string&, const Record&);

}  // namespace slipway
