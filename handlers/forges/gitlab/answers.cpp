#include "handlers/forges/gitlab/answers.hpp"

#include <algorithm>

#include "handlers/forges/rest/envelope.hpp"

namespace slipway::gitlab {
namespace {

using rest::is_commit;

enum Level { guest = 10, reporter = 20, developer = 30, maintainer = 40 };

// What a merge put onto the target: a merge commit, else the squashed one, else (fast-forward) the
// head itself.
CommitSha merged_as(const Json& merge_request) {
    for (const char* member : {"merge_commit_sha", "squash_commit_sha", "sha"})
        if (is_commit(merge_request[member].string_or("")))
            return CommitSha(merge_request[member].text());
    return {};
}

// The user of a project's or a group's access token: "project_4711_bot_0123456789abcdef".
bool is_bot_name(std::string_view username) {
    for (const std::string_view kind : {"project_", "group_", "service_account_"}) {
        if (!username.starts_with(kind)) continue;
        if (kind == "service_account_") return true;
        const auto rest = username.substr(kind.size());
        const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
        if (digits > 0 && rest.substr(digits).starts_with("_bot")) return true;
    }
    return false;
}

}  // namespace

Actor actor_named(const std::string& forge, std::string_view username) {
    return {forge, std::string(username.empty() ? "ghost" : username), is_bot_name(username)};
}

Actor actor_of(const std::string& forge, const Json& user) {
    auto out = actor_named(forge, user["username"].string_or(""));
    if (user["bot"].bool_or(false)) out.bot = true;
    return out;
}

std::optional<PullRequest> pull_request_of(const PullRequestName& name, const Json& merge_request,
                                           const Json& versions) {
    const auto& json = merge_request;
    if (!is_commit(json["sha"].string_or("")) || json["target_branch"].string_or("").empty())
        return std::nullopt;
    PullRequest out;
    out.name = name;
    out.title = json["title"].text();
    out.author = actor_of(name.repository.forge, json["author"]);
    const auto state = json["state"].string_or("");
    if (state == "merged")
        out.state = PullState::merged;
    else if (state != "opened" && state != "locked")  // locked: for the moment of its merge
        out.state = PullState::closed;
    out.draft = json["draft"].bool_or(false);
    const auto source = json["source_project_id"].number_text();
    out.fork = source.empty() || source != json["target_project_id"].number_text();
    out.head_branch = json["source_branch"].text();
    out.head = CommitSha(json["sha"].text());
    out.base_branch = json["target_branch"].text();
    for (const char* member : {"base_sha", "start_sha"})  // the latter is the tip of the target
        if (is_commit(json["diff_refs"][member].string_or("")))
            out.base = CommitSha(json["diff_refs"][member].text());
    if (out.state == PullState::merged) out.merge_commit = merged_as(json);
    for (const auto& label : json["labels"].items())
        out.labels.push_back(label.is_string() ? label.text() : label["name"].text());
    out.url = json["web_url"].text();
    const auto& newest = versions[std::size_t{0}];
    if (newest["head_commit_sha"].string_or("") == out.head.value)
        out.head_pushed_at_ms = parse_utc_iso(newest["created_at"].string_or(""));
    return out;
}

std::optional<Comment> comment_of(const PullRequestName& pull, const Json& note,
                                  std::string_view own_id) {
    const auto id = note["id"].number_text();
    if (!is_digits(id) || note["system"].bool_or(false) || note["internal"].bool_or(false) ||
        note["confidential"].bool_or(false) ||
        note["noteable_type"].string_or("") != "MergeRequest" ||
        note["noteable_iid"].int_or(pull.number) != pull.number)
        return std::nullopt;
    Comment out;
    out.id = std::string(id);
    out.pull = pull;
    out.author = actor_of(pull.repository.forge, note["author"]);
    out.ours = !own_id.empty() && note["author"]["id"].number_text() == own_id;
    out.body = note["body"].text();
    out.created_at_ms = parse_utc_iso(note["created_at"].string_or(""));
    return out;
}

std::optional<ForgeReview> review_of(const std::string& forge, const Json& approval) {
    const auto& user = approval["user"];
    if (user["username"].string_or("").empty()) return std::nullopt;
    ForgeReview out;
    out.author = actor_of(forge, user);
    out.state = ReviewState::approved;
    out.submitted_at_ms = parse_utc_iso(approval["approved_at"].string_or(""));
    out.id = std::string(user["id"].number_text()) + "@" + std::to_string(out.submitted_at_ms);
    return out;
}

bool is_active_member(const Json& member) {
    const auto state = member["state"].string_or("active");
    const auto membership = member["membership_state"].string_or("active");
    return state == "active" && membership == "active" && !member["locked"].bool_or(false) &&
           member["access_level"].int_or(0) >= guest;
}

Permission permission_of(const Json& member, GitlabConfig::Writers writers) {
    if (!is_active_member(member)) return Permission::none;
    const auto level = member["access_level"].int_or(0);
    if (level >= maintainer) return Permission::admin;
    if (level >= developer && writers == GitlabConfig::Writers::developer) return Permission::write;
    return level >= reporter ? Permission::read : Permission::none;
}

}  // namespace slipway::gitlab
