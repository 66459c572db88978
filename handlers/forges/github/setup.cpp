// `slipway forge check` and `setup`: an App's settings are entered on GitHub's page, so that setup
// says what to enter and looks afterwards; what is looked at is the same for both.
#include <algorithm>
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

SetupFinding permissions_of(const Json& installation) {
    std::string lacking;
    for (const auto& [name, level] : needed_permissions()) {
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
    if (api_.is_app()) {
        auto app = co_await look_at_app(setup);
        out.insert(out.end(), app.begin(), app.end());
        if (app.front().state == SetupState::missing) co_return out;
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
    out.push_back(permissions_of(json_of(installation, what)));
    rest::Request config("GET", "/app/hook/config");
    auto reply = co_await api_.call_as_app(std::move(config));
    if (reply.status != 200) co_return out;
    const bool sends_here =
        json_of(reply, "GET /app/hook/config")["url"].string_or("") == setup.webhook_url;
    out.push_back({SetupPart::webhook, sends_here ? SetupState::good : SetupState::missing,
                   setup.webhook_url});
    co_return out;
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
