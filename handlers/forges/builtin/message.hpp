// The built-in forge's webhook: what its hooks send and its adapter reads.
//
//   POST <url>/webhooks/<forge>
//   X-Slipway-Event: push | pull_request | comment | review | check_rerequested
//   X-Slipway-Delivery: an id of its own
//   X-Slipway-Repository: acme/infra       says whose secret to check with; believed only once that
//   fits X-Slipway-Signature-256: sha256=<hex HMAC-SHA256 of the body under the repository's
//   secret>
//
//   {"repository": "acme/infra", "number": 7, "change": "opened", "comment": "…", "branch": "main",
//    "before": "…", "after": "…", "forced": false, "head": "…", "external_id": "…", "sender":
//    "ada"}
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "service/model/secret.hpp"

namespace slipway {

struct BuiltinMessage {
    std::string event;
    std::string repository;
    int number = 0;
    std::string change;   // a word of PullChange
    std::string comment;  // id
    std::string branch, before, after;
    bool forced = false;
    std::string head, external_id;
    std::string sender;

    static void fields(auto& self, auto&& f) {
        f("event", self.event);
        f("repository", self.repository);
        f("number", self.number);
        f("change", self.change);
        f("comment", self.comment);
        f("branch", self.branch);
        f("before", self.before);
        f("after", self.after);
        f("forced", self.forced);
        f("head", self.head);
        f("external_id", self.external_id);
        f("sender", self.sender);
    }
};

// What install_builtin_hooks left in a repository.
struct BuiltinAddress {
    std::string url;         // of the service
    std::string forge;       // instance name
    std::string repository;  // path below the root, without .git
    static void fields(auto& self, auto&& f) {
        f("url", self.url);
        f("forge", self.forge);
        f("repository", self.repository);
    }
};
inline constexpr const char* address_file = "slipway.json";
inline constexpr const char* secret_file = "slipway.secret";

std::optional<BuiltinAddress> read_address(const std::filesystem::path& repository);
std::optional<Secret> read_hook_secret(const std::filesystem::path& repository);
// Sends; where it could not be delivered, standard error says why and what to do.
void tell_service(const std::filesystem::path& repository, BuiltinMessage message);

}  // namespace slipway
