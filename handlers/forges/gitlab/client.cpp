#include "handlers/forges/gitlab/client.hpp"

#include <algorithm>

#include "handlers/forges/gitlab/answers.hpp"
#include "handlers/forges/gitlab/webhook.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "service/base/steady_clock.hpp"
#include "service/model/ascii.hpp"

namespace slipway::gitlab {
namespace {

constexpr int most_pull_pages = 10, most_open_pages = 50;
constexpr std::int64_t project_ms = 600'000, user_ms = 60'000;
constexpr std::size_t most_kept = 1'000;

// "acme/platform/infra" of "acme/platform/infra!7".
std::string_view path_of(std::string_view reference) {
    return reference.substr(0, reference.rfind('!'));
}

}  // namespace

GitlabForge::GitlabForge(ForgeConfig config, HttpClient& http, const Clock& clock,
                         const Clock& steady, rest::Spacing spacing)
    : config_(std::move(config)),
      clock_(clock),
      steady_(steady),
      locks_(locks_of(config_.name, settings())),
      api_(config_.name, settings(), http, {clock, steady}, spacing),
      notes_(config_.name, settings(), http, {clock, steady}, spacing_of_notes(spacing)) {}

ForgeTraits GitlabForge::traits() const {
    ForgeTraits out;
    out.has_checks = false;
    out.limits = text_limits;
    return out;
}

std::variant<Delivery, RefusedWebhook> GitlabForge::verify(const Headers& headers,
                                                           std::string body) {
    return open_envelope(config_.name, locks_, headers, std::move(body), clock_.now_ms());
}

EventOrIgnored GitlabForge::parse(const Delivery& delivery) const {
    return parse_payload(delivery, api_.own_login());
}

Task<std::optional<Project>> GitlabForge::find_project(std::string path, Look look) {
    const auto now = steady_.now_ms();
    if (const auto kept = projects_.find(path);
        look == Look::kept && kept != projects_.end() && now - kept->second.at_ms < project_ms)
        co_return kept->second.value;
    if (!is_project_path(path)) co_return std::nullopt;
    rest::Request request("GET", "/projects/" + rest::encoded(path));
    const auto what = request.text();
    auto reply = co_await api_.call(path, std::move(request), rest::missing_too);
    projects_.erase(path);
    if (reply.status != 200) co_return std::nullopt;
    const auto json = json_of(reply, what);
    Project found{std::string(json["id"].number_text()), json["path_with_namespace"].text(),
                  json["default_branch"].text()};
    if (!is_digits(found.id)) throw Failure("GitLab's answer to " + what + " holds no id");
    if (projects_.size() >= most_kept) projects_.clear();
    projects_[path] = {found, now};
    co_return found;
}

Task<Project> GitlabForge::project(std::string path) {
    auto found = co_await find_project(path, Look::kept);
    if (!found)
        throw Failure(
            "GitLab knows no project " + path + "; check that the token's user may see it",
            Retry::never);
    co_return *found;
}

Task<Json> GitlabForge::merge_request(PullRequestName name) {
    const auto path = name.repository.path;
    auto look = Look::kept;
    while (true) {
        auto of = co_await find_project(path, look);
        if (!of) co_return Json();
        rest::Request request(
            "GET", "/projects/" + of->id + "/merge_requests/" + std::to_string(name.number));
        const auto what = request.text();
        auto reply = co_await api_.call(path, std::move(request), rest::missing_too);
        Json json;
        if (reply.status == 200) json = json_of(reply, what);
        const bool as_known =
            !json.is_null() && path_of(json["references"]["full"].string_or(of->path)) == of->path;
        if (as_known || look == Look::again) co_return json;
        look = Look::again;
    }
}

Task<std::optional<PullRequest>> GitlabForge::pull_request(PullRequestName name) {
    auto lag = api_.spacing().lag.begin();
    while (true) {
        auto json = co_await merge_request(name);
        if (!json.is_null()) {
            const auto path = "/projects/" + std::string(json["project_id"].number_text()) +
                              "/merge_requests/" + std::to_string(name.number);
            rest::Request request("GET", path + "/versions?per_page=1");
            const auto what = request.text();
            auto reply =
                co_await api_.call(name.repository.path, std::move(request), rest::missing_too);
            Json versions;
            if (reply.status == 200) versions = json_of(reply, what);
            auto pull = pull_request_of(name, json, versions);
            // GitLab makes a merge request first and its diff afterwards.
            if (pull || lag == api_.spacing().lag.end()) {
                if (!pull) throw Failure("GitLab's answer to GET " + path + " names no head");
                comments_.was_read(name, json["user_notes_count"].int_or(-1), steady_.now_ms());
                co_return pull;
            }
        }
        if (lag == api_.spacing().lag.end()) co_return std::nullopt;
        co_await sleep_for(*lag++);
    }
}

Task<std::string> GitlabForge::notes_path(PullRequestName pull) {
    auto of = co_await project(pull.repository.path);
    co_return "/projects/" + of.id + "/merge_requests/" + std::to_string(pull.number) + "/notes";
}

Task<std::optional<Comment>> GitlabForge::comment(PullRequestName pull, std::string id) {
    if (!is_digits(id)) co_return std::nullopt;
    auto self = co_await api_.self();
    auto path = co_await notes_path(pull);
    rest::Request request("GET", path + "/" + id);
    const auto what = request.text();
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
    if (reply.status != 200) co_return std::nullopt;
    co_return comment_of(pull, json_of(reply, what), self.id);
}

Task<std::vector<ForgeReview>> GitlabForge::reviews(PullRequestName pull) {
    auto of = co_await project(pull.repository.path);
    rest::Request request("GET", "/projects/" + of.id + "/merge_requests/" +
                                     std::to_string(pull.number) + "/approvals");
    const auto what = request.text();
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::success_only);
    const auto json = json_of(reply, what);
    std::vector<ForgeReview> out;
    // Not `approved`: in the free edition it means that nobody's approval is required.
    for (const auto& approval : json["approved_by"].items())
        if (auto review = review_of(config_.name, approval)) out.push_back(std::move(*review));
    std::ranges::stable_sort(out, {}, &ForgeReview::submitted_at_ms);
    co_return out;
}

