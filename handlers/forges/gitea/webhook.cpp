#include "handlers/forges/gitea/webhook.hpp"

#include <limits>
#include <map>

#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/refusals.hpp"

namespace slipway::gitea {

namespace {

// Thrown and caught in this file only: a payload that says less than its event needs.
struct Lacking {
    std::string member;
};

// One payload being read.
struct Payload {
    std::string_view forge;
    std::string_view event;
    const Json& json;

    RepositoryName repository() const {
        auto path = json["repository"]["full_name"].text();
        if (!rest::is_repository_path(path)) throw Lacking{"repository.full_name"};
        return {std::string(forge), path};
    }
    Actor sender() const {
        const auto login = json["sender"]["login"].string_or("");
        return {std::string(forge), std::string(login.empty() ? "ghost" : login)};
    }
    PullRequestName pull(const Json& number, const char* member) const {
        const auto value = number.int_or(0);
        if (value < 1 || value > std::numeric_limits<int>::max()) throw Lacking{member};
        return {repository(), static_cast<int>(value)};
    }
    // Empty: forty zeros, for a branch that was created or deleted.
    CommitSha commit(const char* member) const {
        const auto sha = json[member].string_or("");
        if (rest::is_zero_commit(sha)) return {};
        if (!rest::is_commit(sha)) throw Lacking{member};
        return CommitSha(std::string(sha));
    }
};

using Reader = EventOrIgnored (*)(const Payload&, std::string_view action);

Ignored no_interest(const Payload& payload, std::string_view action) {
    return rest::no_interest(payload.event, action);
}

// An edited pull request: its target branch, or the prefix of its title that makes it a draft.
std::optional<PullChange> edit_of(const Payload& payload) {
    const auto& changes = payload.json["changes"];
    if (changes["ref"].is_object()) return PullChange::retargeted;
    if (!changes["title"].is_object()) return std::nullopt;
    return payload.json["pull_request"]["draft"].bool_or(false) ? PullChange::draft
                                                                : PullChange::ready;
}

EventOrIgnored pull_request(const Payload& payload, std::string_view action) {
    static const std::map<std::string_view, PullChange> changes = {
        {"opened", PullChange::opened},          {"synchronized", PullChange::pushed},
        {"reopened", PullChange::reopened},      {"closed", PullChange::closed},
        {"label_updated", PullChange::labelled}, {"label_cleared", PullChange::labelled},
    };
    const auto& number = payload.json["number"];
    if (action == "reviewed")
        return Event(ReviewChanged{payload.pull(number, "number"), payload.sender()});
    std::optional<PullChange> change;
    if (const auto known = changes.find(action); known != changes.end()) change = known->second;
    if (action == "edited") {
        change = edit_of(payload);
        if (!change) return rest::edited_otherwise();
    }
    if (!change) return no_interest(payload, action);
    return Event(PullRequestChanged{payload.pull(number, "number"), *change, payload.sender()});
}

EventOrIgnored push(const Payload& payload, std::string_view) {
    const auto ref = payload.json["ref"].string_or("");
    if (ref.starts_with("refs/tags/")) return rest::pushed_tag();
    auto branch = rest::branch_of(ref);
    if (!branch) throw Lacking{"ref"};
    // Whether it was forced is not said: git tells.
    BranchPushed event{payload.repository(),
                       std::move(*branch),
                       payload.commit("before"),
                       payload.commit("after"),
                       false,
                       payload.sender()};
    if (event.before.empty() && event.after.empty()) return rest::pushed_nothing();
    return Event(std::move(event));
}

EventOrIgnored issue_comment(const Payload& payload, std::string_view action) {
    if (action == "edited" || action == "deleted") return rest::changed_comment(action);
    if (action != "created") return no_interest(payload, action);
    const auto &issue = payload.json["issue"], &comment = payload.json["comment"];
    if (!payload.json["is_pull"].bool_or(false) && !issue["pull_request"].is_object())
        return rest::comment_on_issue();
    const auto id = comment["id"].number_text();
    if (id.empty() || id.find_first_not_of("0123456789") != id.npos) throw Lacking{"comment.id"};
    CommentCreated event{
        payload.pull(issue["number"], "issue.number"), std::string(id), payload.sender(), {}};
    if (comment["body"].is_string()) event.body = comment["body"].text();
    return Event(std::move(event));
}

EventOrIgnored repository(const Payload& payload, std::string_view action) {
    // A new name is not told; it shows when the repository is read the next time.
    return no_interest(payload, action);
}

// A review's event has a name for each verdict; its body is a pull request's.
const std::map<std::string_view, Reader> readers = {
    {"pull_request", pull_request},
    {"pull_request_sync", pull_request},
    {"pull_request_label", pull_request},
    {"pull_request_approved", pull_request},
    {"pull_request_rejected", pull_request},
    {"pull_request_comment", pull_request},
    {"pull_request_review_approved", pull_request},
    {"pull_request_review_rejected", pull_request},
    {"pull_request_review_comment", pull_request},
    {"push", push},
    {"issue_comment", issue_comment},
    {"repository", repository},
};

}  // namespace

EventOrIgnored read_payload(std::string_view forge, std::string_view event, const Json& body) {
    const auto reader = readers.find(event);
    if (reader == readers.end()) return rest::no_interest(event);
    if (!body.is_object()) return rest::not_an_object();
    const Payload payload{forge, event, body};
    try {
        return reader->second(payload, body["action"].string_or(""));
    } catch (const Lacking& lacking) {
        return rest::lacks_member(event, lacking.member);
    }
}

EventOrIgnored parse_payload(const Delivery& delivery) {
    if (!readers.contains(delivery.event)) return rest::no_interest(delivery.event);
    const auto json = parse_json(delivery.body);
    if (!json) return rest::not_json(json.error().message);
    return read_payload(delivery.forge, delivery.event, *json);
}

}  // namespace slipway::gitea
