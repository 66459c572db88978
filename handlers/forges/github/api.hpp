// GitHub's side of rest::Client: a GitHub App's installation tokens, or one token for everything.
#pragma once
#include <memory>
#include <string>

#include "handlers/forges/github/app_token.hpp"
#include "handlers/forges/rest/client.hpp"
#include "service/base/config.hpp"

namespace slipway::github {

class Api final : public rest::Client {
  public:
    Api(std::string forge, const GithubConfig& config, HttpClient& http, rest::Clocks clocks,
        rest::Spacing spacing);

    bool is_app() const { return app_ != nullptr; }
    // False: the App is not installed on this repository or organisation.
    Task<bool> reaches(std::string subject);
    // As the App itself; only where there is one.
    Task<HttpReply> call_as_app(rest::Request request);
    // The login that our comments carry.
    Task<std::string> own_login();
    // A token that may read this repository's contents and nothing else (rule R5); our own where we
    // have only that.
    Task<Secret> reading_token(std::string repository);

  private:
    // An installation's id, or "" for the token.
    Task<std::string> account(std::string subject) override;
    Task<Secret> authorization(std::string account) override;
    bool renews(const Secret& authorization) override;

    std::string app_id_;
    Secret token_;
    std::unique_ptr<AppTokens> app_;
    std::string own_login_;
};

}  // namespace slipway::github
