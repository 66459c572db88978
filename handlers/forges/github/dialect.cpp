#include "handlers/forges/github/dialect.hpp"

namespace slipway::github {

const rest::Dialect& dialect() {
    static const rest::Dialect all = [] {
        rest::Dialect out;
        out.title = "GitHub";
        out.headers = {{"Accept", "application/vnd.github+json, application/json;q=0.9"},
                       {"X-GitHub-Api-Version", "2022-11-28"}};
        out.limit = "x-ratelimit-limit";
        out.left = "x-ratelimit-remaining";
        out.reset = "x-ratelimit-reset";
        out.needed_permission = "x-accepted-github-permissions";
        out.limit_phrases = {"secondary rate limit", "rate limit exceeded", "abuse detection"};
        return out;
    }();
    return all;
}

rest::Spacing documented_spacing() {
    rest::Spacing out;
    out.limits.created_a_minute = 80;
    out.limits.created_an_hour = 500;
    out.limits.points_a_minute = 900;
    out.limits.points_of_write = 5;
    out.limits.kept_of_minute = 20;
    out.limits.kept_of_hour = 100;
    return out;
}

}  // namespace slipway::github
