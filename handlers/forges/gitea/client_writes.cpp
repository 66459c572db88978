// What the client writes: statuses, comments and reactions.
#include "handlers/forges/gitea/answers.hpp"
#include "handlers/forges/gitea/client.hpp"
#include "handlers/forges/gitea/dialect.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/status.hpp"
#include "handlers/forges/rest/text.hpp"

namespace slipway::gitea {

namespace {

std::string comments_path(const PullRequestName& pull) {
    return "/repos/" + pull.repository.path + "/issues/" + std::to_string(pull.number) +
           "/comments";
}
std::string comment_path(const PullRequestName& pull, const std::string& id) {
    return "/repos/" + pull.repository.path + "/issues/comments/" + id;
}

Json comment_body(const std::string& text) {
    return Json::object({{"body", rest::fitted(text, text_limits.comment_bytes, dialect().title)}});
}

}  // namespace

Task<std::string> GiteaForge::put_check(RepositoryName repository, std::string known_id,
                                        Check check) {
    if (!rest::is_commit(check.commit.value)) throw Failure("A check needs a commit", Retry::never);
    auto body = rest::status_body(check, text_limits.title_bytes);
    auto id = rest::status_id(body);
    if (id == known_id) co_return id;
    rest::Request request("POST", "/repos/" + repository.path + "/statuses/" + check.commit.value,
                          std::move(body));
    co_await api_.call(repository.path, std::move(request), rest::success_only);
    co_return id;
}

// The forge lists all comments at once, oldest first. By author, because anybody may write a
// marker.
Task<std::optional<std::string>> GiteaForge::find_comment(PullRequestName pull,
                                                          std::string beginning) {
    auto login = co_await api_.own_login();
    rest::Request request("GET", comments_path(pull));
    const auto what = request.text();
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::success_only);
    const auto comments = json_of(reply, what);
    for (const auto& comment : comments.items())
        if (comment["body"].string_or("").starts_with(beginning) && wrote(login, comment))
            co_return std::string(comment["id"].number_text());
    co_return std::nullopt;
}

Task<std::string> GiteaForge::create_comment(PullRequestName pull, std::string body) {
    rest::Request request("POST", comments_path(pull), comment_body(body));
    const auto what = request.text();
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::success_only);
    co_return rest::id_of(reply, dialect(), what);
}

Task<bool> GiteaForge::edit_comment(PullRequestName pull, std::string id, std::string body) {
    rest::Request request("PATCH", comment_path(pull, id), comment_body(body));
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
    co_return reply.status == 200;
}

Task<void> GiteaForge::acknowledge(PullRequestName pull, std::string comment_id) {
    if (!rest::is_digits(comment_id)) co_return;
    rest::Request request("POST", comment_path(pull, comment_id) + "/reactions",
                          Json::object({{"content", "eyes"}}));
    co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
}

}  // namespace slipway::gitea
