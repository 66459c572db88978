#include "handlers/forges/github/answers.hpp"

#include <algorithm>
#include <map>

#include "handlers/forges/rest/envelope.hpp"
#include "service/model/ascii.hpp"

namespace slipway::github {

using rest::is_commit;

namespace {

bool same_repository(const Json& a, const Json& b) {
    if (!a.is_object() || !b.is_object()) return false;
    auto id = a["id"].number_text();
    if (!id.empty() && !b["id"].number_text().empty()) return id == b["id"].number_text();
    auto name = a["full_name"].string_or("");
    return !name.empty() && equal_ignoring_case(name, b["full_name"].string_or(""));
}

}  // namespace

Actor actor_of(const std::string& forge, const Json& user) {
    auto login = user["login"].string_or("");
    return {forge, std::string(login.empty() ? "ghost" : login),
            user["type"].string_or("") == "Bot"};
}

std::optional<PullRequest> pull_request_of(const PullRequestName& name, const Json& pull) {
    const auto &head = pull["head"], &base = pull["base"];
    if (!is_commit(head["sha"].string_or("")) || base["ref"].string_or("").empty())
        return std::nullopt;
    PullRequest out;
    out.name = name;
    out.title = pull["title"].text();
    out.author = actor_of(name.repository.forge, pull["user"]);
    if (pull["merged"].bool_or(false) || pull["merged_at"].is_string())
        out.state = PullState::merged;
    else if (pull["state"].string_or("") != "open")
        out.state = PullState::closed;
    out.draft = pull["draft"].bool_or(false);
    out.fork = !same_repository(head["repo"], base["repo"]);
    out.head_branch = head["ref"].text();
    out.head = CommitSha(head["sha"].text());
    out.base_branch = base["ref"].text();
    if (is_commit(base["sha"].string_or(""))) out.base = CommitSha(base["sha"].text());
    // Before the merge this is a throw-away test merge.
    if (out.state == PullState::merged && is_commit(pull["merge_commit_sha"].string_or("")))
        out.merge_commit = CommitSha(pull["merge_commit_sha"].text());
    for (const auto& label : pull["labels"].items()) out.labels.push_back(label["name"].text());
    out.url = pull["html_url"].text();
    out.default_branch = base["repo"]["default_branch"].text();
    return out;
}

bool Own::wrote(const Json& comment) const {
    auto through = comment["performed_via_github_app"]["id"].number_text();
    if (!through.empty() && through == app_id) return true;
    return !login.empty() && equal_ignoring_case(comment["user"]["login"].string_or(""), login);
}

std::optional<Comment> comment_of(const PullRequestName& pull, const Json& comment,
                                  const Own& own) {
    auto id = comment["id"].number_text();
    auto issue = comment["issue_url"].string_or("");
    if (id.empty() || !issue.ends_with("/issues/" + std::to_string(pull.number)))
        return std::nullopt;
    Comment out;
    out.id = std::string(id);
    out.pull = pull;
    out.author = actor_of(pull.repository.forge, comment["user"]);
    out.ours = own.wrote(comment);
    out.body = comment["body"].text();
    auto created = comment["created_at"].string_or("");
    out.created_at_ms = parse_utc_iso(created);
    out.edited = out.created_at_ms == 0 || comment["updated_at"].string_or("") != created;
    return out;
}

std::optional<ForgeReview> review_of(const std::string& forge, const Json& review) {
    static const std::map<std::string_view, ReviewState> states = {
        {"APPROVED", ReviewState::approved},
        {"CHANGES_REQUESTED", ReviewState::changes_requested},
        {"COMMENTED", ReviewState::commented},
        {"DISMISSED", ReviewState::dismissed},
    };
    auto state = states.find(review["state"].string_or(""));
    if (state == states.end() || !review["user"].is_object()) return std::nullopt;
    ForgeReview out;
    out.id = std::string(review["id"].number_text());
    out.author = actor_of(forge, review["user"]);
    out.state = state->second;
    if (is_commit(review["commit_id"].string_or("")))
        out.commit = CommitSha(review["commit_id"].text());
    out.submitted_at_ms = parse_utc_iso(review["submitted_at"].string_or(""));
    return out;
}

Permission permission_of(const Json& answer) {
    return parse_word<Permission>(answer["permission"].string_or("")).value_or(Permission::none);
}

}  // namespace slipway::github
