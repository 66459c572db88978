// GitHub's answers as our values. Pure. What an answer lacks becomes the cautious reading: no
// permission, a fork, an unknown author; only what names the thing itself must be there.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::github {

Actor actor_of(const std::string& forge, const Json& user);  // null: the user is gone ("ghost")

// nullopt: it lacks its head or base.
std::optional<PullRequest> pull_request_of(const PullRequestName& name, const Json& pull);

struct Own {
    std::string app_id;  // "" where we write with a token
    std::string login;   // "slipway[bot]"
    bool wrote(const Json& comment) const;
};
// nullopt: it belongs to another issue.
std::optional<Comment> comment_of(const PullRequestName& pull, const Json& comment, const Own& own);

// nullopt: not submitted yet, or of a kind we do not know.
std::optional<ForgeReview> review_of(const std::string& forge, const Json& review);
Permission permission_of(const Json& answer);

}  // namespace slipway::github
