// What the client writes on GitLab: statuses, notes and the eyes. Each finds what an earlier life
// of the service has already written, so that a restart never says a thing twice.
#include <algorithm>

#include "handlers/forges/gitlab/answers.hpp"
#include "handlers/forges/gitlab/client.hpp"
#include "handlers/forges/gitlab/quick_actions.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/text.hpp"

namespace slipway::gitlab {
namespace {

constexpr std::int64_t places_ms = 15'000;
constexpr std::size_t most_places = 4, most_kept_places = 256;
constexpr int most_note_pages = 10;

Json note_body(std::string_view text) {
    return Json::object({{"body", rest::fitted(without_quick_actions(text),
                                               text_limits.comment_bytes, dialect().title)}});
}

[[noreturn]] void fail(const HttpReply& reply, const std::string& what) {
    const auto said = " (" + std::to_string(reply.status) + ": " + rest::message_of(reply) + ")";
    if (reply.status == 403)
        throw Failure("GitLab does not permit a status" + said +
                          ": the token's user needs the Developer role and the scope api, and on a "
                          "protected branch the right to push or merge",
                      Retry::never);
    throw Failure("GitLab refuses " + what + said, Retry::never);
}

}  // namespace

// One commit can be the head of several merge requests, each with a pipeline of its own.
Task<std::vector<StatusPlace>> GitlabForge::places_of(std::string project_id, CommitSha commit) {
    const auto key = project_id + "@" + commit.value;
    if (const auto kept = places_.find(key);
        kept != places_.end() && steady_.now_ms() - kept->second.at_ms < places_ms)
        co_return kept->second.value;
    auto pulls = co_await pulls_at(project_id, commit);
    std::erase_if(pulls, [&](const Json& pull) {
        return pull["sha"].string_or("") != commit.value ||
               pull["project_id"].number_text() != project_id;
    });
    std::stable_partition(pulls.begin(), pulls.end(),
                          [](const Json& pull) { return pull["state"].string_or("") == "opened"; });
    std::vector<StatusPlace> out;
    for (const auto& pull : pulls) {
        const bool is_open = pull["state"].string_or("") == "opened";
        if (out.size() == most_places || (!is_open && !out.empty())) break;
        rest::Request request("GET", "/projects/" + project_id + "/merge_requests/" +
                                         std::string(pull["iid"].number_text()));
        const auto what = request.text();
        std::string nobody;
        auto reply = co_await api_.call(std::move(nobody), std::move(request), rest::success_only);
        auto place = place_in(json_of(reply, what));
        const bool is_new = std::ranges::none_of(out, [&](const StatusPlace& other) {
            return other.ref == place.ref && other.pipeline == place.pipeline;
        });
        if (is_new) out.push_back(std::move(place));
    }
    if (places_.size() >= most_kept_places) places_.clear();
    places_[key] = {out, steady_.now_ms()};
    co_return out;
}

void GitlabForge::forget_places(const RepositoryName&, const CommitSha& commit) {
    std::erase_if(places_,
                  [&](const auto& one) { return one.first.ends_with("@" + commit.value); });
}

Task<std::string> GitlabForge::put_status(std::string project_id, CommitSha commit, Json status,
                                          StatusPlace place) {
    if (!place.ref.empty()) status.set("ref", place.ref);
    if (!place.pipeline.empty()) status.set("pipeline_id", Json(Json::Number{place.pipeline}));
    rest::Request request("POST", "/projects/" + project_id + "/statuses/" + commit.value,
                          std::move(status));
    const auto what = request.text();
    std::string nobody;
    auto reply = co_await api_.call(std::move(nobody), std::move(request),
                                    rest::missing_too | rest::refused_too | rest::forbidden_too);
    if (reply.status / 100 == 2)
        co_return std::string(json_of(reply, what)["pipeline_id"].number_text());
    if (stands_already(reply.status, reply.body)) co_return place.pipeline;
    // The pipeline is gone, or another one than we were told.
    if (reply.status == 404 && !place.pipeline.empty()) co_return "";
    fail(reply, what);
}

Task<std::string> GitlabForge::put_check(RepositoryName repository, std::string known_id,
                                         Check check) {
    if (!rest::is_commit(check.commit.value)) throw Failure("A check needs a commit", Retry::never);
    auto of = co_await project(repository.path);
    const auto status = status_of(check);
    const auto known = StatusId::parse(known_id);
    StatusId made;
    made.digest = digest_of(status);
    auto places = co_await places_of(of.id, check.commit);
    if (places.empty()) places.emplace_back();
    for (auto& place : places) {
        auto pipeline = place.pipeline;
        if (made.digest != known.digest || pipeline.empty() || !known.reached(pipeline))
            pipeline = co_await put_status(of.id, check.commit, status, place);
        if (pipeline.empty() && !place.pipeline.empty()) {  // without the pipeline that is gone
            place.pipeline.clear();
            pipeline = co_await put_status(of.id, check.commit, status, place);
        }
        if (pipeline.empty()) continue;
        place.pipeline = pipeline;  // what this one made, the next status of this commit joins
        if (!made.reached(pipeline)) made.pipelines.push_back(pipeline);
    }
    places_[of.id + "@" + check.commit.value].value = places;
    // A pipeline that the merge request has no longer would otherwise run for ever.
    for (const auto& older : known.pipelines) {
        if (made.reached(older)) continue;
        if (check.status != CheckStatus::done) {
            if (made.pipelines.size() < most_places) made.pipelines.push_back(older);
            continue;
        }
        if (made.digest == known.digest) continue;  // it has this one
        StatusPlace place{"", older};
        co_await put_status(of.id, check.commit, status, place);
    }
    co_return made.text();
}

// The oldest hundred notes and then the newest ones: the sticky one is among the first, a reply
// among the last. Bounded, because anybody may write notes; by author, because anybody may write a
// marker. GitLab's own notes are among them.
Task<std::optional<std::string>> GitlabForge::find_comment(PullRequestName pull,
                                                           std::string beginning) {
    if (comments_.surely_none(pull, steady_.now_ms())) co_return std::nullopt;
    auto self = co_await api_.self();
    const auto path = co_await notes_path(pull);
    const auto newest = path + "?activity_filter=only_comments&per_page=100&order_by=created_at";
    std::optional<std::string> next = newest + "&sort=asc";
    for (int page = 0; next && page < most_note_pages; ++page) {
        rest::Request request("GET", *next);
        const auto what = request.text();
        auto reply =
            co_await api_.call(pull.repository.path, std::move(request), rest::success_only);
        const Json notes = json_of(reply, what);
        for (const auto& note : notes.items())
            if (note["body"].string_or("").starts_with(beginning) &&
                !note["system"].bool_or(false) && note["author"]["id"].number_text() == self.id)
                co_return std::string(note["id"].number_text());
        auto following = api_.wire().next_page(reply, *next);
        if (page == 0 && following) following = newest + "&sort=desc";
        next = following;
    }
    co_return std::nullopt;
}

Task<std::string> GitlabForge::create_comment(PullRequestName pull, std::string body) {
    comments_.begins(pull);
    auto path = co_await notes_path(pull);
    rest::Request request("POST", path, note_body(body));
    const auto what = request.text();
    auto reply = co_await notes_.call(pull.repository.path, std::move(request), rest::success_only);
    comments_.succeeded(pull);
    co_return rest::id_of(reply, dialect(), what);
}

Task<bool> GitlabForge::edit_comment(PullRequestName pull, std::string id, std::string body) {
    auto path = co_await notes_path(pull);
    rest::Request request("PUT", path + "/" + id, note_body(body));
    auto reply = co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
    co_return reply.status == 200;
}

// What can wait are statuses; notes are counted for themselves.
Task<std::chrono::milliseconds> GitlabForge::wait_for_rest(RepositoryName repository,
                                                           WriteKind kind) {
    const auto call = kind == WriteKind::creates ? rest::CallKind::creates : rest::CallKind::edits;
    co_return co_await api_.wait_for_rest(std::move(repository.path), call);
}

// An emoji that stands there already is refused as missing.
Task<void> GitlabForge::acknowledge(PullRequestName pull, std::string comment_id) {
    if (!is_digits(comment_id)) co_return;
    auto path = co_await notes_path(pull);
    rest::Request request("POST", path + "/" + comment_id + "/award_emoji",
                          Json::object({{"name", "eyes"}}));
    co_await api_.call(pull.repository.path, std::move(request), rest::missing_too);
}

}  // namespace slipway::gitlab
