// The answers of Gitea and Forgejo as our values. Pure. What an answer lacks becomes the cautious
// reading: no permission, a fork, an unknown author.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "handlers/forges/forge.hpp"

namespace slipway::gitea {

// nullopt: it lacks its head or base.
std::optional<PullRequest> pull_request_of(const PullRequestName& name, const Json& pull);
bool wrote(std::string_view login, const Json& comment);
// nullopt: it belongs to another issue. Whether it was edited shows against the signed webhook
// alone (`updated_at` has whole seconds).
std::optional<Comment> comment_of(const PullRequestName& pull, const Json& comment,
                                  std::string_view own_login);
// nullopt: not submitted yet, a request for one, or of a kind we do not know.
std::optional<ForgeReview> review_of(const std::string& forge, const Json& review);
Permission permission_of(const Json& answer);

}  // namespace slipway::gitea
