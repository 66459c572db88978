// What no webhook told, because the service was down or the forge gave up: found by comparing what
// the forge has with what is remembered, when the service starts and every half hour. Comments that
// were missed are not looked for: a command that nobody acknowledged is given again.
#pragma once
#include "handlers/webhooks/react.hpp"

namespace slipway {

// The payload of the job: a repository, or one pull request or branch of it.
struct CatchUp {
    RepositoryName repository;
    int pull = 0;
    std::string branch;
    static void fields(auto& self, auto&& f) {
        f("repository", self.repository);
        f("pull", self.pull);
        f("branch", self.branch);
    }
};

// What is kept of a repository: repository/<repository>.
struct RepositoryRecord {
    std::string id;  // the forge's own; "": not known
    static void fields(auto& self, auto&& f) { f("id", self.id); }
};

// Whether the pull request has moved since it was last read, as far as a listing shows it.
bool has_moved(const PullRequest& known, const PullRequest& listed);

Task<void> catch_up(ReactContext& context, ClaimedJob job);
Task<void> catch_up_for_ever(ReactContext& context);

}  // namespace slipway
