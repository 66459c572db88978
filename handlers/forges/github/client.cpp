#include "handlers/forges/github/client.hpp"

#include <algorithm>

#include "handlers/forges/github/webhook.hpp"
#include "handlers/forges/github/webhook_head.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "service/base/steady_clock.hpp"

namespace slipway::github {
namespace {

constexpr int most_review_pages = 50, most_pull_pages = 10, most_open_pages = 50;

std::string pull_path(const PullRequestName& pull) {
    return "/repos/" + pull.repository.path + "/pulls/" + std::to_string(pull.number);
}

}  // namespace

GithubForge::GithubForge(ForgeConfig config, HttpClient& http, const Clock& clock,
                         const Clock& steady, rest::Spacing spacing)
    : config_(std::move(config)),
      clock_(clock),
      steady_(steady),
      api_(config_.name, settings(), http, {clock, steady}, std::move(spacing)) {
    if (!settings().webhook_secrets.empty()) signatures_.emplace(settings().webhook_secrets);
}

ForgeTraits GithubForge::traits() const {
    ForgeTraits out;
    out.has_checks = api_.is_app();  // a token may only write commit statuses
    out.records_deployments = settings().deployments;
    out.limits = text_limits;
    return out;
}

std::variant<Delivery, RefusedWebhook> GithubForge::verify(const Headers& headers,
                                                           std::string body) {
    return open_envelope(config_.name, signatures_ ? &*signatures_ : nullptr, headers,
                         std::move(body), clock_.now_ms());
}

EventOrIgnored GithubForge::parse(const Delivery& delivery) const {
    return parse_payload(delivery, settings().app_id);
}

Task<Own> GithubForge::own() {
    Own own;
    own.app_id = settings().app_id;
    own.login = co_await api_.own_login();
    co_return own;
}

Task<std::optional<PullRequest>> GithubForge::pull_request(PullRequestName name) {
    auto lag = api_.spacing().lag.begin();
    while (true) {
        rest::Request request("GET", pull_path(name));
        const auto what = request.text();
        auto reply =
            co_await api_.call(name.repository.path, std::move(request), rest::missing_too);
        if (reply.status == 200) {
            const auto answer = json_of(reply, what);
            auto pull = pull_request_of(name, answer);
            comments_.was_read(name, answer["comments"].int_or(-1), steady_.now_ms());
            if (!pull) throw Failure("GitHub's answer to " + what + " names no head or base");
            co_return pull;
        }
        if (lag == api_.spacing().lag.end()) co_return std::nullopt;
        co_await sleep_for(*lag++);
    }
}

Task<std::optional<Comment>> GithubForge::comment(PullRequestName pull, std::string id) {
    auto ours = co_await own();
    rest::Request request(
        "GET", "/repos/" + pull.repository.path + "/issues/comments/" + rest::encoded(id));
    const auto what = request.text();
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
    if (reply.status != 200) co_return std::nullopt;
    co_return comment_of(pull, json_of(reply, what), ours);
}

Task<std::vector<ForgeReview>> GithubForge::reviews(PullRequestName pull) {
    rest::Request request("GET", pull_path(pull) + "/reviews?per_page=100");
    std::string whole;
    auto items = co_await api_.list(pull.repository.path, std::move(request), std::move(whole),
                                    most_review_pages);
    std::vector<ForgeReview> out;
    for (const auto& item : items)
        if (auto review = review_of(config_.name, item)) out.push_back(std::move(*review));
    std::ranges::stable_sort(out, {}, &ForgeReview::submitted_at_ms);
    co_return out;
}

Task<Permission> GithubForge::permission(RepositoryName repository, Actor who) {
    if (who.forge != config_.name || who.login.empty()) co_return Permission::none;
    rest::Request request("GET", "/repos/" + repository.path + "/collaborators/" +
                                     rest::encoded(who.login) + "/permission");
    const auto what = request.text();
    auto reply = co_await api_.call(repository.path, std::move(request), rest::missing_too);
    if (reply.status != 200) co_return Permission::none;
    co_return permission_of(json_of(reply, what));
}

Task<bool> GithubForge::is_team_member(std::string team, Actor who) {
    auto slash = team.find('/');
    if (who.forge != config_.name || who.login.empty() || !rest::is_repository_path(team))
        co_return false;
    auto organisation = team.substr(0, slash);
    bool reached = co_await api_.reaches(organisation);
    if (!reached) co_return false;
    rest::Request request("GET", "/orgs/" + organisation + "/teams/" + team.substr(slash + 1) +
                                     "/memberships/" + rest::encoded(who.login));
    const auto what = request.text();
    auto reply = co_await api_.call(organisation, std::move(request),
                                    rest::missing_too | rest::forbidden_too);
    if (reply.status != 200) co_return false;
    co_return json_of(reply, what)["state"].string_or("") == "active";
}

Task<Json::Array> GithubForge::pulls_at(RepositoryName repository, CommitSha commit) {
    if (!rest::is_commit(commit.value)) co_return Json::Array{};
    rest::Request request(
        "GET", "/repos/" + repository.path + "/commits/" + commit.value + "/pulls?per_page=100");
    std::string whole;
    co_return co_await api_.list(repository.path, std::move(request), std::move(whole),
                                 most_pull_pages);
}

Task<std::vector<int>> GithubForge::pulls_of_commit(RepositoryName repository, CommitSha commit,
                                                    std::string branch) {
    auto pulls = co_await pulls_at(std::move(repository), std::move(commit));
    std::vector<int> out;
    for (const auto& pull : pulls)
        if (pull["merged_at"].is_string() && pull["base"]["ref"].string_or("") == branch)
            out.push_back(static_cast<int>(pull["number"].int_or(0)));
    co_return out;
}

Task<std::vector<PullRequest>> GithubForge::open_pulls(RepositoryName repository) {
    rest::Request request("GET", "/repos/" + repository.path + "/pulls?state=open&per_page=100");
    std::string whole;
    auto pulls =
        co_await api_.list(repository.path, std::move(request), std::move(whole), most_open_pages);
    std::vector<PullRequest> out;
    for (const auto& one : pulls) {
        const auto number = static_cast<int>(one["number"].int_or(0));
        auto pull = pull_request_of({repository, number}, one);
        if (pull && number > 0) out.push_back(std::move(*pull));
    }
    co_return out;
}

Task<std::string> GithubForge::repository_id(RepositoryName repository) {
    rest::Request request("GET", "/repos/" + repository.path);
    const auto what = request.text();
    auto reply = co_await api_.call(repository.path, std::move(request), rest::success_only);
    const auto answer = json_of(reply, what);
    is_called_now(repository, answer["full_name"].text());
    co_return std::string(answer["id"].number_text());
}

void GithubForge::is_called_now(const RepositoryName& known, const std::string& path) {
    if (rest::is_repository_path(path) && path != known.path) present_paths_[known.path] = path;
}

std::string GithubForge::repository_id_in(const Delivery& delivery) const {
    return rest::repository_id_in(delivery);
}

Task<std::vector<int>> GithubForge::pulls_with_head(RepositoryName repository, CommitSha head) {
    const auto sha = head.value;
    auto pulls = co_await pulls_at(std::move(repository), std::move(head));
    std::vector<int> out;
    for (const auto& pull : pulls)
        if (pull["state"].string_or("") == "open" && pull["head"]["sha"].string_or("") == sha)
            out.push_back(static_cast<int>(pull["number"].int_or(0)));
    co_return out;
}

Task<std::string> GithubForge::default_branch(RepositoryName repository) {
    rest::Request request("GET", "/repos/" + repository.path);
    const auto what = request.text();
    auto reply = co_await api_.call(repository.path, std::move(request), rest::success_only);
    auto branch = json_of(reply, what)["default_branch"].text();
    if (branch.empty()) throw Failure("GitHub's answer to " + what + " names no default branch");
    co_return branch;
}

Task<GitRemote> GithubForge::git_remote(RepositoryName repository) {
    GitRemote remote;
    remote.url = settings().git_url.empty() ? "https://github.com/{path}.git" : settings().git_url;
    const auto renamed = present_paths_.find(repository.path);
    if (auto at = remote.url.find("{path}"); at != std::string::npos)
        remote.url.replace(at, 6,
                           renamed == present_paths_.end() ? repository.path : renamed->second);
    remote.username = "x-access-token";
    remote.password = co_await api_.reading_token(repository.path);
    co_return remote;
}

std::string GithubForge::ref_of_pull(int number) const {
    return "refs/pull/" + std::to_string(number) + "/head";
}

}  // namespace slipway::github

namespace slipway {

std::unique_ptr<Forge> make_github_forge(ForgeConfig config, HttpClient& http, const Clock& clock) {
    static const SteadyClock steady;
    return std::make_unique<github::GithubForge>(std::move(config), http, clock, steady,
                                                 github::documented_spacing());
}

}  // namespace slipway
