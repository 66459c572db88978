// What the client writes on GitHub: checks, statuses and comments. Each finds what an earlier life
// of the service has already written, so that a restart never says a thing twice.
#include <algorithm>

#include "handlers/forges/github/client.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/status.hpp"

namespace slipway::github {
namespace {

constexpr std::int64_t listing_ms = 15'000;
constexpr std::size_t most_listings = 64;
constexpr int most_check_pages = 20, most_comment_pages = 10;

std::string comments_path(const PullRequestName& pull) {
    return "/repos/" + pull.repository.path + "/issues/" + std::to_string(pull.number) +
           "/comments";
}

std::string comment_path(const PullRequestName& pull, std::string_view id) {
    return "/repos/" + pull.repository.path + "/issues/comments/" + std::string(id);
}

int page_number(std::string_view path) {
    auto at = path.rfind("page=");
    // per_page= ends alike
    while (at != path.npos && at > 0 && path[at - 1] != '?' && path[at - 1] != '&')
        at = at == 0 ? path.npos : path.rfind("page=", at - 1);
    if (at == path.npos) return 0;
    int number = 0;
    for (char c : path.substr(at + 5)) {
        if (c < '0' || c > '9' || number > 100'000) break;
        number = number * 10 + (c - '0');
    }
    return number;
}

}  // namespace

Task<CheckId> GithubForge::find_check(RepositoryName repository, Check check) {
    const auto key = repository.path + "@" + check.commit.value;
    auto kept = listings_.find(key);
    if (kept == listings_.end() || steady_.now_ms() - kept->second.at_ms > listing_ms) {
        rest::Request request("GET", "/repos/" + repository.path + "/commits/" +
                                         check.commit.value +
                                         "/check-runs?filter=latest&per_page=100&app_id=" +
                                         rest::encoded(settings().app_id));
        std::string member = "check_runs";
        Listing fresh;
        fresh.at_ms = steady_.now_ms();
        fresh.runs = co_await api_.list(repository.path, std::move(request), std::move(member),
                                        most_check_pages);
        if (listings_.size() >= most_listings) listings_.clear();
        kept = listings_.insert_or_assign(key, std::move(fresh)).first;
    }
    for (const auto& run : kept->second.runs) {
        auto app = run["app"]["id"].number_text();
        if (run["name"].string_or("") != check.name ||
            run["external_id"].string_or("") != check.external_id ||
            (!app.empty() && app != settings().app_id))
            continue;
        CheckId found{std::string(run["id"].number_text()), ""};
        auto sent = run["output"]["annotations_count"].int_or(0);
        if (sent > 0) {
            auto own = static_cast<std::int64_t>(
                std::min(check.annotations.size(), text_limits.annotations));
            found.notes = sent == own ? notes_digest(check) : "unknown";
        }
        co_return found;
    }
    co_return CheckId{};
}

Task<std::string> GithubForge::put_check(RepositoryName repository, std::string known_id,
                                         Check check) {
    if (!rest::is_commit(check.commit.value)) throw Failure("A check needs a commit", Retry::never);
    if (!api_.is_app())
        co_return co_await put_status(std::move(repository), std::move(known_id), std::move(check));

    const auto notes = notes_digest(check);
    auto known = CheckId::parse(known_id);
    if (known.number.empty()) known = co_await find_check(repository, check);
    const bool stale_notes =
        check.status == CheckStatus::done && !known.notes.empty() && known.notes != notes;
    if (!known.number.empty() && !stale_notes) {
        const bool send = known.notes != notes && !notes.empty();
        rest::Request request("PATCH", "/repos/" + repository.path + "/check-runs/" + known.number,
                              check_body(check, CheckBody::update, send));
        auto reply = co_await api_.call(repository.path, std::move(request), rest::missing_too);
        if (reply.status == 200) {
            if (send) known.notes = notes;
            co_return known.text();
        }
    }
    // Until the answer is there nobody knows whether it was made.
    const auto key = repository.path + "@" + check.commit.value;
    auto kept = listings_.extract(key);
    rest::Request request("POST", "/repos/" + repository.path + "/check-runs",
                          check_body(check, CheckBody::create, !notes.empty()));
    const auto what = request.text();
    auto reply = co_await api_.call(repository.path, std::move(request), rest::success_only);
    CheckId made{rest::id_of(reply, dialect(), what), notes};
    if (!kept.empty()) {
        Json run = json_of(reply, what);
        kept.mapped().runs.insert(kept.mapped().runs.begin(), std::move(run));
        listings_.insert(std::move(kept));
    }
    co_return made.text();
}

Task<std::string> GithubForge::put_status(RepositoryName repository, std::string known_id,
                                          Check check) {
    auto body = rest::status_body(check, text_limits.title_bytes);
    auto id = rest::status_id(body);
    if (id == known_id) co_return id;
    rest::Request request("POST", "/repos/" + repository.path + "/statuses/" + check.commit.value,
                          std::move(body));
    co_await api_.call(repository.path, std::move(request), rest::success_only);
    co_return id;
}

// The oldest hundred comments and then the newest ones: the sticky comment is among the first, a
// reply among the last. Bounded, because anybody may write comments; by author, because anybody may
// write a marker.
Task<std::optional<std::string>> GithubForge::find_comment(PullRequestName pull,
                                                           std::string beginning) {
    if (comments_.surely_none(pull, steady_.now_ms())) co_return std::nullopt;
    auto ours = co_await own();
    std::optional<std::string> next = comments_path(pull) + "?per_page=100";
    for (int page = 0; next && page < most_comment_pages; ++page) {
        rest::Request request("GET", *next);
        const auto what = request.text();
        auto reply =
            co_await api_.call(pull.repository.path, std::move(request), rest::success_only);
        const Json comments = json_of(reply, what);
        for (const auto& comment : comments.items())
            if (comment["body"].string_or("").starts_with(beginning) && ours.wrote(comment))
                co_return std::string(comment["id"].number_text());
        next = page == 0 ? api_.wire().page(reply, "last") : api_.wire().page(reply, "prev");
        if (next && page_number(*next) == 1) break;
    }
    co_return std::nullopt;
}

Task<std::string> GithubForge::create_comment(PullRequestName pull, std::string body) {
    comments_.begins(pull);
    rest::Request request("POST", comments_path(pull),
                          Json::object({{"body", fitted(body, text_limits.comment_bytes)}}));
    const auto what = request.text();
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::success_only);
    comments_.succeeded(pull);
    co_return rest::id_of(reply, dialect(), what);
}

Task<bool> GithubForge::edit_comment(PullRequestName pull, std::string id, std::string body) {
    rest::Request request("PATCH", comment_path(pull, id),
                          Json::object({{"body", fitted(body, text_limits.comment_bytes)}}));
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
    co_return reply.status == 200;
}

Task<std::chrono::milliseconds> GithubForge::wait_for_rest(RepositoryName repository,
                                                           WriteKind kind) {
    const auto call = kind == WriteKind::creates ? rest::CallKind::creates : rest::CallKind::edits;
    co_return co_await api_.wait_for_rest(std::move(repository.path), call);
}

Task<void> GithubForge::acknowledge(PullRequestName pull, std::string comment_id) {
    if (!rest::is_digits(comment_id)) co_return;
    rest::Request request("POST", comment_path(pull, comment_id) + "/reactions",
                          Json::object({{"content", "eyes"}}));
    co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
}

}  // namespace slipway::github
