#include "handlers/forges/gitlab/webhook.hpp"

#include <limits>
#include <map>

#include "handlers/forges/gitlab/answers.hpp"
#include "handlers/forges/gitlab/webhook_head.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/refusals.hpp"
#include "service/model/ascii.hpp"

namespace slipway::gitlab {
namespace {

// Thrown and caught in this file only: a payload that says less than its event needs.
struct Lacking {
    std::string member;
};

// One payload being read.
struct Payload {
    std::string_view forge;
    std::string_view own_login;
    const Json& json;

    RepositoryName repository(const Json& path, const char* member) const {
        if (!is_project_path(path.string_or(""))) throw Lacking{member};
        return {std::string(forge), path.text()};
    }
    RepositoryName project() const {
        return repository(json["project"]["path_with_namespace"], "project.path_with_namespace");
    }
    PullRequestName pull(const Json& iid, const char* member) const {
        const auto value = iid.int_or(0);
        if (value < 1 || value > std::numeric_limits<int>::max()) throw Lacking{member};
        return {project(), static_cast<int>(value)};
    }
    Actor sender() const { return actor_of(std::string(forge), json["user"]); }
    CommitSha commit(const char* member) const {
        const auto sha = json[member].string_or("");
        if (rest::is_zero_commit(sha)) return {};
        if (!rest::is_commit(sha)) throw Lacking{member};
        return CommitSha(std::string(sha));
    }
};

using Reader = EventOrIgnored (*)(const Payload&);

// Of what an update changed, the one thing that somebody reacts to. `oldrev` is there only where
// the code is another one: labels, reviewers and emoji are updates, too, and so is the second hook
// that GitLab sends for one push.
std::optional<PullChange> change_in_update(const Json& body) {
    const auto& attributes = body["object_attributes"];
    const auto& changes = body["changes"];
    if (rest::is_commit(attributes["oldrev"].string_or(""))) return PullChange::pushed;
    if (changes["target_branch"].is_object()) return PullChange::retargeted;
    if (changes["draft"].is_object())
        return changes["draft"]["current"].bool_or(false) ? PullChange::draft : PullChange::ready;
    if (changes["labels"].is_object()) return PullChange::labelled;
    return std::nullopt;
}

EventOrIgnored merge_request(const Payload& payload) {
    static const std::map<std::string_view, PullChange> changes = {
        {"open", PullChange::opened},
        {"reopen", PullChange::reopened},
        {"close", PullChange::closed},
        {"merge", PullChange::closed},
    };
    const auto& attributes = payload.json["object_attributes"];
    const auto action = attributes["action"].string_or("");
    const auto pull = [&] { return payload.pull(attributes["iid"], "object_attributes.iid"); };
    // One person's, or the last one that was needed; taken back by a person, or by GitLab itself
    // after a push (system_action approvals_reset_on_push).
    if (action == "approved" || action == "approval" || action == "unapproved" ||
        action == "unapproval")
        return Event(ReviewChanged{pull(), payload.sender()});
    std::optional<PullChange> change;
    if (action == "update") {
        change = change_in_update(payload.json);
        if (!change) return Ignored{"merge_request.update without news"};
    } else if (const auto known = changes.find(action); known != changes.end()) {
        change = known->second;
    } else {
        return rest::no_interest("merge_request", action);
    }
    return Event(PullRequestChanged{pull(), *change, payload.sender()});
}

EventOrIgnored push(const Payload& payload) {
    const auto branch = rest::branch_of(payload.json["ref"].string_or(""));
    if (!branch) throw Lacking{"ref"};
    BranchPushed event{payload.project(), *branch, {}, {}, false, {}};
    event.before = payload.commit("before");
    event.after = payload.commit("after");
    if (event.before.empty() && event.after.empty()) throw Lacking{"before or after"};
    event.sender =
        actor_named(std::string(payload.forge), payload.json["user_username"].string_or(""));
    return Event(std::move(event));
}

EventOrIgnored note(const Payload& payload) {
    const auto& attributes = payload.json["object_attributes"];
    if (attributes["noteable_type"].string_or("") != "MergeRequest")
        return Ignored{"not on a merge request"};
    // GitLab before 16.11 does not say whether a note is new. Rule W2: an edited one commands
    // nothing.
    if (attributes["action"].string_or("") != "create") return Ignored{"a note edited"};
    if (attributes["system"].bool_or(false)) return Ignored{"GitLab's own note"};
    // Our answer would show in public what was said in confidence.
    if (payload.json["event_type"].string_or("") == "confidential_note" ||
        attributes["internal"].bool_or(false) || attributes["confidential"].bool_or(false))
        return Ignored{"a confidential note"};
    auto sender = payload.sender();
    if (sender.bot) return Ignored{"a bot's note"};
    if (!payload.own_login.empty() && equal_ignoring_case(sender.login, payload.own_login))
        return Ignored{"our own note"};
    const auto id = attributes["id"].number_text();
    if (!is_digits(id)) throw Lacking{"object_attributes.id"};
    // Without its text nobody could tell later whether it was edited.
    if (!attributes["note"].is_string()) throw Lacking{"object_attributes.note"};
    return Event(
        CommentCreated{payload.pull(payload.json["merge_request"]["iid"], "merge_request.iid"),
                       std::string(id), std::move(sender), attributes["note"].text()});
}

// A pipeline shows only the statuses that were written for it, and a merge that waits for the
// newest one would not wait for ours. What our own statuses make is "external".
EventOrIgnored pipeline(const Payload& payload) {
    const auto& attributes = payload.json["object_attributes"];
    const auto status = attributes["status"].string_or("");
    if (attributes["source"].string_or("") == "external") return Ignored{"a pipeline of statuses"};
    if (status != "created" && status != "pending" && status != "running")
        return rest::no_interest("pipeline", status);
    const std::string sha(attributes["sha"].string_or(""));
    if (!rest::is_commit(sha)) throw Lacking{"object_attributes.sha"};
    return Event(ChecksLost{payload.project(), CommitSha(sha)});
}

EventOrIgnored moved(const Payload& payload) {
    return Event(RepositoryRenamed{
        payload.repository(payload.json["old_path_with_namespace"], "old_path_with_namespace"),
        payload.repository(payload.json["path_with_namespace"], "path_with_namespace")});
}

const std::map<std::string_view, Reader> readers = {
    {"merge_request", merge_request},
    {"push", push},
    {"note", note},
    {"pipeline", pipeline},
    {"project_rename", moved},
    {"project_transfer", moved},
};

}  // namespace

EventOrIgnored read_payload(std::string_view forge, const Json& body, std::string_view own_login) {
    auto kind = body["object_kind"].string_or("");
    if (kind.empty()) kind = body["event_name"].string_or("");
    const auto reader = readers.find(kind);
    if (reader == readers.end()) return rest::no_interest(kind);
    const Payload payload{forge, own_login, body};
    try {
        return reader->second(payload);
    } catch (const Lacking& lacking) {
        return rest::lacks_member(kind, lacking.member);
    }
}

EventOrIgnored parse_payload(const Delivery& delivery, std::string_view own_login) {
    const auto json = parse_json(delivery.body);
    if (!json) return rest::not_json(json.error().message);
    return read_payload(delivery.forge, *json, own_login);
}

}  // namespace slipway::gitlab
