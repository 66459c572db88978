// `slipway forge check` and `setup`. An App's permissions and events are entered on GitHub's page:
// what lacks is said. Its webhook's address and secret can be written by itself
// (docs.github.com, "REST API endpoints for GitHub App webhooks"). A token's webhook is one of the
// repository.
#include <algorithm>
#include <array>
#include <map>

#include "handlers/forges/github/client.hpp"

namespace slipway::github {

namespace {

// What an App's installation must have; "write" includes "read".
const std::map<std::string, std::string>& needed_permissions() {
    static const std::map<std::string, std::string> all = {{"checks", "write"},
                                                           {"contents", "read"},
                                                           {"issues", "write"},
                                                           {"pull_requests", "write"},
                                                           {"statuses", "write"}};
    return all;
}

// What the adapter reads (webhook.cpp); an App is told of its installations without being asked.
constexpr std::array<std::string_view, 7> wanted_events{
    "check_run",           "issue_comment", "merge_group", "pull_request",
    "pull_request_review", "push",          "repository"};

// Those that are not in `events`, as GitHub writes them.
std::string lacking_events(const Json& events) {
    std::string lacking;
    for (const auto wanted : wanted_events)
        if (std::ranges::none_of(events.items(),
                                 [&](const Json& one) { return one.string_or("") == wanted; }))
            lacking += (lacking.empty() ? "" : ", ") + std::string(wanted);
    return lacking;
}

Json webhook_config(const SetupRequest& setup, const GithubConfig& config) {
    return Json::object({{"url", setup.webhook_url},
                         {"content_type", "json"},
                         {"insecure_ssl", "0"},
                         {"secret", config.webhook_secrets.front().reveal()}});
}

SetupFinding permissions_of(const Json& installation, bool deployments) {
    auto needed = needed_permissions();
    if (deployments) needed["deployments"] = "write";
    std::string lacking;
    for (const auto& [name, level] : needed) {
        const auto has = installation["permissions"][name].string_or("");
        if (has == level || has == "write") continue;
        lacking += (lacking.empty() ? "" : ", ") + name + ": " + level;
    }
    if (!lacking.empty()) return {SetupPart::permission, SetupState::missing, lacking};
    return {SetupPart::permission, SetupState::good, "to write checks and comments"};
}

bool requires_check(const Json& rules, const std::string& name) {
    return std::ranges::any_of(rules.items(), [&](const Json& rule) {
        const auto& checks = rule["parameters"]["required_status_checks"];
        return rule["type"].string_or("") == "required_status_checks" &&
               std::ranges::any_of(checks.items(), [&](const Json& check) {
                   return check["context"].string_or("") == name;
               });
    });
}

}  // namespace

Task<std::vector<SetupFinding>> GithubForge::set_up(SetupRequest setup) {
    std::vector<SetupFinding> out;
    auto login = co_await api_.own_login();
    out.push_back({SetupPart::credential, SetupState::good, std::move(login)});
    if (setup.repository.path.empty()) co_return out;  // asked about the credential alone
    if (api_.is_app()) {
        auto app = co_await look_at_app(setup);
        out.insert(out.end(), app.begin(), app.end());
        if (app.size() == 1) co_return out;  // it is not installed there
    } else {
        auto webhook = co_await set_up_webhook(setup);
        const bool asked_for_event = webhook.state == SetupState::changed;
        out.push_back(std::move(webhook));
        if (asked_for_event)
            out.push_back({SetupPart::test_event, SetupState::changed, setup.webhook_url});
    }
    auto rules = co_await look_at_rules(setup);
    out.push_back(std::move(rules));
    rest::Request limit("GET", "/rate_limit");
    auto reply = co_await api_.call(setup.repository.path, std::move(limit), rest::missing_too);
    if (reply.status == 200) {
        const auto core = json_of(reply, "GET /rate_limit")["resources"]["core"];
        out.push_back({SetupPart::calls_left, SetupState::good,
                       std::string(core["remaining"].number_text()) + " of " +
                           std::string(core["limit"].number_text())});
    }
    co_return out;
}

Task<std::vector<SetupFinding>> GithubForge::look_at_app(SetupRequest setup) {
    std::vector<SetupFinding> out;
    rest::Request installed("GET", "/repos/" + setup.repository.path + "/installation");
    const auto what = installed.text();
    auto installation = co_await api_.call_as_app(std::move(installed));
    if (installation.status != 200) {
        out.push_back({SetupPart::permission, SetupState::missing, "of an installed App"});
        co_return out;
    }
    out.push_back(permissions_of(json_of(installation, what), settings().deployments));
    rest::Request app("GET", "/app");
    auto described = co_await api_.call_as_app(std::move(app));
    if (described.status == 200) {
        auto lacking = lacking_events(json_of(described, "GET /app")["events"]);
        const auto state = lacking.empty() ? SetupState::good : SetupState::missing;
        out.push_back({SetupPart::events, state, std::move(lacking)});
    }
    SetupFinding webhook{SetupPart::webhook, SetupState::good, setup.webhook_url};
    if (setup.change) {
        rest::Request write("PATCH", "/app/hook/config", webhook_config(setup, settings()));
        auto reply = co_await api_.call_as_app(std::move(write));
        webhook.state = reply.status == 200 ? SetupState::changed : SetupState::missing;
    } else {
        rest::Request read("GET", "/app/hook/config");
        auto reply = co_await api_.call_as_app(std::move(read));
        const bool here =
            reply.status == 200 &&
            json_of(reply, "GET /app/hook/config")["url"].string_or("") == setup.webhook_url;
        if (!here) webhook.state = SetupState::missing;
    }
    out.push_back(std::move(webhook));
    co_return out;
}

// The one that sends to us; only an administrator of the repository sees and makes webhooks.
Task<SetupFinding> GithubForge::set_up_webhook(SetupRequest setup) {
    const auto path = "/repos/" + setup.repository.path + "/hooks";
    SetupFinding found{SetupPart::webhook, SetupState::unknown, setup.webhook_url};
    rest::Request list("GET", path + "?per_page=100");
    const auto what = list.text();
    auto reply = co_await api_.call(setup.repository.path, std::move(list),
                                    rest::missing_too | rest::forbidden_too);
    if (reply.status != 200) co_return found;
    std::string known;
    bool complete = false;
    const auto webhooks = json_of(reply, what);
    for (const auto& webhook : webhooks.items()) {
        if (webhook["config"]["url"].string_or("") != setup.webhook_url) continue;
        known = webhook["id"].number_text();
        complete = webhook["active"].bool_or(false) && lacking_events(webhook["events"]).empty();
    }
    found.state = known.empty() || !complete ? SetupState::missing : SetupState::good;
    if (!setup.change) co_return found;
    Json events = Json::array();
    for (const auto event : wanted_events) events.push(Json(event));
    Json body = Json::object({{"active", true},
                              {"events", std::move(events)},
                              {"config", webhook_config(setup, settings())}});
    if (known.empty()) body.set("name", "web");
    rest::Request write(known.empty() ? "POST" : "PATCH", known.empty() ? path : path + "/" + known,
                        std::move(body));
    const auto written_to = write.text();
    auto written = co_await api_.call(setup.repository.path, std::move(write), rest::success_only);
    const auto id = rest::id_of(written, dialect(), written_to);
    rest::Request ping("POST", path + "/" + id + "/pings");
    co_await api_.call(setup.repository.path, std::move(ping), rest::missing_too);
    found.state = SetupState::changed;
    co_return found;
}

// Rules of rulesets, and the older protection, which only an administrator may read.
Task<SetupFinding> GithubForge::look_at_rules(SetupRequest setup) {
    const auto repository = "/repos/" + setup.repository.path;
    const auto branch = co_await default_branch(setup.repository);
    SetupFinding found{SetupPart::required_check, SetupState::advised, branch};
    rest::Request rules("GET", repository + "/rules/branches/" + rest::encoded(branch));
    const auto what = rules.text();
    constexpr auto seen = rest::missing_too | rest::forbidden_too;
    auto reply = co_await api_.call(setup.repository.path, std::move(rules), seen);
    if (reply.status == 200 && requires_check(json_of(reply, what), setup.check_name))
        found.state = SetupState::good;
    co_return found;
}

}  // namespace slipway::github
