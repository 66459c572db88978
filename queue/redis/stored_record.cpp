#include "queue/redis/stored_record.hpp"

#include <charconv>

#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/base/metrics.hpp"

namespace slipway {
namespace {

constexpr std::size_t mac_size = 64;

std::string mac_of(const Secret& record_key, const std::string& key, std::string_view version,
                   std::string_view body) {
    std::string text = std::to_string(key.size());
    text += ':';
    text += key;
    text += version;
    text += '\n';
    text += body;
    return hmac_sha256_hex(record_key, text);
}

}  // namespace

std::string stored_record(const Secret& record_key, const std::string& key, std::uint64_t version,
                          std::string_view body) {
    auto out = std::to_string(version);
    const auto mac = mac_of(record_key, key, out, body);
    out += ' ';
    out += mac;
    out += '\n';
    out += body;
    return out;
}

std::optional<Record> verified_record(const Secret& record_key, const std::string& key,
                                      std::string_view stored) {
    const auto space = stored.find(' ');
    if (space == stored.npos || stored.size() < space + 1 + mac_size + 1 ||
        stored[space + 1 + mac_size] != '\n')
        return std::nullopt;
    const auto version = stored.substr(0, space);
    const auto mac = stored.substr(space + 1, mac_size);
    const auto body = stored.substr(space + 1 + mac_size + 1);
    if (!equal_in_constant_time(mac, mac_of(record_key, key, version, body))) return std::nullopt;
    Record out;
    const auto read = std::from_chars(version.data(), version.data() + version.size(), out.version);
    if (read.ec != std::errc() || read.ptr != version.data() + version.size() || out.version == 0)
        return std::nullopt;
    out.body = body;
    return out;
}

Record opened_record(const Secret& record_key, const std::string& key, std::string_view stored) {
    if (auto record = verified_record(record_key, key, stored)) return std::move(*record);
    static Counter refused =
        counter("slipway_records_refused_total", "Records in Redis that we did not write");
    refused.add();
    log_error("a record in Redis was changed by somebody else and is refused", {{"key", key}});
    throw Failure(
        "the record " + key + " was changed in Redis by somebody else; restore it from a backup",
        Retry::never);
}

}  // namespace slipway
