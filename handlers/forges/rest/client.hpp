// Calls to a REST forge with the right credential, at the right pace, and with one meaning for
// every reply: what the caller does not ask to see itself is thrown as a Failure that says what to
// do next. An adapter derives from this and says whose limits count and how it is let in.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "handlers/forges/rest/pacing.hpp"
#include "handlers/forges/rest/wire.hpp"
#include "service/base/clock.hpp"

namespace slipway::rest {

// Which refusals the caller wants to see itself; combined with |.
using Seen = unsigned;
inline constexpr Seen success_only = 0, missing_too = 1, conflict_too = 2, refused_too = 4,
                      forbidden_too = 8;

struct Clocks {
    const Clock& day;     // for what replies and credentials say
    const Clock& steady;  // never set back: for the pace
};

class Client {
  public:
    // `forge`: its name in the configuration. The dialect outlives the client.
    Client(std::string forge, const Dialect& dialect, std::string api_url, HttpClient& http,
           Clocks clocks, Spacing spacing);
    virtual ~Client() = default;
    Client(const Client&) = delete;

    const Spacing& spacing() const { return spacing_; }
    Wire& wire() { return wire_; }

    // `subject`: the repository ("acme/infra") or organisation ("acme") that the call is about.
    Task<HttpReply> call(std::string subject, Request request, Seen seen);
    // All items of all pages, at most `most_pages` of them: more is a Failure(never), for half a
    // list must not be taken for a whole one. `member`: where the items are an object's member.
    Task<Json::Array> list(std::string subject, Request request, std::string member,
                           int most_pages);
    // How long until a call that can wait may be made; zero: now.
    Task<milliseconds> wait_for_rest(std::string subject, CallKind kind);

  protected:
    // Whose limits count for calls about `subject`. Throws Failure(never) where we are not let in.
    virtual Task<std::string> account(std::string subject) = 0;
    // The Authorization header's value.
    virtual Task<Secret> authorization(std::string account) = 0;
    // It was refused. Whether to ask authorization() for another one.
    virtual bool renews(const Secret& authorization) = 0;

    const std::string& forge() const { return forge_; }
    const Clock& clock() const { return clocks_.day; }

  private:
    Task<void> keep_pace(std::string account, CallKind kind);
    Task<HttpReply> send(Request request, Secret letter);
    // Counts the reply, and remembers what it says of limits.
    ReplyMeaning take_note(const std::string& account, const HttpReply& reply);
    Pace& pace_of(const std::string& account);
    [[noreturn]] void fail(const std::string& what, const HttpReply& reply, ReplyMeaning meaning);

    std::string forge_;
    const Dialect& dialect_;
    Clocks clocks_;
    Spacing spacing_;
    Wire wire_;
    std::map<std::string, Pace> paces_;
};

}  // namespace slipway::rest
