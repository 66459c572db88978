#include "handlers/forges/github/api.hpp"

#include "handlers/forges/github/dialect.hpp"

namespace slipway::github {
namespace {

constexpr std::string_view scheme = "Bearer ";

}  // namespace

Api::Api(std::string forge, const GithubConfig& config, HttpClient& http, rest::Clocks clocks,
         rest::Spacing spacing)
    : Client(std::move(forge), dialect(),
             config.api_url.empty() ? "https://api.github.com" : config.api_url, http, clocks,
             std::move(spacing)),
      app_id_(config.app_id),
      token_(config.token) {
    if (!app_id_.empty())
        app_ = std::make_unique<AppTokens>(app_id_, config.app_private_key, wire(), clock());
}

Task<std::string> Api::account(std::string subject) {
    if (!app_) {
        if (token_.empty())
            throw Failure("The forge " + forge() +
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

Task<Secret> Api::authorization(std::string account) {
    Secret token = token_;
    if (app_) {
        TokenScope everything;
        token = co_await app_->token(std::move(account), std::move(everything));
    }
    co_return Secret(std::string(scheme) + token.reveal());
}

bool Api::renews(const Secret& authorization) {
    if (!app_) return false;
    app_->forget(Secret(authorization.reveal().substr(scheme.size())));
    return true;
}

Task<HttpReply> Api::call_as_app(rest::Request request) {
    co_return co_await app_->call(std::move(request));
}

Task<std::string> Api::own_login() {
    if (!own_login_.empty()) co_return own_login_;
    std::string login;
    if (app_) {
        rest::Request request("GET", "/app");
        auto reply = co_await app_->call(std::move(request));
        if (reply.status == 200) login = json_of(reply, "GET /app")["slug"].text();
        if (!login.empty()) login += "[bot]";
    } else {
        rest::Request request("GET", "/user");
        std::string nobody;
        auto reply = co_await call(std::move(nobody), std::move(request), rest::success_only);
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
