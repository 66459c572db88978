// What a forge tells us happened. Every event is a hint to look (rule W1): it names things, and
// whoever reacts reads their present state from the forge.
#pragma once
#include <optional>
#include <string>
#include <variant>

#include "service/model/id.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class PullChange { opened, pushed, reopened, ready, draft, retargeted, closed, labelled };
BOOST_DESCRIBE_ENUM(PullChange, opened, pushed, reopened, ready, draft, retargeted, closed,
                    labelled)

struct PullRequestChanged {
    PullRequestName pull;
    PullChange change = PullChange::opened;
    Actor sender;
};
struct BranchPushed {
    RepositoryName repository;
    std::string branch;
    CommitSha before;  // empty: the branch was created
    CommitSha after;   // empty: the branch was deleted
    bool forced = false;
    Actor sender;
};
struct CommentCreated {
    PullRequestName pull;
    std::string comment_id;
    Actor sender;
    std::optional<std::string> body;  // as the forge signed it; absent: to be read
};
struct ReviewChanged {
    PullRequestName pull;
    Actor sender;
};
struct CheckRerequested {
    RepositoryName repository;
    CommitSha head;
    std::string external_id;  // run id, or "" for the summary or a whole suite
    Actor sender;
};
// The forge made something new for this commit that shows checks, without ours: another pipeline.
struct ChecksLost {
    RepositoryName repository;
    CommitSha head;
};
struct InstallationChanged {
    std::string installation_id;
    std::string action;
};
struct RepositoryRenamed {
    RepositoryName from;
    RepositoryName to;
};
struct MergeGroupRequested {
    RepositoryName repository;
    CommitSha head;
    CommitSha base;
    std::string base_branch;
};

using Event =
    std::variant<PullRequestChanged, BranchPushed, CommentCreated, ReviewChanged, CheckRerequested,
                 ChecksLost, InstallationChanged, RepositoryRenamed, MergeGroupRequested>;

struct Ignored {
    std::string reason;  // for people: "pull_request.assigned is of no interest"
};
using EventOrIgnored = std::variant<Event, Ignored>;

// One delivery as it came: body as sent, names from the (unsigned) headers.
struct Delivery {
    std::string forge;  // instance name in the configuration
    std::string id;     // X-GitHub-Delivery or its like
    std::string event;  // X-GitHub-Event or its like
    std::string body;   // JSON text; a form body is already decoded
    std::int64_t received_at_ms = 0;
    std::string repository = {};  // whose turn its job takes, as in Job; not kept with the delivery

    static void fields(auto& self, auto&& f) {
        f("forge", self.forge);
        f("id", self.id);
        f("event", self.event);
        f("body", self.body);
        f("received_at_ms", self.received_at_ms);
    }
};

}  // namespace slipway
