#include "handlers/forges/gitlab/status.hpp"

#include <algorithm>

#include "handlers/forges/gitlab/answers.hpp"
#include "handlers/forges/gitlab/dialect.hpp"
#include "handlers/forges/rest/text.hpp"
#include "service/base/digest.hpp"

namespace slipway::gitlab {
namespace {

constexpr std::string_view beginning = "status:";

// Rule W4: what waits for somebody is never green, and never pending.
std::string_view state_of(const Check& check) {
    switch (check.status) {
        case CheckStatus::waiting:
            return "pending";
        case CheckStatus::running:
            return "running";
        case CheckStatus::done:
            break;
    }
    switch (check.conclusion) {
        case Conclusion::passed:
        case Conclusion::neutral:
            return "success";
        case Conclusion::failed:
        case Conclusion::needs_action:
            return "failed";
        case Conclusion::cancelled:
            break;
    }
    return "canceled";
}

}  // namespace

StatusId StatusId::parse(std::string_view text) {
    StatusId out;
    if (!text.starts_with(beginning)) return out;
    text.remove_prefix(beginning.size());
    out.digest = text.substr(0, text.find('@'));
    text.remove_prefix(std::min(out.digest.size() + 1, text.size()));
    while (!text.empty()) {
        const auto id = text.substr(0, text.find(','));
        if (is_digits(id)) out.pipelines.emplace_back(id);
        text.remove_prefix(std::min(id.size() + 1, text.size()));
    }
    return out;
}

std::string StatusId::text() const {
    auto out = std::string(beginning) + digest;
    for (std::size_t i = 0; i < pipelines.size(); ++i) out += (i == 0 ? "@" : ",") + pipelines[i];
    return out;
}

bool StatusId::reached(const std::string& pipeline) const {
    return std::ranges::count(pipelines, pipeline) != 0;
}

Json status_of(const Check& check) {
    Json body = Json::object({{"state", state_of(check)}, {"name", check.name}});
    body.set("description",
             rest::shortened_to(rest::one_line(check.title), text_limits.title_bytes));
    if (!check.details_url.empty()) body.set("target_url", check.details_url);
    return body;
}

std::string digest_of(const Json& status) { return sha256_hex(status.dump()).substr(0, 16); }

StatusPlace place_in(const Json& merge_request) {
    const auto& pipeline = merge_request["head_pipeline"];
    const auto id = pipeline["id"].number_text();
    if (is_digits(id) && pipeline["sha"].string_or("") == merge_request["sha"].string_or("?"))
        return {pipeline["ref"].text(), std::string(id)};
    return {merge_request["source_branch"].text(), ""};
}

bool stands_already(int http_status, std::string_view body) {
    return http_status == 400 && body.find("Cannot transition status") != body.npos;
}

}  // namespace slipway::gitlab