Task<std::string> GitlabForge::user_id(std::string login) {
    const auto now = steady_.now_ms();
    if (const auto kept = users_.find(login);
        kept != users_.end() && now - kept->second.at_ms < user_ms)
        co_return kept->second.value;
    rest::Request request("GET", "/users?username=" + rest::encoded(login));
    const auto what = request.text();
    std::string nobody;
    auto reply = co_await api_.call(std::move(nobody), std::move(request), rest::success_only);
    const auto json = json_of(reply, what);
    std::string id;
    for (const auto& user : json.items())
        if (equal_ignoring_case(user["username"].string_or(""), login) &&
            user["state"].string_or("active") == "active")
            id = user["id"].number_text();
    if (users_.size() >= most_kept) users_.clear();
    users_[login] = {id, now};
    co_return id;
}

// A name can be given up and taken by somebody else, so the answer must be about the name that was
// asked for.
Task<Json> GitlabForge::member(std::string members_path, Actor who) {
    if (who.forge != config_.name || who.login.empty()) co_return Json();
    auto id = co_await user_id(who.login);
    if (!is_digits(id)) co_return Json();
    rest::Request request("GET", members_path + "/" + id);
    const auto what = request.text();
    std::string nobody;
    auto reply = co_await api_.call(std::move(nobody), std::move(request),
                                    rest::missing_too | rest::forbidden_too);
    if (reply.status != 200) co_return Json();
    auto json = json_of(reply, what);
    if (!equal_ignoring_case(json["username"].string_or(""), who.login)) {
        users_.erase(who.login);
        co_return Json();
    }
    co_return json;
}

Task<Permission> GitlabForge::permission(RepositoryName repository, Actor who) {
    auto of = co_await project(repository.path);
    auto json = co_await member("/projects/" + of.id + "/members/all", std::move(who));
    co_return permission_of(json, settings().writers);
}

