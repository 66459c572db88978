#include "handlers/forges/github/api.hpp"

#include "service/base/metrics.hpp"
#include "service/base/pause.hpp"

namespace slipway::github {
namespace {

// A shorter wait costs less than giving the place away.
constexpr milliseconds longest_in_place{1'000};

CallKind kind_of(const std::string& method) {
    if (method == "GET") return CallKind::reads;
    return method == "POST" ? CallKind::creates : CallKind::edits;
}

void count(const std::string& forge, std::string_view outcome) {
    counter("slipway_forge_calls_total", "Calls to forges by their outcome",
            {{"forge", forge}, {"outcome", std::string(outcome)}})
        .add();
}

}  // namespace

Api::Api(std::string forge, const GithubConfig& config, HttpClient& http, const Clock& clock,
         const Clock& steady, Spacing spacing)
    : forge_(std::move(forge)),
      app_id_(config.app_id),
      token_(config.token),
      clock_(clock),
      steady_(steady),
      spacing_(std::move(spacing)),
      wire_(config.api_url.empty() ? "https://api.github.com" : config.api_url, http) {
    if (is_app())
        app_ = std::make_unique<AppTokens>(app_id_, config.app_private_key, wire_, clock_);
}

Task<std::string> Api::account(std::string subject) {
    if (!app_) {
        if (token_.empty())
            throw Failure("The forge " + forge_ +
                              " has no credentials; give it app_id and app_private_key, or a token",
                          Retry::never);
        co_return "";
    }
    auto id = co_await app_->installation(subject);
    if (!id)
        throw Failure("App " + app_id_ + " is not installed on " + subject + "; install it there",
                      Retry::never);
    co_return *id;
}

Task<bool> Api::reaches(std::string subject) {
    if (!app_) co_return true;
    auto id = co_await app_->installation(std::move(subject));
    co_return id.has_value();
}

Task<Secret> Api::credential(std::string account) {
    if (!app_) co_return token_;
    TokenScope everything;
    co_return co_await app_->token(std::move(account), std::move(everything));
}

Pace& Api::pace_of(const std::string& account) {
    return paces_.try_emplace(account, spacing_).first->second;
}

Task<milliseconds> Api::wait_for_rest(std::string subject, CallKind kind) {
    const auto payer = co_await account(std::move(subject));
    co_return pace_of(payer).wait_for(kind, Need::can_wait, steady_.now_ms());
}

Task<void> Api::keep_pace(std::string account, CallKind kind) {
    auto& pace = pace_of(account);
    for (milliseconds waited{0};;) {
        const auto now = steady_.now_ms();
        if (auto held = pace.held(now); held.count() > 0)
            throw Pause("GitHub asked us to wait before calling again", held);
        const auto wait = pace.wait_for(kind, Need::decides, now);
        if (wait.count() == 0) break;
        waited += wait;
        if (waited > longest_in_place)
            throw Pause("GitHub's limits of calls a minute and an hour are spent", wait);
        co_await sleep_for(wait);
    }
    pace.made(kind, steady_.now_ms());
}

Task<HttpReply> Api::call(std::string subject, Request request, Seen seen) {
    const auto what = request.text();
    const auto payer = co_await account(subject);
    for (bool again = false;; again = true) {
        co_await keep_pace(payer, kind_of(request.method));
        auto token = co_await credential(payer);
        auto copy = request;
        Secret bearer("Bearer " + token.reveal());
        HttpReply reply;
        try {
            reply = co_await wire_.send(std::move(copy), std::move(bearer));
        } catch (const Failure&) {
            count(forge_, "unreached");
            throw;
        }
        auto& pace = pace_of(payer);
        auto meaning = meaning_of(reply, clock_.now_ms(), pace.limits_in_a_row());
        count(forge_, word(meaning.kind));
        if (auto limit = primary_limit(reply, clock_.now_ms())) {
            pace.told(*limit, steady_.now_ms());
            gauge("slipway_forge_calls_remaining", "Calls left before the forge's rate limit",
                  {{"forge", forge_}, {"installation", payer}})
                .set(static_cast<double>(limit->left));
        }
        auto wants = [&](Seen kind) {
            pace.succeeded();
            return (seen & kind) != 0;
        };
        switch (meaning.kind) {
            case ReplyKind::success:
                pace.succeeded();
                co_return reply;
            case ReplyKind::missing:
                if (wants(missing_too)) co_return reply;
                break;
            case ReplyKind::conflict:
                if (wants(conflict_too)) co_return reply;
                break;
            case ReplyKind::refused:
                if (wants(refused_too)) co_return reply;
                break;
            case ReplyKind::forbidden:
                if (wants(forbidden_too)) co_return reply;
                break;
            case ReplyKind::limited:
                pace.limited(meaning.wait, steady_.now_ms());
                break;
            case ReplyKind::unauthorised:
                if (!app_ || again) break;
                app_->forget(token);
                continue;
            case ReplyKind::moved:
            case ReplyKind::broken:
                break;
        }
        fail(what, reply, meaning);
    }
}

void Api::fail(const std::string& what, const HttpReply& reply, ReplyMeaning meaning) {
    const auto said = " (" + std::to_string(reply.status) + ": " + message_of(reply) + ")";
    switch (meaning.kind) {
        case ReplyKind::limited:
            throw Pause("GitHub limits our calls; " + what + " has to wait" + said, meaning.wait);
        case ReplyKind::unauthorised:
            throw Failure("GitHub does not accept the credentials of " + forge_ + " for " + what +
                          said + "; check them in the configuration");
        case ReplyKind::forbidden: {
            auto needed = reply.headers.find("x-accepted-github-permissions");
            auto which = needed == reply.headers.end() ? std::string("the permission it needs")
                                                       : "one of " + needed->second;
            throw Failure(
                "GitHub does not permit " + what + said + "; give our credentials " + which,
                Retry::never);
        }
        case ReplyKind::missing:
            throw Failure("GitHub knows nothing at " + what + said +
                              "; check that our credentials may see the repository",
                          Retry::never);
        case ReplyKind::refused:
            throw Failure("GitHub refuses " + what + said, Retry::never);
        default:
            throw Failure("GitHub could not do " + what + said);
    }
}

Task<Json::Array> Api::list(std::string subject, Request request, std::string member,
                            int most_pages) {
    Json::Array all;
    std::optional<std::string> next = request.path;
    for (int page = 0; next; ++page) {
        if (page == most_pages)
            throw Failure("GitHub's answer to " + request.text() + " has more than " +
                              std::to_string(most_pages) + " pages",
                          Retry::never);
        Request one(request.method, *next);
        auto what = one.text();
        auto about = subject;
        auto reply = co_await call(std::move(about), std::move(one), success_only);
        auto json = json_of(reply, what);
        Json& items = member.empty() ? json : json.at(member);
        if (!items.is_array()) throw Failure("GitHub's answer to " + what + " is not a list");
        for (auto& item : items.edit_items()) all.push_back(std::move(item));
        next = wire_.page(reply, "next");
    }
    co_return all;
}

Task<std::string> Api::own_login() {
    if (!own_login_.empty()) co_return own_login_;
    std::string login;
    if (app_) {
        Request request("GET", "/app");
        auto reply = co_await app_->call(std::move(request));
        if (reply.status == 200) login = json_of(reply, "GET /app")["slug"].text();
        if (!login.empty()) login += "[bot]";
    } else {
        Request request("GET", "/user");
        std::string nobody;
        auto reply = co_await call(std::move(nobody), std::move(request), success_only);
        login = json_of(reply, "GET /user")["login"].text();
    }
    if (login.empty()) throw Failure("GitHub does not say who we are; check the credentials");
    own_login_ = login;
    co_return login;
}

Task<Secret> Api::reading_token(std::string repository) {
    auto payer = co_await account(repository);
    if (!app_) co_return token_;
    TokenScope scope;
    scope.repository = repository.substr(repository.find('/') + 1);
    scope.permission = "contents";
    co_return co_await app_->token(std::move(payer), std::move(scope));
}

}  // namespace slipway::github
