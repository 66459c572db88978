#include "handlers/forges/github/webhook.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "handlers/forges/rest/envelope.hpp"
#include "handlers/forges/rest/refusals.hpp"

namespace slipway::github {

using rest::is_commit;
using rest::is_path_segment;
using rest::is_repository_path;
using rest::is_zero_commit;

namespace {

// Thrown and caught in this file only: a payload that says less than its event needs.
struct Lacking {
    std::string member;
};

// One payload being read.
struct Payload {
    std::string_view forge;
    std::string_view event;
    std::string_view app_id;
    const Json& json;

    RepositoryName repository() const {
        auto path = json["repository"]["full_name"].text();
        if (!is_repository_path(path)) throw Lacking{"repository.full_name"};
        return {std::string(forge), path};
    }
    Actor sender() const {
        const auto& from = json["sender"];
        // "ghost" is GitHub's own word for somebody who is gone. The sender is a hint like the
        // rest.
        auto login = from["login"].string_or("");
        return {std::string(forge), std::string(login.empty() ? "ghost" : login),
                from["type"].string_or("") == "Bot"};
    }
    PullRequestName pull(const Json& number, const char* member) const {
        auto value = number.int_or(0);
        if (value < 1 || value > std::numeric_limits<int>::max()) throw Lacking{member};
        return {repository(), static_cast<int>(value)};
    }
    CommitSha commit(const Json& sha, const char* member) const {
        if (!is_commit(sha.string_or(""))) throw Lacking{member};
        return CommitSha(sha.text());
    }
    std::string branch(const Json& ref, const char* member) const {
        auto branch = rest::branch_of(ref.string_or(""));
        if (!branch) throw Lacking{member};
        return *branch;
    }
    // Checks of other Apps are none of our business; GitHub sends rerequested to their own App
    // only.
    bool of_another_app(const Json& app, const char* member) const {
        auto id = app["id"].number_text();
        if (id.empty()) throw Lacking{member};
        return id != app_id;
    }
};

using Reader = EventOrIgnored (*)(const Payload&, std::string_view action);

Ignored no_interest(const Payload& payload, std::string_view action) {
    return rest::no_interest(payload.event, action);
}

EventOrIgnored pull_request(const Payload& payload, std::string_view action) {
    static const std::map<std::string_view, PullChange> changes = {
        {"opened", PullChange::opened},
        {"synchronize", PullChange::pushed},
        {"reopened", PullChange::reopened},
        {"ready_for_review", PullChange::ready},
        {"converted_to_draft", PullChange::draft},
        {"edited", PullChange::retargeted},
        {"closed", PullChange::closed},
        {"labeled", PullChange::labelled},
        {"unlabeled", PullChange::labelled},
    };
    auto change = changes.find(action);
    if (change == changes.end()) return no_interest(payload, action);
    if (action == "edited" && !payload.json["changes"]["base"].is_object())
        return rest::edited_otherwise();
    const auto& number = payload.json["number"];
    return Event(PullRequestChanged{
        payload.pull(number.is_null() ? payload.json["pull_request"]["number"] : number, "number"),
        change->second, payload.sender()});
}

EventOrIgnored push(const Payload& payload, std::string_view) {
    auto ref = payload.json["ref"].string_or("");
    if (ref.starts_with("refs/tags/")) return rest::pushed_tag();
    auto branch = payload.branch(payload.json["ref"], "ref");
    if (branch.starts_with("gh-readonly-queue/"))
        return Ignored{"branches of the merge queue are followed through merge_group"};
    const auto &before = payload.json["before"], &after = payload.json["after"];
    BranchPushed event{payload.repository(), branch, {}, {}, payload.json["forced"].bool_or(false),
                       payload.sender()};
    if (!is_zero_commit(before.string_or(""))) event.before = payload.commit(before, "before");
    if (!is_zero_commit(after.string_or(""))) event.after = payload.commit(after, "after");
    if (event.before.empty() && event.after.empty()) return rest::pushed_nothing();
    return Event(std::move(event));
}

EventOrIgnored issue_comment(const Payload& payload, std::string_view action) {
    if (action == "edited" || action == "deleted") return rest::changed_comment(action);
    if (action != "created") return no_interest(payload, action);
    const auto &issue = payload.json["issue"], &comment = payload.json["comment"];
    if (!issue["pull_request"].is_object()) return rest::comment_on_issue();
    auto through = comment["performed_via_github_app"]["id"].number_text();
    if (!through.empty() && through == payload.app_id) return Ignored{"the comment is our own"};
    auto sender = payload.sender();
    if (sender.bot) return Ignored{"comments by bots command nothing"};
    auto id = comment["id"].number_text();
    if (id.empty() || id.find_first_not_of("0123456789") != id.npos) throw Lacking{"comment.id"};
    CommentCreated event{
        payload.pull(issue["number"], "issue.number"), std::string(id), std::move(sender), {}};
    if (comment["body"].is_string()) event.body = comment["body"].text();
    return Event(std::move(event));
}

EventOrIgnored pull_request_review(const Payload& payload, std::string_view action) {
    if (action != "submitted" && action != "edited" && action != "dismissed")
        return no_interest(payload, action);
    return Event(
        ReviewChanged{payload.pull(payload.json["pull_request"]["number"], "pull_request.number"),
                      payload.sender()});
}

EventOrIgnored check_run(const Payload& payload, std::string_view action) {
    if (action != "rerequested") return no_interest(payload, action);
    const auto& run = payload.json["check_run"];
    if (payload.of_another_app(run["app"], "check_run.app.id"))
        return Ignored{"the check belongs to another App"};
    return Event(CheckRerequested{payload.repository(),
                                  payload.commit(run["head_sha"], "check_run.head_sha"),
                                  run["external_id"].text(), payload.sender()});
}

EventOrIgnored check_suite(const Payload& payload, std::string_view action) {
    if (action != "rerequested") return no_interest(payload, action);
    const auto& suite = payload.json["check_suite"];
    if (payload.of_another_app(suite["app"], "check_suite.app.id"))
        return Ignored{"the checks belong to another App"};
    return Event(CheckRerequested{payload.repository(),
                                  payload.commit(suite["head_sha"], "check_suite.head_sha"), "",
                                  payload.sender()});
}

EventOrIgnored installation(const Payload& payload, std::string_view action) {
    static const std::map<std::string_view, std::vector<std::string_view>> known = {
        {"installation",
         {"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"}},
        {"installation_repositories", {"added", "removed"}},
        {"installation_target", {"renamed"}},
    };
    if (std::ranges::count(known.at(payload.event), action) == 0)
        return no_interest(payload, action);
    auto id = payload.json["installation"]["id"].number_text();
    if (id.empty()) throw Lacking{"installation.id"};
    return Event(InstallationChanged{std::string(id), std::string(action)});
}

EventOrIgnored repository(const Payload& payload, std::string_view action) {
    if (action != "renamed" && action != "transferred") return no_interest(payload, action);
    auto to = payload.repository();
    const auto& changes = payload.json["changes"];
    auto slash = to.path.find('/');
    auto owner = to.path.substr(0, slash), name = to.path.substr(slash + 1);
    if (action == "renamed") {
        name = changes["repository"]["name"]["from"].text();
        if (!is_path_segment(name)) throw Lacking{"changes.repository.name.from"};
    } else {
        const auto& from = changes["owner"]["from"];
        owner = (from["organization"].is_object() ? from["organization"] : from["user"])["login"]
                    .text();
        if (!is_path_segment(owner)) throw Lacking{"changes.owner.from"};
    }
    return Event(RepositoryRenamed{{to.forge, owner + "/" + name}, to});
}

EventOrIgnored merge_group(const Payload& payload, std::string_view action) {
    if (action != "checks_requested") return no_interest(payload, action);
    const auto& group = payload.json["merge_group"];
    return Event(MergeGroupRequested{payload.repository(),
                                     payload.commit(group["head_sha"], "merge_group.head_sha"),
                                     payload.commit(group["base_sha"], "merge_group.base_sha"),
                                     payload.branch(group["base_ref"], "merge_group.base_ref")});
}

EventOrIgnored ping(const Payload&, std::string_view) { return Ignored{"ping: the webhook works"}; }

const std::map<std::string_view, Reader> readers = {
    {"pull_request", pull_request},
    {"push", push},
    {"issue_comment", issue_comment},
    {"pull_request_review", pull_request_review},
    {"check_run", check_run},
    {"check_suite", check_suite},
    {"installation", installation},
    {"installation_repositories", installation},
    {"installation_target", installation},
    {"repository", repository},
    {"merge_group", merge_group},
    {"ping", ping},
};

}  // namespace

EventOrIgnored read_payload(std::string_view forge, std::string_view event, const Json& body,
                            std::string_view app_id) {
    auto reader = readers.find(event);
    if (reader == readers.end()) return rest::no_interest(event);
    if (!body.is_object()) return rest::not_an_object();
    Payload payload{forge, event, app_id, body};
    try {
        return reader->second(payload, body["action"].string_or(""));
    } catch (const Lacking& lacking) {
        return rest::lacks_member(event, lacking.member);
    }
}

EventOrIgnored parse_payload(const Delivery& delivery, std::string_view app_id) {
    if (!readers.contains(delivery.event)) return rest::no_interest(delivery.event);
    auto json = parse_json(delivery.body);
    if (!json) return rest::not_json(json.error().message);
    return read_payload(delivery.forge, delivery.event, *json, app_id);
}

}  // namespace slipway::github
