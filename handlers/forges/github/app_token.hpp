// A GitHub App's credentials: a JWT signed with its key asks for installation tokens, which live an
// hour. A token is kept until five minutes before its end; one coroutine asks for it, the others
// wait. Tokens are opaque text of any length. Rule R5: whoever needs less than everything says so
// in the scope.
//
//     JWT = base64url(header) "." base64url(claims) "." base64url(RS256)
//     claims = iat: a minute ago, exp: in nine minutes, iss: the App's id
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "handlers/forges/rest/wire.hpp"
#include "service/base/clock.hpp"

namespace slipway::github {

std::string app_jwt(const std::string& app_id, const Secret& private_key, std::int64_t now_ms);

// Empty: all that the installation may do.
struct TokenScope {
    std::string repository;  // name without its owner
    std::string permission;  // one of them, to read: "contents"
    auto operator<=>(const TokenScope&) const = default;
};

class AppTokens {
  public:
    AppTokens(std::string app_id, Secret private_key, rest::Wire& wire, const Clock& clock);

    // The installation on "acme/infra" or, with all its teams, on the organisation "acme". nullopt:
    // the App is not installed there.
    Task<std::optional<std::string>> installation(std::string subject);
    Task<Secret> token(std::string installation, TokenScope scope);
    // A token that was refused is asked for anew next time.
    void forget(const Secret& token);

    // As the App itself.
    Task<HttpReply> call(rest::Request request);

  private:
    struct Key {
        std::string installation;
        TokenScope scope;
        auto operator<=>(const Key&) const = default;
    };
    struct Kept {
        Secret token;
        std::int64_t until_ms = 0;
    };
    Task<Kept> mint(Key key);

    std::string app_id_;
    Secret private_key_;
    rest::Wire& wire_;
    const Clock& clock_;
    std::int64_t ahead_ms_ = 0;  // GitHub's clock against ours, where a JWT was refused for it
    std::map<std::string, std::string> installations_;  // "acme/infra" or "acme" -> id
    std::map<Key, Kept> tokens_;
    std::map<Key, std::shared_ptr<Signal>> minting_;
};

}  // namespace slipway::github
