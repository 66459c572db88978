// Deployments: one for each apply, found again by the run's id in its payload, and a status for
// each state (docs.github.com, "REST API endpoints for deployments" and "… deployment statuses").
#include "handlers/forges/github/client.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "service/base/utf8.hpp"

namespace slipway::github {

namespace {

constexpr const char* run_member = "slipway_run";  // of the payload
constexpr int most_deployment_pages = 10;
constexpr std::size_t description_bytes = 140;  // GitHub cuts what is longer

std::string path_of(const RepositoryName& repository) {
    return "/repos/" + repository.path + "/deployments";
}

// GitHub gives the payload back as it was sent, or as a text of it.
bool is_of(const Json& deployment, const std::string& key) {
    const auto& payload = deployment["payload"];
    if (!payload.is_string()) return payload[run_member].string_or("") == key;
    const auto read = parse_json(payload.text());
    return read && (*read)[run_member].string_or("") == key;
}

}  // namespace

// The number of the one that an earlier call made; "": there is none.
Task<std::string> GithubForge::find_deployment(RepositoryName repository, Deployment deployment) {
    rest::Request request("GET", path_of(repository) + "?sha=" + deployment.commit.value +
                                     "&environment=" + rest::encoded(deployment.environment) +
                                     "&per_page=100");
    std::string whole;
    const auto found = co_await api_.list(repository.path, std::move(request), std::move(whole),
                                          most_deployment_pages);
    for (const auto& one : found)
        if (is_of(one, deployment.key)) co_return std::string(one["id"].number_text());
    co_return "";
}

Task<std::string> GithubForge::put_deployment(RepositoryName repository, std::string known_id,
                                              Deployment deployment) {
    if (!rest::is_commit(deployment.commit.value))
        throw Failure("a deployment needs a commit", Retry::never);
    auto id = std::move(known_id);
    if (id.empty()) id = co_await find_deployment(repository, deployment);
    const std::string description(utf8_prefix(deployment.description, description_bytes));
    if (id.empty()) {
        // No merge of the default branch into it, and no waiting for checks: it is under way.
        rest::Request request(
            "POST", path_of(repository),
            Json::object({{"ref", deployment.commit.value},
                          {"environment", deployment.environment},
                          {"auto_merge", false},
                          {"required_contexts", Json::array()},
                          {"description", description},
                          {"payload", Json::object({{run_member, deployment.key}})}}));
        const auto what = request.text();
        auto reply = co_await api_.call(repository.path, std::move(request), rest::success_only);
        id = rest::id_of(reply, dialect(), what);
    }
    Json status = Json::object({{"state", word(deployment.state)}, {"description", description}});
    if (!deployment.url.empty()) status.set("log_url", deployment.url);
    rest::Request request("POST", path_of(repository) + "/" + id + "/statuses", std::move(status));
    co_await api_.call(repository.path, std::move(request), rest::success_only);
    co_return id;
}

}  // namespace slipway::github
