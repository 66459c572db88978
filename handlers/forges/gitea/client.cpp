#include "handlers/forges/gitea/client.hpp"

#include <algorithm>

#include "handlers/forges/gitea/answers.hpp"
#include "handlers/forges/gitea/dialect.hpp"
#include "handlers/forges/gitea/webhook.hpp"
#include "handlers/forges/gitea/webhook_head.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "service/base/pause.hpp"
#include "service/base/steady_clock.hpp"

namespace slipway::gitea {

namespace {

// A page holds at most 50 unless the administrator of the forge says otherwise.
constexpr std::string_view page_size = "limit=50";
constexpr int most_pages = 40;

std::string repository_path(const RepositoryName& repository) {
    return "/repos/" + repository.path;
}
std::string pull_path(const PullRequestName& pull) {
    return repository_path(pull.repository) + "/pulls/" + std::to_string(pull.number);
}

}  // namespace

Api::Api(std::string forge, const GiteaConfig& config, HttpClient& http, rest::Clocks clocks,
         rest::Spacing spacing)
    : Client(std::move(forge), dialect(), config.api_url, http, clocks, std::move(spacing)),
      authorization_("token " + config.token.reveal()) {}

Task<std::string> Api::account(std::string) { co_return ""; }
Task<Secret> Api::authorization(std::string) { co_return authorization_; }
bool Api::renews(const Secret&) { return false; }

Task<std::string> Api::own_login() {
    if (!own_login_.empty()) co_return own_login_;
    rest::Request request("GET", "/user");
    std::string nobody;
    auto reply = co_await call(std::move(nobody), std::move(request), rest::success_only);
    auto login = json_of(reply, "GET /user")["login"].text();
    if (login.empty()) throw Failure("Gitea does not say who we are; check the token");
    own_login_ = login;
    co_return login;
}

GiteaForge::GiteaForge(ForgeConfig config, HttpClient& http, const Clock& clock,
                       const Clock& steady, rest::Spacing spacing)
    : config_(std::move(config)),
      clock_(clock),
      signatures_(settings().webhook_secrets),
      api_(config_.name, settings(), http, {clock, steady}, std::move(spacing)) {}

ForgeTraits GiteaForge::traits() const {
    ForgeTraits out;
    out.has_checks = false;
    out.tells_dismissals = false;
    out.limits = text_limits;
    return out;
}

std::variant<Delivery, RefusedWebhook> GiteaForge::verify(const Headers& headers,
                                                          std::string body) {
    return open_envelope(config_.name, signatures_, headers, std::move(body), clock_.now_ms());
}

EventOrIgnored GiteaForge::parse(const Delivery& delivery) const { return parse_payload(delivery); }

Task<std::optional<PullRequest>> GiteaForge::pull_request(PullRequestName name) {
    auto lag = api_.spacing().lag.begin();
    while (true) {
        rest::Request request("GET", pull_path(name));
        const auto what = request.text();
        auto reply =
            co_await api_.call(name.repository.path, std::move(request), rest::missing_too);
        if (reply.status == 200) {
            auto pull = pull_request_of(name, json_of(reply, what));
            if (!pull) throw Failure("Gitea's answer to " + what + " names no head or base");
            co_return pull;
        }
        if (lag == api_.spacing().lag.end()) co_return std::nullopt;
        co_await sleep_for(*lag++);
    }
}

Task<std::optional<Comment>> GiteaForge::comment(PullRequestName pull, std::string id) {
    auto login = co_await api_.own_login();
    rest::Request request(
        "GET", repository_path(pull.repository) + "/issues/comments/" + rest::encoded(id));
    const auto what = request.text();
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
    if (reply.status != 200) co_return std::nullopt;
    co_return comment_of(pull, json_of(reply, what), login);
}

Task<std::vector<ForgeReview>> GiteaForge::reviews(PullRequestName pull) {
    rest::Request request("GET", pull_path(pull) + "/reviews?" + std::string(page_size));
    std::string whole;
    auto items =
        co_await api_.list(pull.repository.path, std::move(request), std::move(whole), most_pages);
    std::vector<ForgeReview> out;
    for (const auto& item : items)
        if (auto review = review_of(config_.name, item)) out.push_back(std::move(*review));
    std::ranges::stable_sort(out, {}, &ForgeReview::submitted_at_ms);
    co_return out;
}

Task<Permission> GiteaForge::permission(RepositoryName repository, Actor who) {
    if (who.forge != config_.name || who.login.empty()) co_return Permission::none;
    rest::Request request("GET", repository_path(repository) + "/collaborators/" +
                                     rest::encoded(who.login) + "/permission");
    const auto what = request.text();
    auto reply = co_await api_.call(repository.path, std::move(request), rest::missing_too);
    if (reply.status != 200) co_return Permission::none;
    co_return permission_of(json_of(reply, what));
}

Task<bool> GiteaForge::is_team_member(std::string team, Actor who) {
    if (who.forge != config_.name || who.login.empty() || !rest::is_repository_path(team))
        co_return false;
    const auto slash = team.find('/');
    const auto organisation = team.substr(0, slash), name = team.substr(slash + 1);
    rest::Request search("GET", "/orgs/" + organisation + "/teams/search?q=" + rest::encoded(name) +
                                    "&" + std::string(page_size));
    const auto what = search.text();
    constexpr auto seen = rest::missing_too | rest::forbidden_too;
    auto found = co_await api_.call(organisation, std::move(search), seen);
    if (found.status != 200) co_return false;
    const auto teams = json_of(found, what);
    for (const auto& one : teams["data"].items()) {
        if (one["name"].string_or("") != name) continue;
        rest::Request request("GET", "/teams/" + std::string(one["id"].number_text()) +
                                         "/members/" + rest::encoded(who.login));
        auto reply = co_await api_.call(organisation, std::move(request), seen);
        co_return reply.status == 200;
    }
    co_return false;
}

// It tells the pull request by the commit that the branch got from it: the merge, the squashed one,
// or the last of those that were rebased.
Task<std::vector<int>> GiteaForge::pulls_of_commit(RepositoryName repository, CommitSha commit,
                                                   std::string branch) {
    std::vector<int> out;
    if (!rest::is_commit(commit.value)) co_return out;
    rest::Request request("GET",
                          repository_path(repository) + "/commits/" + commit.value + "/pull");
    const auto what = request.text();
    auto reply = co_await api_.call(repository.path, std::move(request), rest::missing_too);
    if (reply.status != 200) co_return out;
    const auto pull = json_of(reply, what);
    if (pull["merged"].bool_or(false) && pull["base"]["ref"].string_or("") == branch)
        out.push_back(static_cast<int>(pull["number"].int_or(0)));
    co_return out;
}

Task<std::vector<PullRequest>> GiteaForge::open_pulls(RepositoryName repository) {
    rest::Request request(
        "GET", repository_path(repository) + "/pulls?state=open&" + std::string(page_size));
    std::string whole;
    auto pulls =
        co_await api_.list(repository.path, std::move(request), std::move(whole), most_pages);
    std::vector<PullRequest> out;
    for (const auto& one : pulls) {
        const auto number = static_cast<int>(one["number"].int_or(0));
        auto pull = pull_request_of({repository, number}, one);
        if (pull && number > 0) out.push_back(std::move(*pull));
    }
    co_return out;
}

// There is no list by commit.
Task<std::vector<int>> GiteaForge::pulls_with_head(RepositoryName repository, CommitSha head) {
    auto pulls = co_await open_pulls(std::move(repository));
    std::vector<int> out;
    for (const auto& pull : pulls)
        if (pull.head == head) out.push_back(pull.name.number);
    co_return out;
}

Task<std::string> GiteaForge::repository_id(RepositoryName repository) {
    rest::Request request("GET", repository_path(repository));
    const auto what = request.text();
    auto reply = co_await api_.call(repository.path, std::move(request), rest::success_only);
    const auto answer = json_of(reply, what);
    is_called_now(repository, answer["full_name"].text());
    co_return std::string(answer["id"].number_text());
}

void GiteaForge::is_called_now(const RepositoryName& known, const std::string& path) {
    if (rest::is_repository_path(path) && path != known.path) present_paths_[known.path] = path;
}

std::string GiteaForge::repository_id_in(const Delivery& delivery) const {
    return rest::repository_id_in(delivery);
}

Task<std::string> GiteaForge::default_branch(RepositoryName repository) {
    rest::Request request("GET", repository_path(repository));
    const auto what = request.text();
    auto reply = co_await api_.call(repository.path, std::move(request), rest::success_only);
    auto branch = json_of(reply, what)["default_branch"].text();
    if (branch.empty()) throw Failure("Gitea's answer to " + what + " names no default branch");
    co_return branch;
}

// There are no tokens for one repository alone: it is ours that fetches.
Task<GitRemote> GiteaForge::git_remote(RepositoryName repository) {
    GitRemote remote;
    remote.url = settings().git_url;
    const auto renamed = present_paths_.find(repository.path);
    if (auto at = remote.url.find("{path}"); at != std::string::npos)
        remote.url.replace(at, 6,
                           renamed == present_paths_.end() ? repository.path : renamed->second);
    remote.username = "oauth2";  // any name will do beside a token
    remote.password = settings().token;
    co_return remote;
}

std::string GiteaForge::ref_of_pull(int number) const {
    return "refs/pull/" + std::to_string(number) + "/head";
}

}  // namespace slipway::gitea

namespace slipway {

std::unique_ptr<Forge> make_gitea_forge(ForgeConfig config, HttpClient& http, const Clock& clock) {
    static const SteadyClock steady;
    const rest::Spacing unlimited;
    return std::make_unique<gitea::GiteaForge>(std::move(config), http, clock, steady, unlimited);
}

}  // namespace slipway