Task<bool> GitlabForge::is_team_member(std::string team, Actor who) {
    if (team.empty() || !is_project_path("x/" + team)) co_return false;
    auto json = co_await member("/groups/" + rest::encoded(team) + "/members", std::move(who));
    co_return is_active_member(json);
}

Task<Json::Array> GitlabForge::pulls_at(std::string project_id, CommitSha commit) {
    if (!rest::is_commit(commit.value)) co_return Json::Array{};
    rest::Request request("GET", "/projects/" + project_id + "/repository/commits/" + commit.value +
                                     "/merge_requests?per_page=100");
    std::string whole, nobody;
    co_return co_await api_.list(std::move(nobody), std::move(request), std::move(whole),
                                 most_pull_pages);
}

// GitLab finds a commit of the target branch by merge_commit_sha and squash_commit_sha, too.
Task<std::vector<int>> GitlabForge::pulls_of_commit(RepositoryName repository, CommitSha commit,
                                                    std::string branch) {
    auto of = co_await project(repository.path);
    auto pulls = co_await pulls_at(of.id, std::move(commit));
    std::vector<int> out;
    for (const auto& pull : pulls)
        if (pull["state"].string_or("") == "merged" &&
            pull["target_branch"].string_or("") == branch)
            out.push_back(static_cast<int>(pull["iid"].int_or(0)));
    co_return out;
}

Task<std::vector<PullRequest>> GitlabForge::open_pulls(RepositoryName repository) {
    auto of = co_await project(repository.path);
    rest::Request request("GET",
                          "/projects/" + of.id + "/merge_requests?state=opened&per_page=100");
    std::string whole, nobody;
    auto pulls = co_await api_.list(std::move(nobody), std::move(request), std::move(whole),
                                    most_open_pages);
    std::vector<PullRequest> out;
    for (const auto& one : pulls) {
        const auto number = static_cast<int>(one["iid"].int_or(0));
        auto pull = pull_request_of({repository, number}, one, Json());
        if (pull && number > 0) out.push_back(std::move(*pull));
    }
    co_return out;
}

Task<std::string> GitlabForge::repository_id(RepositoryName repository) {
    auto of = co_await project(std::move(repository.path));
    co_return of.id;
}

std::string GitlabForge::repository_id_in(const Delivery& delivery) const {
    const auto json = parse_json(delivery.body);
    return json ? std::string((*json)["project"]["id"].number_text()) : std::string();
}

Task<std::vector<int>> GitlabForge::pulls_with_head(RepositoryName repository, CommitSha head) {
    const auto sha = head.value;
    auto of = co_await project(repository.path);
    auto pulls = co_await pulls_at(of.id, std::move(head));
    std::vector<int> out;
    for (const auto& pull : pulls)
        if (pull["state"].string_or("") == "opened" && pull["sha"].string_or("") == sha)
            out.push_back(static_cast<int>(pull["iid"].int_or(0)));
    co_return out;
}

Task<std::string> GitlabForge::default_branch(RepositoryName repository) {
    auto found = co_await find_project(repository.path, Look::again);
    if (!found || found->default_branch.empty())
        throw Failure("GitLab names no default branch of " + repository.path +
                      "; check that the token's user may see it");
    co_return found->default_branch;
}

Task<GitRemote> GitlabForge::git_remote(RepositoryName repository) {
    auto of = co_await project(repository.path);
    GitRemote remote;
    remote.url = settings().git_url.empty() ? "https://gitlab.com/{path}.git" : settings().git_url;
    if (auto at = remote.url.find("{path}"); at != std::string::npos)
        remote.url.replace(at, 6, of.path);
    remote.username = "oauth2";
    remote.password = api_.token();
    co_return remote;
}

std::string GitlabForge::ref_of_pull(int number) const {
    return "refs/merge-requests/" + std::to_string(number) + "/head";
}

}  // namespace slipway::gitlab

namespace slipway {

std::unique_ptr<Forge> make_gitlab_forge(ForgeConfig config, HttpClient& http, const Clock& clock) {
    static const SteadyClock steady;
    return std::make_unique<gitlab::GitlabForge>(std::move(config), http, clock, steady,
                                                 gitlab::documented_spacing());
}

}  // namespace slipway
