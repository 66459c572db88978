#include "handlers/forges/rest/comments.hpp"

#include "handlers/forges/rest/envelope.hpp"
#include "service/base/digest.hpp"

namespace slipway::rest {

namespace {
constexpr std::int64_t reading_ms = 2'000;
constexpr std::size_t most_kept = 1'000;
}  // namespace

void CommentMemory::was_read(const PullRequestName& pull, std::int64_t comments,
                             std::int64_t now_ms) {
    if (without_.size() >= most_kept) without_.clear();
    without_.erase(pull);
    if (comments == 0) without_[pull] = now_ms;
}

bool CommentMemory::surely_none(const PullRequestName& pull, std::int64_t now_ms) const {
    const auto read = without_.find(pull);
    return read != without_.end() && !unsure_.contains(pull) && now_ms - read->second <= reading_ms;
}

void CommentMemory::begins(const PullRequestName& pull) {
    without_.erase(pull);
    unsure_.insert(pull);
}

Task<std::string> CommentingForge::put_comment(PullRequestName pull, std::string known_id,
                                               std::string marker, std::string body) {
    const auto text = body.starts_with(marker) ? std::move(body) : marker + "\n" + body;
    bool searched = false;
    auto id = std::move(known_id);
    while (true) {
        if (!is_digits(id)) {
            if (searched) break;
            searched = true;
            auto found = co_await find_comment(pull, marker);
            if (!found) break;
            id = *found;
        }
        const bool edited = co_await edit_comment(pull, id, text);
        if (edited) co_return id;
        id.clear();
    }
    co_return co_await create_comment(std::move(pull), text);
}

Task<std::string> CommentingForge::add_comment(PullRequestName pull, std::string key,
                                               std::string body) {
    // The key is foreign text in part; its digest cannot end the hidden line early.
    const auto marker = "<!-- slipway " + sha256_hex(key).substr(0, 32) + " -->";
    auto found = co_await find_comment(pull, marker);
    if (found) co_return *found;
    auto text = marker + "\n" + body;
    co_return co_await create_comment(std::move(pull), std::move(text));
}

std::string id_of(const HttpReply& reply, const Dialect& dialect, const std::string& what) {
    std::string id(json_of(reply, dialect, what)["id"].number_text());
    if (!is_digits(id)) throw Failure(dialect.title + "'s answer to " + what + " holds no id");
    return id;
}

}  // namespace slipway::rest
