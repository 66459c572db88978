#include "handlers/forges/gitlab/access.hpp"

#include "handlers/forges/gitlab/answers.hpp"
#include "handlers/forges/gitlab/dialect.hpp"
#include "service/base/log.hpp"

namespace slipway::gitlab {
namespace {

constexpr std::int64_t day_ms = 24 * 3'600'000, warned_ahead_ms = 14 * day_ms;

}  // namespace

Api::Api(std::string forge, const GitlabConfig& config, HttpClient& http, rest::Clocks clocks,
         rest::Spacing spacing)
    : Client(std::move(forge), dialect(),
             config.api_url.empty() ? "https://gitlab.com/api/v4" : config.api_url, http, clocks,
             std::move(spacing)),
      token_(config.token) {}

Task<std::string> Api::account(std::string) {
    if (token_.empty())
        throw Failure("The forge " + forge() + " has no credentials; give it a token",
                      Retry::never);
    co_return "";
}

Task<Secret> Api::authorization(std::string) { co_return Secret("Bearer " + token_.reveal()); }

bool Api::renews(const Secret&) { return false; }

Task<Self> Api::self() {
    co_await look_at_expiry();
    if (!self_.id.empty()) co_return self_;
    rest::Request request("GET", "/user");
    const auto what = request.text();
    std::string nobody;
    auto reply = co_await call(std::move(nobody), std::move(request), rest::success_only);
    const auto json = json_of(reply, what);
    Self found{std::string(json["id"].number_text()), json["username"].text()};
    if (!is_digits(found.id) || found.username.empty())
        throw Failure("GitLab does not say who we are; check the token");
    self_ = found;
    co_return found;
}

Task<void> Api::look_at_expiry() {
    const auto now = clock().now_ms();
    if (looked_at_ms_ != 0 && now - looked_at_ms_ < day_ms) co_return;
    looked_at_ms_ = now;
    rest::Request request("GET", "/personal_access_tokens/self");
    std::string nobody;
    HttpReply reply;
    try {
        reply = co_await call(std::move(nobody), std::move(request),
                              rest::missing_too | rest::forbidden_too | rest::refused_too);
    } catch (const Failure&) {
        co_return;
    }
    if (reply.status != 200) co_return;
    const auto json = parse_json(reply.body);
    const auto ends = json ? (*json)["expires_at"].text() : "";
    const auto ends_ms = parse_utc_iso(ends + "T00:00:00Z");
    if (ends_ms > 0 && ends_ms - now < warned_ahead_ms)
        log_warning("the token of a forge ends soon: give the configuration a new one",
                    {{"forge", forge()}, {"ends", ends}});
}

}  // namespace slipway::gitlab
