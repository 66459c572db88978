// A record as Redis holds it:
//
//     stored  = version " " mac LF body
//     version = decimal, from 1        mac = 64 lower-case hex digits
//     mac     = HMAC-SHA256(record key, decimal size of key ":" key version LF body)
//
// The key is not in Redis, so what somebody wrote, moved or renumbered there is refused (rule S1).
// What it cannot tell: a record removed, or put back as it once was.
#pragma once
#include <optional>
#include <string>

#include "queue/queue.hpp"

namespace slipway {

std::string stored_record(const Secret& record_key, const std::string& key, std::uint64_t version,
                          std::string_view body);

// nullopt: it was not us who wrote it.
std::optional<Record> verified_record(const Secret& record_key, const std::string& key,
                                      std::string_view stored);

// Throws Failure(never), counted and logged, where it was not us who wrote it.
Record opened_record(const Secret& record_key, const std::string& key, std::string_view stored);

}  // namespace slipway
