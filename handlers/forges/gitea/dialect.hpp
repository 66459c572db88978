// Gitea's REST API against that of other forges; Forgejo's is the same. Neither counts calls by
// itself, but a proxy before it may: 429 and Retry-After are understood.
#pragma once
#include "handlers/forges/rest/client.hpp"
#include "service/model/check.hpp"

namespace slipway::gitea {

// A description is a column of 255 characters; comments are cut at what a person reads.
inline constexpr TextLimits text_limits{.comment_bytes = 65'535,
                                        .check_bytes = 65'535,
                                        .title_bytes = 250,
                                        .annotations = 0,
                                        .annotation_title_bytes = 120};

const rest::Dialect& dialect();

inline Json json_of(const HttpReply& reply, const std::string& what) {
    return rest::json_of(reply, dialect(), what);
}

}  // namespace slipway::gitea
