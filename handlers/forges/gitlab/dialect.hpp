// GitLab's REST API against that of other forges, how much text it takes, and the pace that its
// documentation asks for (docs.gitlab.com: "Rate limits", "REST API", "Commits API").
#pragma once
#include "handlers/forges/rest/client.hpp"
#include "service/model/check.hpp"

namespace slipway::gitlab {

// A status's description has 255 characters. A note has about a million; nobody reads so many.
inline constexpr TextLimits text_limits{.comment_bytes = 200'000,
                                        .check_bytes = 65'535,
                                        .title_bytes = 255,
                                        .annotations = 0,
                                        .annotation_title_bytes = 120};

const rest::Dialect& dialect();
// 2000 calls a minute for each user; a tenth is left to people who use the same token.
rest::Spacing documented_spacing();
// Notes are counted besides: 60 a minute.
rest::Spacing spacing_of_notes(rest::Spacing others);

inline Json json_of(const HttpReply& reply, const std::string& what) {
    return rest::json_of(reply, dialect(), what);
}

}  // namespace slipway::gitlab
