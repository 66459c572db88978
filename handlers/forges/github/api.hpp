// Calls to GitHub with the right credential, at the right pace, and with one meaning for every
// reply: what the caller does not ask to see itself is thrown as a Failure that says what to do
// next.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "handlers/forges/github/app_token.hpp"
#include "handlers/forges/github/pacing.hpp"
#include "handlers/forges/github/wire.hpp"
#include "service/base/config.hpp"

namespace slipway::github {

// Which refusals the caller wants to see itself; combined with |.
using Seen = unsigned;
inline constexpr Seen success_only = 0, missing_too = 1, conflict_too = 2, refused_too = 4,
                      forbidden_too = 8;

class Api {
  public:
    // `steady` counts for the pace, `clock` for what credentials say.
    Api(std::string forge, const GithubConfig& config, HttpClient& http, const Clock& clock,
        const Clock& steady, Spacing spacing);

    bool is_app() const { return !app_id_.empty(); }
    // False: the App is not installed on this repository or organisation.
    Task<bool> reaches(std::string subject);
    const Spacing& spacing() const { return spacing_; }

    // How long until a call that can wait may be made; zero: now.
    Task<milliseconds> wait_for_rest(std::string subject, CallKind kind);

    // `subject`: the repository ("acme/infra") or organisation ("acme") that the call is about.
    Task<HttpReply> call(std::string subject, Request request, Seen seen);
    // All items of all pages, at most `most_pages` of them: more is a Failure(never), for half a
    // list must not be taken for a whole one. `member`: where the items are an object's member.
    Task<Json::Array> list(std::string subject, Request request, std::string member,
                           int most_pages);
    const Wire& wire() const { return wire_; }

    // The login that our comments carry.
    Task<std::string> own_login();
    // A token that may read this repository's contents and nothing else (rule R5); our own where we
    // have only that.
    Task<Secret> reading_token(std::string repository);

  private:
    // Whose rate limits count: an installation's id, or "" for the token.
    Task<std::string> account(std::string subject);
    Task<Secret> credential(std::string account);
    Task<void> keep_pace(std::string account, CallKind kind);
    Pace& pace_of(const std::string& account);
    [[noreturn]] void fail(const std::string& what, const HttpReply& reply, ReplyMeaning meaning);

    std::string forge_;
    std::string app_id_;
    Secret token_;
    const Clock& clock_;
    const Clock& steady_;
    Spacing spacing_;
    Wire wire_;
    std::unique_ptr<AppTokens> app_;
    std::map<std::string, Pace> paces_;
    std::string own_login_;
};

}  // namespace slipway::github
