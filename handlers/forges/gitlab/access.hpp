// How GitLab lets us in: one token of a project, a group or a user, and what GitLab says of it. All
// three end on a day that GitLab fixes beforehand, so that is read and said two weeks ahead.
#pragma once
#include <string>

#include "handlers/forges/rest/client.hpp"
#include "service/base/config.hpp"

namespace slipway::gitlab {

// The user that the token acts as.
struct Self {
    std::string id, username;
};

class Api final : public rest::Client {
  public:
    Api(std::string forge, const GitlabConfig& config, HttpClient& http, rest::Clocks clocks,
        rest::Spacing spacing);

    Task<Self> self();
    // "" until self() was asked once.
    const std::string& own_login() const { return self_.username; }
    const Secret& token() const { return token_; }

  private:
    Task<std::string> account(std::string subject) override;
    Task<Secret> authorization(std::string account) override;
    bool renews(const Secret& authorization) override;
    // Once a day. What GitLab does not tell of other kinds of tokens is no trouble.
    Task<void> look_at_expiry();

    Secret token_;
    Self self_;
    std::int64_t looked_at_ms_ = 0;
};

}  // namespace slipway::gitlab
