// `slipway forge check` and `setup`: the credential, its rights, the webhook and the protection of
// the default branch. A webhook's secret can be neither read nor changed (measured on Gitea 1.26),
// so `setup` makes a new webhook in the place of the old one.
#include <algorithm>

#include "handlers/forges/gitea/client.hpp"
#include "handlers/forges/gitea/dialect.hpp"

namespace slipway::gitea {

namespace {

// "pull_request" stands for all that happens on one: commits, labels, comments, reviews.
constexpr std::array<std::string_view, 2> wanted_events{"push", "pull_request"};

Json webhook_body(const SetupRequest& setup, const Secret& secret) {
    Json events = Json::array();
    for (const auto event : wanted_events) events.push(Json(event));
    return Json::object({{"type", "gitea"},
                         {"active", true},
                         {"branch_filter", "*"},
                         {"events", std::move(events)},
                         {"config", Json::object({{"url", setup.webhook_url},
                                                  {"content_type", "json"},
                                                  {"secret", secret.reveal()}})}});
}

bool is_complete(const Json& webhook) {
    const auto has = [&](std::string_view event) {
        return std::ranges::any_of(webhook["events"].items(), [&](const Json& one) {
            return one.string_or("") == event ||
                   (event == "pull_request" && one.string_or("") == "pull_request_sync");
        });
    };
    return webhook["active"].bool_or(false) && std::ranges::all_of(wanted_events, has);
}

}  // namespace

Task<std::vector<SetupFinding>> GiteaForge::set_up(SetupRequest setup) {
    std::vector<SetupFinding> out;
    auto login = co_await api_.own_login();
    out.push_back({SetupPart::credential, SetupState::good, std::move(login)});
    if (setup.repository.path.empty()) co_return out;  // asked about the credential alone
    const auto path = "/repos/" + setup.repository.path;
    rest::Request request("GET", path);
    const auto what = request.text();
    auto reply = co_await api_.call(setup.repository.path, std::move(request), rest::missing_too);
    if (reply.status != 200) {
        out.push_back({SetupPart::permission, SetupState::missing, "read"});
        co_return out;
    }
    const auto repository = json_of(reply, what);
    const bool administers = repository["permissions"]["admin"].bool_or(false);
    out.push_back(
        {SetupPart::permission, administers ? SetupState::good : SetupState::missing, "admin"});
    if (!administers) co_return out;
    auto webhook = co_await set_up_webhook(setup);
    const bool asked_for_event = webhook.state == SetupState::changed;
    out.push_back(std::move(webhook));
    if (asked_for_event)
        out.push_back({SetupPart::test_event, SetupState::changed, setup.webhook_url});
    const auto branch = repository["default_branch"].text();
    auto protection = co_await look_at_protection(setup, branch);
    out.insert(out.end(), protection.begin(), protection.end());
    co_return out;
}

Task<SetupFinding> GiteaForge::set_up_webhook(SetupRequest setup) {
    const auto path = "/repos/" + setup.repository.path + "/hooks";
    rest::Request list("GET", path + "?limit=50");
    std::string whole;
    auto webhooks =
        co_await api_.list(setup.repository.path, std::move(list), std::move(whole), 10);
    std::string known;
    bool complete = false;
    for (const auto& webhook : webhooks) {
        if (webhook["config"]["url"].string_or("") != setup.webhook_url) continue;
        known = webhook["id"].number_text();
        complete = is_complete(webhook);
    }
    SetupFinding found{SetupPart::webhook, SetupState::good, setup.webhook_url};
    if (!setup.change) {
        if (known.empty() || !complete) found.state = SetupState::missing;
        co_return found;
    }
    // The new one first: no event is lost between the two.
    rest::Request make("POST", path, webhook_body(setup, settings().webhook_secrets.front()));
    const auto what = make.text();
    auto made = co_await api_.call(setup.repository.path, std::move(make), rest::success_only);
    if (!known.empty()) {
        rest::Request drop("DELETE", path + "/" + known);
        co_await api_.call(setup.repository.path, std::move(drop), rest::missing_too);
    }
    rest::Request test(
        "POST", path + "/" + std::string(json_of(made, what)["id"].number_text()) + "/tests");
    co_await api_.call(setup.repository.path, std::move(test), rest::missing_too);
    found.state = SetupState::changed;
    co_return found;
}

Task<std::vector<SetupFinding>> GiteaForge::look_at_protection(SetupRequest setup,
                                                               std::string branch) {
    rest::Request request(
        "GET", "/repos/" + setup.repository.path + "/branch_protections/" + rest::encoded(branch));
    const auto what = request.text();
    auto reply = co_await api_.call(setup.repository.path, std::move(request), rest::missing_too);
    const auto rule = reply.status == 200 ? json_of(reply, what) : Json();
    const bool required =
        rule["enable_status_check"].bool_or(false) &&
        std::ranges::any_of(rule["status_check_contexts"].items(), [&](const Json& context) {
            return context.string_or("") == setup.check_name;
        });
    const bool fresh = rule["dismiss_stale_approvals"].bool_or(false) ||
                       rule["ignore_stale_approvals"].bool_or(false);
    const auto state = [](bool good) { return good ? SetupState::good : SetupState::advised; };
    std::vector<SetupFinding> out;
    out.push_back({SetupPart::required_check, state(required), branch});
    out.push_back({SetupPart::stale_approvals, state(fresh), branch});
    co_return out;
}

}  // namespace slipway::gitea
