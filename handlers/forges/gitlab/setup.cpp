// `slipway forge check` and `setup`: the token, its role, the webhook, and what a merge waits for.
// GitLab shows no secret of a webhook, only whether there is one; `setup` writes it again.
#include <algorithm>

#include "handlers/forges/gitlab/answers.hpp"
#include "handlers/forges/gitlab/client.hpp"

namespace slipway::gitlab {

namespace {

constexpr int developer = 30, maintainer = 40;  // access levels (docs.gitlab.com, "Members API")

// The higher one of the project's own and the group's.
std::int64_t access_level(const Json& project) {
    const auto& permissions = project["permissions"];
    return std::max(permissions["project_access"]["access_level"].int_or(0),
                    permissions["group_access"]["access_level"].int_or(0));
}

bool is_complete(const Json& webhook, bool signs) {
    const auto has = [&](const char* member) { return webhook[member].bool_or(false); };
    return has("push_events") && has("merge_requests_events") && has("note_events") &&
           has("pipeline_events") && has(signs ? "signing_token_present" : "token_present");
}

}  // namespace

Task<std::vector<SetupFinding>> GitlabForge::set_up(SetupRequest setup) {
    std::vector<SetupFinding> out;
    auto self = co_await api_.self();
    out.push_back({SetupPart::credential, SetupState::good, self.username});
    if (setup.repository.path.empty()) co_return out;  // asked about the credential alone
    auto of = co_await find_project(setup.repository.path, Look::again);
    if (!of) {
        out.push_back({SetupPart::permission, SetupState::missing, "Developer"});
        co_return out;
    }
    rest::Request request("GET", "/projects/" + of->id);
    const auto what = request.text();
    auto reply = co_await api_.call(setup.repository.path, std::move(request), rest::success_only);
    const auto project = json_of(reply, what);
    const auto level = access_level(project);
    out.push_back({SetupPart::permission,
                   level >= developer ? SetupState::good : SetupState::missing, "Developer"});
    // Only a maintainer sees and makes webhooks.
    SetupFinding webhook{SetupPart::webhook, SetupState::unknown, setup.webhook_url};
    if (level >= maintainer) webhook = co_await set_up_webhook(setup, of->id);
    const bool asked_for_event = webhook.state == SetupState::changed;
    out.push_back(std::move(webhook));
    if (asked_for_event)
        out.push_back({SetupPart::test_event, SetupState::changed, setup.webhook_url});
    const bool waits = project["only_allow_merge_if_pipeline_succeeds"].bool_or(false);
    out.push_back({SetupPart::required_check, waits ? SetupState::good : SetupState::advised,
                   of->default_branch});
    co_return out;
}

Task<SetupFinding> GitlabForge::set_up_webhook(SetupRequest setup, std::string project_id) {
    const auto path = "/projects/" + project_id + "/hooks";
    const bool signs = !settings().webhook_signing_tokens.empty();
    rest::Request list("GET", path + "?per_page=100");
    std::string whole, nobody;
    auto webhooks = co_await api_.list(std::move(nobody), std::move(list), std::move(whole), 10);
    std::string known;
    bool complete = false;
    for (const auto& webhook : webhooks) {
        if (webhook["url"].string_or("") != setup.webhook_url) continue;
        known = webhook["id"].number_text();
        complete = is_complete(webhook, signs);
    }
    SetupFinding found{SetupPart::webhook, SetupState::good, setup.webhook_url};
    if (!setup.change) {
        if (known.empty() || !complete) found.state = SetupState::missing;
        co_return found;
    }
    const auto& secret =
        signs ? settings().webhook_signing_tokens.front() : settings().webhook_tokens.front();
    Json body = Json::object({{"url", setup.webhook_url},
                              {"push_events", true},
                              {"merge_requests_events", true},
                              {"note_events", true},
                              {"pipeline_events", true},
                              {signs ? "signing_token" : "token", secret.reveal()}});
    rest::Request write(known.empty() ? "POST" : "PUT", known.empty() ? path : path + "/" + known,
                        std::move(body));
    const auto what = write.text();
    std::string subject = setup.repository.path;
    auto written = co_await api_.call(std::move(subject), std::move(write), rest::success_only);
    const auto id = rest::id_of(written, dialect(), what);
    // A project without a commit has no push that could be tried.
    rest::Request test("POST", path + "/" + id + "/test/push_events");
    subject = setup.repository.path;
    co_await api_.call(std::move(subject), std::move(test), rest::missing_too | rest::refused_too);
    found.state = SetupState::changed;
    co_return found;
}

}  // namespace slipway::gitlab
