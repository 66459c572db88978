// GitLab's answers as our values. Pure. What an answer lacks becomes the cautious reading: no
// permission, a fork, an unknown author.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "handlers/forges/forge.hpp"
#include "handlers/forges/rest/envelope.hpp"

namespace slipway::gitlab {

using rest::is_digits;

Actor actor_named(const std::string& forge, std::string_view username);  // "": gone ("ghost")
Actor actor_of(const std::string& forge, const Json& user);

// nullopt: it lacks its head or target. `versions`: the newest one of its diff, in a list; it tells
// when the head was pushed, which approvals are measured by, since they name no commit (rule W3).
std::optional<PullRequest> pull_request_of(const PullRequestName& name, const Json& merge_request,
                                           const Json& versions);

// nullopt: it is GitLab's own, confidential, or on something else. GitLab moves `updated_at` when
// somebody adds an emoji, as we do, so that it does not tell whether a note was edited: whoever
// reacts to one compares it with the text in the webhook that announced it.
std::optional<Comment> comment_of(const PullRequestName& pull, const Json& note,
                                  std::string_view own_id);

// One of approved_by. nullopt: it names nobody. Before GitLab told `approved_at`, none counts.
std::optional<ForgeReview> review_of(const std::string& forge, const Json& approval);

// `member`: with an access level of 0, 5, 10, 15, 20, 30, 40 or 50; GitLab adds others in between.
Permission permission_of(const Json& member, GitlabConfig::Writers writers);
bool is_active_member(const Json& member);

}  // namespace slipway::gitlab
