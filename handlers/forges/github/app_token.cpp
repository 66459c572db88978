#include "handlers/forges/github/app_token.hpp"

#include "handlers/forges/github/dialect.hpp"
#include "service/base/digest.hpp"

namespace slipway::github {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::chrono::milliseconds longest_mint{60'000};

}  // namespace

std::string app_jwt(const std::string& app_id, const Secret& private_key, std::int64_t now_ms) {
    const auto now = now_ms / 1'000;
    const Json header = Json::object({{"alg", "RS256"}, {"typ", "JWT"}});
    const Json claims = Json::object({{"iat", now - 60}, {"exp", now + 9 * 60}, {"iss", app_id}});
    auto text = to_base64url(header.dump()) + "." + to_base64url(claims.dump());
    return text + "." + to_base64url(sign_rs256(private_key, text));
}

AppTokens::AppTokens(std::string app_id, Secret private_key, rest::Wire& wire, const Clock& clock)
    : app_id_(std::move(app_id)),
      private_key_(std::move(private_key)),
      wire_(wire),
      clock_(clock) {}

Task<HttpReply> AppTokens::call(rest::Request request) {
    for (bool again = false;; again = true) {
        Secret bearer("Bearer " + app_jwt(app_id_, private_key_, clock_.now_ms() + ahead_ms_));
        auto copy = request;
        auto reply = co_await wire_.send(std::move(copy), std::move(bearer));
        if (reply.status != 401 || again) co_return reply;
        // A clock that goes wrong makes every JWT invalid: GitHub's own counts.
        const auto theirs = rest::time_there(reply);
        const auto ahead = theirs ? *theirs - clock_.now_ms() : 0;
        if (std::abs(ahead - ahead_ms_) < minute_ms / 2) co_return reply;
        ahead_ms_ = ahead;
    }
}

Task<std::optional<std::string>> AppTokens::installation(std::string subject) {
    if (auto known = installations_.find(subject); known != installations_.end())
        co_return known->second;
    const bool whole_owner = subject.find('/') == subject.npos;
    rest::Request request("GET", (whole_owner ? "/orgs/" : "/repos/") + subject + "/installation");
    const auto what = request.text();
    auto reply = co_await call(std::move(request));
    auto meaning = rest::meaning_of(reply, dialect(), clock_.now_ms(), 0);
    switch (meaning.kind) {
        case rest::ReplyKind::success:
            break;
        case rest::ReplyKind::missing:
            co_return std::nullopt;
        case rest::ReplyKind::limited:
            throw Failure("GitHub limits the App's own calls", meaning.wait);
        case rest::ReplyKind::unauthorised:
            throw Failure("GitHub does not accept the key of App " + app_id_ + " (" +
                          rest::message_of(reply) +
                          "); check app_id, app_private_key and the clock");
        default:
            throw Failure("GitHub answered " + what + " with " + std::to_string(reply.status) +
                              ": " + rest::message_of(reply),
                          meaning.kind == rest::ReplyKind::broken ? Retry::later : Retry::never);
    }
    std::string id(json_of(reply, what)["id"].number_text());
    if (id.empty()) throw Failure("GitHub's answer to " + what + " names no installation");
    installations_[subject] = id;
    co_return id;
}

Task<AppTokens::Kept> AppTokens::mint(Key key) {
    Json body = Json::object();
    if (!key.scope.repository.empty())
        body.set("repositories", Json::array().push(key.scope.repository));
    if (!key.scope.permission.empty())
        body.set("permissions", Json::object({{key.scope.permission, "read"}}));
    rest::Request request("POST", "/app/installations/" + key.installation + "/access_tokens",
                          std::move(body));
    const auto what = request.text();
    auto reply = co_await call(std::move(request));
    auto meaning = rest::meaning_of(reply, dialect(), clock_.now_ms(), 0);
    if (meaning.kind == rest::ReplyKind::limited)
        throw Failure("GitHub limits the App's own calls", meaning.wait);
    if (meaning.kind != rest::ReplyKind::success) {
        installations_.clear();  // removed and installed again: another id
        throw Failure("GitHub gives App " + app_id_ + " no token for installation " +
                      key.installation + " (" + std::to_string(reply.status) + ": " +
                      rest::message_of(reply) + ")");
    }
    auto json = json_of(reply, what);
    Kept kept{Secret(json["token"].text()),
              parse_utc_iso(json["expires_at"].string_or("")) - ahead_ms_ - 5 * minute_ms};
    if (kept.token.empty()) throw Failure("GitHub's answer to " + what + " holds no token");
    co_return kept;
}

namespace {
// Whatever ends the minting, those who wait go on.
class Minting {
  public:
    Minting(std::function<void()> end) : end_(std::move(end)) {}
    ~Minting() { end_(); }
    Minting(const Minting&) = delete;

  private:
    std::function<void()> end_;
};
}  // namespace

Task<Secret> AppTokens::token(std::string installation, TokenScope scope) {
    const Key key{std::move(installation), std::move(scope)};
    while (true) {
        auto kept = tokens_.find(key);
        if (kept != tokens_.end() && clock_.now_ms() < kept->second.until_ms)
            co_return kept->second.token;
        auto minting = minting_.find(key);
        if (minting == minting_.end()) break;
        auto signal = minting->second;
        co_await signal->wait(longest_mint);
    }
    auto executor = co_await this_executor();
    auto signal = std::make_shared<Signal>(executor);
    minting_[key] = signal;
    Minting guard([this, &key, signal] {
        minting_.erase(key);
        signal->notify();
    });
    auto copy = key;
    auto fresh = co_await mint(std::move(copy));
    tokens_[key] = fresh;
    co_return fresh.token;
}

void AppTokens::forget(const Secret& token) {
    std::erase_if(tokens_,
                  [&](const auto& entry) { return entry.second.token.reveal() == token.reveal(); });
}

}  // namespace slipway::github
