#include "queue/redis/stored_job.hpp"

#include "service/base/codec.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/base/metrics.hpp"

namespace slipway {
namespace {

constexpr std::size_t mac_size = 64;

std::string mac_of(const Secret& record_key, std::string_view body) {
    std::string text = "job\n";
    text += body;
    return hmac_sha256_hex(record_key, text);
}

std::optional<Job> opened(const Secret& record_key, const std::string& id,
                          std::string_view stored) {
    if (stored.size() <= mac_size || stored[mac_size] != '\n') return std::nullopt;
    const auto body = stored.substr(mac_size + 1);
    if (!equal_in_constant_time(stored.substr(0, mac_size), mac_of(record_key, body)))
        return std::nullopt;
    auto job = decode<Job>(body);
    if (!job || job->id.value != id) return std::nullopt;
    return std::move(*job);
}

}  // namespace

std::string stored_job(const Secret& record_key, const Job& job) {
    const auto body = encode(job).dump();
    auto out = mac_of(record_key, body);
    out += '\n';
    out += body;
    return out;
}

std::optional<Job> verified_job(const Secret& record_key, const std::string& id,
                                std::string_view stored) {
    auto job = opened(record_key, id, stored);
    if (job) return job;
    static Counter refused =
        counter("slipway_jobs_refused_total", "Jobs in Redis that we did not leave");
    refused.add();
    log_error(
        "a job in Redis was left or changed by somebody else and is refused; find out who "
        "can write to this Redis",
        {{"job", id}});
    return std::nullopt;
}

}  // namespace slipway
