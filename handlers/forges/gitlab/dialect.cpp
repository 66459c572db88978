#include "handlers/forges/gitlab/dialect.hpp"

namespace slipway::gitlab {

const rest::Dialect& dialect() {
    static const rest::Dialect all = [] {
        rest::Dialect out;
        out.title = "GitLab";
        out.headers = {{"Accept", "application/json"}};
        out.limit = "ratelimit-limit";
        out.left = "ratelimit-remaining";
        out.reset = "ratelimit-reset";
        out.next_page = "x-next-page";
        return out;
    }();
    return all;
}

rest::Spacing documented_spacing() {
    rest::Spacing out;
    out.limits.points_a_minute = 1'800;
    out.limits.points_of_write = 1;
    return out;
}

rest::Spacing spacing_of_notes(rest::Spacing others) {
    others.limits.created_a_minute = 60;
    return others;
}

}  // namespace slipway::gitlab
