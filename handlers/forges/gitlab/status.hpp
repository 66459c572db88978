// A check as a commit status of GitLab (docs.gitlab.com, "Commits API", "Set commit pipeline
// status"). A status belongs to a pipeline: GitLab makes one where it is not told which, and a
// merge request shows those of its newest pipeline alone. So a status goes to the pipeline that the
// merge request has for this very commit, and where that changes meanwhile, the older one gets its
// end, too. Pure.
//
//     status id = "status:" digest of what was said [ "@" pipeline *( "," pipeline ) ]
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "handlers/forges/forge.hpp"

namespace slipway::gitlab {

struct StatusId {
    std::string digest;
    std::vector<std::string> pipelines;

    static StatusId parse(std::string_view text);
    std::string text() const;
    bool reached(const std::string& pipeline) const;
};

// {state, name, description, target_url}
Json status_of(const Check& check);
std::string digest_of(const Json& status);

// Where a status goes. GitLab looks a pipeline up by all of these; a merge request's own pipeline
// has a ref of its own, refs/merge-requests/N/head.
struct StatusPlace {
    std::string ref;
    std::string pipeline;  // id; "": GitLab takes the newest one of the ref, or makes one
};
// Of the merge request, as read: its pipeline where that is one of this head.
StatusPlace place_in(const Json& merge_request);

// The status stands there already: GitLab refuses to write the same state again, and `pending` over
// `running`.
bool stands_already(int http_status, std::string_view body);

}  // namespace slipway::gitlab
