// What the client writes: statuses, comments and reactions.
#include "handlers/forges/gitea/answers.hpp"
#include "handlers/forges/gitea/client.hpp"
#include "handlers/forges/gitea/dialect.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/status.hpp"
#include "handlers/forges/rest/text.hpp"
#include "service/base/digest.hpp"

namespace slipway::gitea {

namespace {

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

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
    std::string id(json_of(reply, what)["id"].number_text());
    if (!is_digits(id)) throw Failure("Gitea's answer to " + what + " holds no id");
    co_return id;
}

Task<std::string> GiteaForge::put_comment(PullRequestName pull, std::string known_id,
                                          std::string marker, std::string body) {
    const auto text = body.starts_with(marker) ? std::move(body) : marker + "\n" + body;
    bool searched = false;
    auto id = known_id;
    while (true) {
        if (!is_digits(id)) {
            if (searched) break;
            searched = true;
            auto found = co_await find_comment(pull, marker);
            if (!found) break;
            id = *found;
        }
        rest::Request request("PATCH", comment_path(pull, id), comment_body(text));
        auto reply =
            co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
        if (reply.status == 200) co_return id;
        id.clear();  // somebody deleted it
    }
    co_return co_await create_comment(std::move(pull), text);
}

Task<std::string> GiteaForge::add_comment(PullRequestName pull, std::string key, std::string body) {
    // The key is foreign text in part; its digest cannot end the hidden line early.
    const auto marker = "<!-- slipway " + sha256_hex(key).substr(0, 32) + " -->";
    auto found = co_await find_comment(pull, marker);
    if (found) co_return *found;
    auto text = marker + "\n" + body;
    co_return co_await create_comment(std::move(pull), std::move(text));
}

Task<void> GiteaForge::acknowledge(PullRequestName pull, std::string comment_id) {
    if (!is_digits(comment_id)) co_return;
    rest::Request request("POST", comment_path(pull, comment_id) + "/reactions",
                          Json::object({{"content", "eyes"}}));
    co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
}

}  // namespace slipway::gitea
