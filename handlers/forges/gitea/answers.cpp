#include "handlers/forges/gitea/answers.hpp"

#include <map>

#include "handlers/forges/rest/envelope.hpp"
#include "service/model/ascii.hpp"

namespace slipway::gitea {

using rest::is_commit;

namespace {

// Users have no type here: a bot is somebody like everybody else.
Actor actor_of(const std::string& forge, const Json& user) {
    const auto login = user["login"].string_or("");
    return {forge, std::string(login.empty() ? "ghost" : login)};
}

}  // namespace

std::optional<PullRequest> pull_request_of(const PullRequestName& name, const Json& pull) {
    const auto &head = pull["head"], &base = pull["base"];
    if (!is_commit(head["sha"].string_or("")) || base["ref"].string_or("").empty())
        return std::nullopt;
    PullRequest out;
    out.name = name;
    out.title = pull["title"].text();
    out.author = actor_of(name.repository.forge, pull["user"]);
    if (pull["merged"].bool_or(false))
        out.state = PullState::merged;
    else if (pull["state"].string_or("") != "open")
        out.state = PullState::closed;
    out.draft = pull["draft"].bool_or(false);
    const auto head_id = head["repo_id"].number_text(), base_id = base["repo_id"].number_text();
    out.fork = head_id.empty() || head_id != base_id || !head["repo"].is_object();
    out.head_branch = head["ref"].text();
    out.head = CommitSha(head["sha"].text());
    out.base_branch = base["ref"].text();
    if (is_commit(base["sha"].string_or(""))) out.base = CommitSha(base["sha"].text());
    if (out.state == PullState::merged && is_commit(pull["merge_commit_sha"].string_or("")))
        out.merge_commit = CommitSha(pull["merge_commit_sha"].text());
    for (const auto& label : pull["labels"].items()) out.labels.push_back(label["name"].text());
    out.url = pull["html_url"].text();
    out.default_branch = base["repo"]["default_branch"].text();
    return out;
}

bool wrote(std::string_view login, const Json& comment) {
    return !login.empty() && equal_ignoring_case(comment["user"]["login"].string_or(""), login);
}

std::optional<Comment> comment_of(const PullRequestName& pull, const Json& comment,
                                  std::string_view own_login) {
    const auto id = comment["id"].number_text();
    const auto number = "/" + std::to_string(pull.number);
    if (id.empty() || (!comment["pull_request_url"].string_or("").ends_with("/pulls" + number) &&
                       !comment["issue_url"].string_or("").ends_with("/issues" + number)))
        return std::nullopt;
    Comment out;
    out.id = std::string(id);
    out.pull = pull;
    out.author = actor_of(pull.repository.forge, comment["user"]);
    out.ours = wrote(own_login, comment);
    out.body = comment["body"].text();
    out.created_at_ms = parse_utc_iso(comment["created_at"].string_or(""));
    return out;
}

std::optional<ForgeReview> review_of(const std::string& forge, const Json& review) {
    static const std::map<std::string_view, ReviewState> states = {
        {"APPROVED", ReviewState::approved},
        {"REQUEST_CHANGES", ReviewState::changes_requested},
        {"COMMENT", ReviewState::commented},
    };
    const auto state = states.find(review["state"].string_or(""));
    if (state == states.end() || !review["user"].is_object()) return std::nullopt;
    ForgeReview out;
    out.id = std::string(review["id"].number_text());
    out.author = actor_of(forge, review["user"]);
    out.state = review["dismissed"].bool_or(false) ? ReviewState::dismissed : state->second;
    if (is_commit(review["commit_id"].string_or("")))
        out.commit = CommitSha(review["commit_id"].text());
    out.submitted_at_ms = parse_utc_iso(review["submitted_at"].string_or(""));
    return out;
}

Permission permission_of(const Json& answer) {
    const auto said = answer["permission"].string_or("");
    if (said == "owner") return Permission::admin;
    return parse_word<Permission>(said).value_or(Permission::none);
}

}  // namespace slipway::gitea
